// SPDX-License-Identifier: GPL-2.0-only
/* One port with 2,000 sockets on it: a listener and what it accepted. Only some can be listed;
 * the listener must be among them, and all must be counted. */
#include <errno.h>
#include <string.h>

#include "cases.h"
#include "monitor.h"
#include "verdict.h"

#define CONNECTIONS 2000

struct io_many {
	int fd; /* of the listener; -1: connect */
	int count;
	struct end to;
	int done;
};

static void act_many(void *io)
{
	struct io_many *a = io;

	for (a->done = 0; a->done < a->count; a->done++) {
		struct io_accept in = { .fd = a->fd };
		struct io_socket s = { 0 };
		struct io_name out = { .to = a->to };

		if (a->fd >= 0) {
			act_accept(&in);
		} else {
			act_socket(&s);
			out.fd = s.fd;
			act_connect(&out);
		}
		if (in.error || s.error || out.error)
			return;
	}
}

static void many(struct puppet *p, int listener)
{
	struct io_many a = { .fd = listener, .count = CONNECTIONS, .to = { "127.0.0.1",
									    SERVER_PORT } };

	puppet_call(p, act_many, &a, sizeof(a));
	if (a.done != CONNECTIONS)
		test_abort(p->t, "stage: only %d connections of %s", a.done, p->who.comm);
}

static void check_accepted(const struct spot *s, const struct puppet *server,
			   const struct puppet *client)
{
	struct spot owners = spot_below(s, "owners"), owner = spot_at(&owners, 0);
	struct spot local = spot_below(s, "local"), remote = spot_below(s, "remote");

	expect_bool(s, "blocking", true);
	expect_string(s, "state", "ESTABLISHED");
	expect_string(s, "how", "accept");
	expect_int(&local, "port", SERVER_PORT);
	expect_string(&remote, "address", "127.0.0.1");
	expect_null(s, "since");
	expect_person(s, "process", &server->who);
	compare_person(&owner, &server->who);
	expect_person(s, "peer", &client->who);
}

static void check_listed(struct test *t, json_t *line, const struct true_holder *listener,
			 const struct attempt *a, const struct puppet *client)
{
	struct spot s = spot_of(t, line), holders = spot_below(&s, "holders");
	size_t count = json_array_size(holders.json), listeners = 0;

	if (count < 8 || count > 16)
		expected(&holders, "8 to 16 of the holders");
	for (size_t i = 0; i < count; i++) {
		struct spot h = spot_at(&holders, i);
		const char *state = json_string_value(json_object_get(h.json, "state"));

		if (state && !strcmp(state, "LISTEN")) {
			verdict_check_holder(&h, listener, a);
			listeners++;
		} else {
			check_accepted(&h, listener->socket->by, client);
		}
	}
	if (listeners != 1)
		expected(&holders, "the listener among the holders, once (not %zu times)",
			 listeners);
}

static void accepted(struct test *t)
{
	struct puppet *server = puppet_start(t, "server"), *client = puppet_start(t, "client");
	struct puppet *web = puppet_start(t, "web");
	unsigned before = t->report->failures;
	struct prop listener;
	struct attempt a;
	struct true_holder holder;
	json_t *line;

	monitor_watch(t, NULL);
	listener = stage_bound(server, 0, "127.0.0.1", SERVER_PORT);
	stage_listen(&listener, 4096);
	many(client, -1);
	many(server, listener.fd);
	a = stage_refused(web, 0, "0.0.0.0", SERVER_PORT, EADDRINUSE);
	holder = (struct true_holder){
		.socket = &listener,
		.state = "LISTEN",
		.how = "bind",
		.process = &server->who,
		.owners = { { server, listener.fd } },
	};
	line = verdict_check_head(t, &(struct truth){
		.attempt = &a,
		.cause = "listener",
		.fixes = FIX_STOP | FIX_REUSEPORT,
		.stop = server,
		.total = CONNECTIONS + 1,
	});
	check_listed(t, line, &holder, &a, client);
	if (t->report->failures > before)
		note_line(t, line);
}

const struct scenario cases_many[] = {
	{ .name = "listener-and-2000-accepted", .run = accepted },
	{ 0 },
};
