// SPDX-License-Identifier: GPL-2.0-only
/* One port with 2,000 sockets on it: a listener and its accepted connections. The verdict can list
 * only some; the listener must be among them, and all must be counted. */
#include <errno.h>
#include <string.h>

#include "judge/proc_net.h"
#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"

#define CONNECTIONS 2000

static void act_close_many(void *io)
{
	struct io_many *a = io;

	for (int i = 0; i < a->count; i++)
		act_close(&(struct io_close){ .fd = a->first + i });
}

static struct io_many connect_many(struct puppet *p, int listener)
{
	struct io_many a = { .fd = listener,
			     .count = CONNECTIONS,
			     .to = { "127.0.0.1", SERVER_PORT } };

	puppet_call(p, act_many, &a, sizeof(a));
	if (a.done != CONNECTIONS)
		test_abort(p->t, "stage: only %d connections of %s", a.done, p->who.comm);
	return a;
}

static void check_accepted(const struct spot *s, const struct puppet *server,
			   const struct puppet *client, bool blocking)
{
	struct spot owners = spot_below(s, "owners"), owner = spot_at(&owners, 0);
	struct spot local = spot_below(s, "local"), remote = spot_below(s, "remote");

	expect_bool(s, "blocking", blocking);
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
			check_accepted(&h, listener->socket->by, client, !a->socket.reuseaddr);
		}
	}
	if (listeners != 1)
		expected(&holders, "the listener among the holders, once (not %zu times)",
			 listeners);
}

static void accepted_with(struct test *t, unsigned options)
{
	struct puppet *server = puppet_start(t, "server"), *client = puppet_start(t, "client");
	struct puppet *web = puppet_start(t, "web");
	unsigned before = t->report->failures;
	struct prop listener;
	struct attempt a;
	struct true_holder holder;
	json_t *line;

	monitor_watch(t, NULL);
	listener = stage_bound(server, options, "127.0.0.1", SERVER_PORT);
	stage_listen(&listener, 4096);
	connect_many(client, -1);
	connect_many(server, listener.fd);
	a = stage_refused(web, options, "0.0.0.0", SERVER_PORT, EADDRINUSE);
	holder = truth_holder(&listener, "LISTEN", "bind");
	line = verdict_check_head(t, &(struct truth){
					     .attempt = &a,
					     .cause = "wildcard-overlap",
					     .fixes = FIX_STOP | FIX_REUSEPORT | FIX_SPECIFIC,
					     .stop = server,
					     .total = CONNECTIONS + 1,
				     });
	check_listed(t, line, &holder, &a, client);
	if (t->report->failures > before)
		note_line(t, line);
}

static void scenario_listener_and_2000_accepted(struct test *t)
{
	accepted_with(t, 0);
}

/* With SO_REUSEADDR on both, only the listener is in the way. */
static void scenario_listener_and_2000_accepted_reuseaddr(struct test *t)
{
	accepted_with(t, OPT_REUSEADDR);
}

/* TIME_WAIT entries, as a busy server that closes first leaves them behind. */
static void scenario_2000_time_wait(struct test *t)
{
	struct puppet *server = puppet_start(t, "server"), *client = puppet_start(t, "client");
	struct puppet *web = puppet_start(t, "web");
	struct io_many in, out;
	struct prop listener;
	struct attempt a;
	struct spot s, holders;

	monitor_watch(t, NULL);
	listener = stage_bound(server, 0, "127.0.0.1", SERVER_PORT);
	stage_listen(&listener, 4096);
	out = connect_many(client, -1);
	in = connect_many(server, listener.fd);
	puppet_call(server, act_close_many, &in, sizeof(in));
	puppet_call(client, act_close_many, &out, sizeof(out));
	puppet_exit(server);
	/* Packets that overflowed the queue of the loopback device are sent again. */
	proc_net_await_count(t, SERVER_PORT, PROC_NET_TIME_WAIT, CONNECTIONS);
	a = stage_refused(web, OPT_REUSEADDR, "0.0.0.0", SERVER_PORT, EADDRINUSE);
	s = spot_of(t, verdict_check_head(t, &(struct truth){
						     .attempt = &a,
						     .cause = "time-wait",
						     .fixes = FIX_CUT | FIX_REUSEADDR_ALL,
						     .total = CONNECTIONS,
					     }));
	holders = spot_below(&s, "holders");
	if (json_array_size(holders.json) < 8)
		expected(&holders, "8 of the holders or more");
	for (size_t i = 0; i < json_array_size(holders.json); i++) {
		struct spot h = spot_at(&holders, i);

		expect_string(&h, "state", "TIME_WAIT");
		expect_string(&h, "how", "accept");
	}
}

const struct scenario cases_load_many_sockets[] = {
	{ .name = "listener-and-2000-accepted",
	  .run = scenario_listener_and_2000_accepted,
	  .where = EACH_KERNEL },
	{ .name = "listener-and-2000-accepted-reuseaddr",
	  .run = scenario_listener_and_2000_accepted_reuseaddr,
	  .where = EACH_KERNEL },
	{ .name = "2000-time-wait", .run = scenario_2000_time_wait, .where = EACH_KERNEL },
	{ 0 },
};
