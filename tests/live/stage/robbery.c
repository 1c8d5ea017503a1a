// SPDX-License-Identifier: GPL-2.0-only
/* Staging a theft, with sockets of the client that have no part in it. */
#include "stage/robbery.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "judge/proc_net.h"
#include "stage/group.h"

#define BYSTANDER_PORT 7002
#define CLIENT_PORT 7003
#define WORD "still here"

struct io_word {
	int fd;
	char text[16];
	int error;
};

static void act_say(void *io)
{
	struct io_word *a = io;

	a->error = write(a->fd, a->text, sizeof(a->text)) == (ssize_t)sizeof(a->text) ? 0 : errno;
}

static void act_hear(void *io)
{
	struct io_word *a = io;
	struct pollfd fd = { .fd = a->fd, .events = POLLIN };

	memset(a->text, 0, sizeof(a->text));
	a->error = poll(&fd, 1, 5000) == 1 ? 0 : ETIMEDOUT;
	if (!a->error && read(a->fd, a->text, sizeof(a->text)) < 0)
		a->error = errno;
}

void robbery_expect_word(struct test *t, struct prop *from, struct prop *to, const char *what)
{
	struct io_word a = { .fd = from->fd, .text = WORD }, b = { .fd = to->fd };

	puppet_call(from->by, act_say, &a, sizeof(a));
	puppet_call(to->by, act_hear, &b, sizeof(b));
	if (a.error || b.error || strcmp(b.text, WORD))
		test_fail(t, "expected that %s still carries bytes, got \"%s\" and \"%s\"", what,
			  strerror(a.error), strerror(b.error));
}

static void stage_bystanders(struct robbery *r)
{
	struct prop listener = stage_listener(r->backend, 0, "127.0.0.1", BYSTANDER_PORT);
	struct prop receiver = stage_bound(r->client, OPT_UDP, "127.0.0.1", CLIENT_PORT);

	r->by_out = stage_client(r->client, 0, "127.0.0.1", BYSTANDER_PORT);
	r->by_in = stage_accepted(&listener, r->backend);
	r->by_listener = stage_listener(r->client, 0, "127.0.0.1", CLIENT_PORT);
	r->by_udp = receiver;
}

static struct robbery start_puppets(struct test *t, unsigned options, const char *address)
{
	return (struct robbery){
		.t = t,
		.backend = puppet_start(t, "backend"),
		.client = puppet_start(t, "client"),
		.web = puppet_start(t, "web"),
		.options = options,
		.address = address,
		.any = options & OPT_V6 ? "::" : "0.0.0.0",
	};
}

struct robbery robbery_cast(struct test *t, unsigned options, const char *address)
{
	struct robbery r = start_puppets(t, options, address);

	stage_bystanders(&r);
	return r;
}

void robbery_of(struct robbery *r, const struct prop *p)
{
	r->out = *p;
	r->port = p->look.local.port;
	snprintf(r->text, sizeof(r->text), "%u%s", r->port, r->options & OPT_UDP ? "/udp" : "");
}

void robbery_connect(struct robbery *r)
{
	struct prop out;

	if (r->options & OPT_UDP)
		r->listener = stage_bound(r->backend, r->options, r->address, SERVER_PORT);
	else
		r->listener = stage_listener(r->backend, r->options, r->address, SERVER_PORT);
	out = stage_client(r->client, r->options, r->address, SERVER_PORT);
	if (!(r->options & OPT_UDP))
		r->in = stage_accepted(&r->listener, r->backend);
	robbery_of(r, &out);
}

struct robbery robbery_stage(struct test *t, unsigned options, const char *address)
{
	struct robbery r = robbery_cast(t, options, address);

	robbery_connect(&r);
	return r;
}

struct io_join {
	pid_t pid;
	int error;
};

static void act_join(void *io)
{
	struct io_join *a = io;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", a->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	a->error = fd < 0 || setns(fd, CLONE_NEWNET) ? errno : 0;
	if (fd >= 0)
		close(fd);
}

static void join(struct puppet *p, const struct puppet *there)
{
	struct io_join a = { .pid = there->pid };

	puppet_call(p, act_join, &a, sizeof(a));
	if (a.error)
		test_abort(p->t, "stage: the network namespace cannot be joined: %s",
			   strerror(a.error));
	puppet_identify(p);
}

struct robbery robbery_in_container(struct test *t, const char *group)
{
	struct robbery r = start_puppets(t, 0, "127.0.0.1");

	group_move(t, group, r.client);
	puppet_go_elsewhere(r.client);
	join(r.backend, r.client);
	join(r.web, r.client);
	stage_bystanders(&r);
	robbery_connect(&r);
	return r;
}

void robbery_await(struct robbery *r, int state)
{
	proc_net_await(r->t, r->port, SERVER_PORT, state);
}

/* A datagram that the backend sends arrives; a client of the client is accepted. */
static void expect_servers(struct robbery *r)
{
	struct prop sender = stage_client(r->backend, OPT_UDP, "127.0.0.1", CLIENT_PORT);
	struct prop caller = stage_client(r->backend, 0, "127.0.0.1", CLIENT_PORT), taken;

	robbery_expect_word(r->t, &sender, &r->by_udp, "the client's UDP socket");
	taken = stage_accepted(&r->by_listener, r->client);
	robbery_expect_word(r->t, &caller, &taken, "a connection to the client's listener");
}

void robbery_expect_bystanders(struct robbery *r)
{
	robbery_expect_word(r->t, &r->by_out, &r->by_in, "the client's other connection");
	robbery_expect_word(r->t, &r->by_in, &r->by_out, "the way back of that connection");
	expect_servers(r);
}

struct prop robbery_serve(struct robbery *r)
{
	if (r->options & OPT_UDP)
		return stage_bound(r->web, r->options, r->any, r->port);
	return stage_listener(r->web, r->options & OPT_V6, r->any, r->port);
}
