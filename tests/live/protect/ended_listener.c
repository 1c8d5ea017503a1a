// SPDX-License-Identifier: GPL-2.0-only
/* Early warnings: a client is given the port of a listener that has ended. */
#include "judge/verdict.h"
#include "judge/warning.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/space.h"

/* A server's port, seen by a portclash in the same namespace: listeners are known there only. */
static void watch_in_space(struct test *t)
{
	static const char *const argv[] = { "trace", "--json", "--protect", "1", NULL };

	space_set("ipv4/ip_local_port_range", RANGE);
	monitor_watch_as(t, &(struct monitor_spec){ .argv = argv, .in_space = true });
}

static void check_ended_listener(struct test *t, const struct prop *out, const struct prop *server,
				 const struct person *who)
{
	json_t *line = warning_await(t, out, "connect");
	struct spot s = spot_of(t, line), listener = spot_below(&s, "listener");
	unsigned before = t->report->failures;

	if (!line)
		return;
	expect_bool(&s, "protected", false);
	expect_end(&listener, "local", &server->look.local);
	expect_recent(&listener, "gone_since");
	expect_person(&listener, "process", who);
	expect_contains(&s, "explanation", "listened until");
	expect_contains(&s, "explanation", who->comm);
	warning_check_fixes(t, line, out->by->pid, "portclash reserve " LIST);
	if (t->report->failures > before)
		note_line(t, line);
}

/* `first`: the server listens before portclash watches. */
static void listener_that_ends(struct test *t, bool first, unsigned options, const char *address)
{
	struct puppet *api = puppet_start(t, "api"), *client = puppet_start(t, "client");
	struct puppet *web = puppet_start(t, "web");
	struct prop server, out;
	struct person who = web->who;

	stage_listener(api, options, address, SERVER_PORT);
	if (!first)
		watch_in_space(t);
	server = stage_listener(web, options, address, PORT);
	if (first)
		watch_in_space(t);
	puppet_exit(web);
	out = stage_client(client, options, address, SERVER_PORT);
	check_ended_listener(t, &out, &server, &who);
}

static void scenario_protect_listener_gone(struct test *t)
{
	listener_that_ends(t, false, 0, "127.0.0.1");
}

static void scenario_protect_listener_older(struct test *t)
{
	listener_that_ends(t, true, OPT_V6, "::1");
}

/* The listener came back, and its port was reserved before it ended again: nothing is missed. */
static void scenario_protect_listener_not_exposed(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *client = puppet_start(t, "client");
	struct prop server;

	stage_listener(api, 0, "127.0.0.1", SERVER_PORT);
	watch_in_space(t);
	space_set("ipv4/ip_local_port_range", "20002 20002");
	server = stage_listener(api, 0, "127.0.0.1", PORT);
	stage_close(&server);
	monitor_no_line(t, "warning", 0, QUIET_SECONDS);
	space_set("ipv4/ip_local_port_range", RANGE);
	stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	monitor_no_line(t, "warning", client->pid, QUIET_SECONDS);
}

const struct scenario cases_protect_ended_listener[] = {
	{ .name = "protect-listener-gone",
	  .run = scenario_protect_listener_gone,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "protect-listener-older",
	  .run = scenario_protect_listener_older,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "protect-listener-not-exposed",
	  .run = scenario_protect_listener_not_exposed,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ 0 },
};
