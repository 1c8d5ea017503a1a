// SPDX-License-Identifier: GPL-2.0-only
/* Each way in which `portclash free` ends a socket, forced in turn, and what the socket's process gets to
 * see of it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "judge/free.h"
#include "judge/proc_net.h"
#include "run/cases.h"

static const char *const destroy[] = { "--way", "destroy", NULL };
static const char *const descriptor[] = { "--way", "descriptor", NULL };

struct io_fate {
	int fd;
	int read_error; /* 0: end of file */
	int name_error; /* of getpeername() */
};

static void act_fate(void *io)
{
	struct io_fate *a = io;
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);
	char byte;

	a->read_error = recv(a->fd, &byte, 1, MSG_DONTWAIT) < 0 ? errno : 0;
	a->name_error = getpeername(a->fd, (struct sockaddr *)&name, &len) ? errno : 0;
}

static struct io_fate fate_of(struct robbery *r)
{
	struct io_fate a = { .fd = r->out.fd };

	puppet_call(r->client, act_fate, &a, sizeof(a));
	return a;
}

static void expect_errors(struct robbery *r, int on_read, int on_name)
{
	struct io_fate a = fate_of(r);

	if (a.read_error != on_read || a.name_error != on_name)
		test_fail(r->t, "expected \"%s\" and \"%s\", got \"%s\" and \"%s\" for the client",
			  strerror(on_read), strerror(on_name), strerror(a.read_error),
			  strerror(a.name_error));
}

/* The client's next connect() with the same socket works: the socket is as new. */
static void expect_usable(struct robbery *r)
{
	struct prop again = r->out, in;

	stage_connect(&again, r->address, SERVER_PORT);
	if (r->options & OPT_UDP)
		return;
	in = stage_accepted(&r->listener, r->backend);
	robbery_expect_word(r->t, &again, &in, "the client's next connection");
}

static void check_way(struct test *t, unsigned options, const char *address, const char *const *way)
{
	struct robbery r = robbery_stage(t, options, address);
	bool copied = way == descriptor, udp = options & OPT_UDP;
	struct freed f = free_robbed(&r, way, 0);

	free_expect_socket(&f, &r, "end", "ESTABLISHED", r.client);
	free_expect_result(&f, "freed", 1);
	expect_int(&f.line, "by_descriptor", copied);
	robbery_serve(&r);
	robbery_expect_bystanders(&r);
	if (!copied)
		expect_errors(&r, ECONNABORTED, ENOTCONN);
	else
		expect_errors(&r, udp ? EAGAIN : ECONNRESET, ENOTCONN);
	if (copied)
		expect_usable(&r);
}

static void scenario_sock_end_destroy(struct test *t)
{
	check_way(t, 0, "127.0.0.1", destroy);
}

static void scenario_sock_end_destroy_v6(struct test *t)
{
	check_way(t, OPT_V6, "::1", destroy);
}

static void scenario_sock_end_destroy_mapped(struct test *t)
{
	check_way(t, OPT_V6, "::ffff:127.0.0.1", destroy);
}

static void scenario_sock_end_destroy_udp(struct test *t)
{
	check_way(t, OPT_UDP, "127.0.0.1", destroy);
}

static void scenario_sock_end_descriptor(struct test *t)
{
	check_way(t, 0, "127.0.0.1", descriptor);
}

static void scenario_sock_end_descriptor_v6(struct test *t)
{
	check_way(t, OPT_V6, "::1", descriptor);
}

static void scenario_sock_end_descriptor_mapped(struct test *t)
{
	check_way(t, OPT_V6, "::ffff:127.0.0.1", descriptor);
}

static void scenario_sock_end_descriptor_udp(struct test *t)
{
	check_way(t, OPT_UDP, "127.0.0.1", descriptor);
}

static void scenario_sock_end_descriptor_close_wait(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct freed f;

	stage_close(&r.in);
	robbery_await(&r, PROC_NET_CLOSE_WAIT);
	f = free_robbed(&r, descriptor, 0);
	free_expect_socket(&f, &r, "end", "CLOSE_WAIT", r.client);
	expect_int(&f.line, "by_descriptor", 1);
	robbery_serve(&r);
	robbery_expect_bystanders(&r);
}

/* A process that has the socket open twice, and another one that inherited it: one copy is enough. */
static void scenario_sock_end_descriptor_shared(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct puppet *other = puppet_start(t, "other");
	struct freed f;

	stage_pass(&r.out, other);
	f = free_robbed(&r, descriptor, 0);
	free_expect_result(&f, "freed", 1);
	expect_int(&f.line, "by_descriptor", 1);
	robbery_serve(&r);
	robbery_expect_bystanders(&r);
	expect_errors(&r, ECONNRESET, ENOTCONN);
}

/* Nobody has the descriptor of an orphan. */
static void scenario_sock_end_no_descriptor(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct freed f;

	stage_close(&r.out);
	stage_close(&r.in);
	robbery_await(&r, PROC_NET_TIME_WAIT);
	f = free_robbed(&r, (const char *const[]){ "--way", "descriptor", "--wait", "0", NULL }, 7);
	free_expect_result(&f, "stuck", 0);
	robbery_expect_bystanders(&r);
}

const struct scenario cases_cure_ways[] = {
	{ .name = "sock-end-destroy", .run = scenario_sock_end_destroy, .where = EACH_KERNEL },
	{ .name = "sock-end-destroy-v6",
	  .run = scenario_sock_end_destroy_v6,
	  .where = EACH_KERNEL },
	{ .name = "sock-end-destroy-mapped",
	  .run = scenario_sock_end_destroy_mapped,
	  .where = EACH_KERNEL },
	{ .name = "sock-end-destroy-udp",
	  .run = scenario_sock_end_destroy_udp,
	  .where = EACH_KERNEL },
	{ .name = "sock-end-descriptor",
	  .run = scenario_sock_end_descriptor,
	  .where = EACH_KERNEL },
	{ .name = "sock-end-descriptor-v6",
	  .run = scenario_sock_end_descriptor_v6,
	  .where = EACH_KERNEL },
	{ .name = "sock-end-descriptor-mapped",
	  .run = scenario_sock_end_descriptor_mapped,
	  .where = EACH_KERNEL },
	{ .name = "sock-end-descriptor-udp",
	  .run = scenario_sock_end_descriptor_udp,
	  .where = EACH_KERNEL },
	{ .name = "sock-end-descriptor-close-wait",
	  .run = scenario_sock_end_descriptor_close_wait,
	  .where = EACH_KERNEL },
	{ .name = "sock-end-descriptor-shared",
	  .run = scenario_sock_end_descriptor_shared,
	  .where = EACH_KERNEL },
	{ .name = "sock-end-no-descriptor",
	  .run = scenario_sock_end_no_descriptor,
	  .where = EACH_KERNEL },
	{ 0 },
};
