// SPDX-License-Identifier: GPL-2.0-only
/* TIME_WAIT: the end of a client's connection, and that of an old server's. */
#include <errno.h>

#include "cases.h"
#include "monitor.h"
#include "table.h"
#include "theft.h"
#include "verdict.h"

static void check_client(struct test *t, struct theft *c, unsigned options, const char *want,
			 unsigned fixes, bool gone)
{
	struct attempt a = stage_refused(c->web, options, want, c->out.look.local.port, EADDRINUSE);
	struct spot s = spot_of(t, NULL);

	s.json =
		verdict_check(t, &(struct truth){
					 .attempt = &a,
					 .cause = "time-wait",
					 .says = "this end of it closed first",
					 .fixes = fixes,
					 .holders = { {
						 .socket = &c->out,
						 .state = "TIME_WAIT",
						 .how = "connect",
						 .minisock = true,
						 .process = &c->client->who,
						 .gone = gone,
						 .note = gone ? "nobody has the socket open" : NULL,
					 } },
				 });
	if (s.json)
		expect_not_a_listener(&s);
}

static void client_closes_first(struct test *t, struct theft *c)
{
	stage_close(&c->out);
	stage_close(&c->in);
	table_await(t, c->out.look.local.port, SERVER_PORT, TABLE_TIME_WAIT);
}

static void of_client(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);

	client_closes_first(t, &c);
	check_client(t, &c, 0, "0.0.0.0", FIX_RESERVE | FIX_OTHER_PORT, false);
}

static void of_client_gone(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);

	client_closes_first(t, &c);
	puppet_exit(c.client);
	check_client(t, &c, OPT_REUSEADDR, "127.0.0.1", FIX_RESERVE | FIX_OTHER_PORT, true);
}

static void of_client_reuseaddr(struct test *t)
{
	struct theft c = theft_watched(t, 0, OPT_REUSEADDR);

	client_closes_first(t, &c);
	check_client(t, &c, 0, "0.0.0.0", FIX_RESERVE | FIX_OTHER_PORT | FIX_REUSEADDR, false);
}

static void of_client_v6(struct test *t)
{
	struct theft c = theft_watched(t, OPT_V6, OPT_V6);

	client_closes_first(t, &c);
	check_client(t, &c, OPT_V6, "::", FIX_RESERVE | FIX_OTHER_PORT, false);
}

/* The server closes first and is gone; its successor wants the port. */
static void of_server(struct test *t, unsigned old, unsigned new, unsigned fixes)
{
	struct theft c = theft_watched(t, old, 0);
	struct attempt a;

	stage_close(&c.in);
	stage_close(&c.out);
	table_await(t, SERVER_PORT, c.out.look.local.port, TABLE_TIME_WAIT);
	puppet_exit(c.backend);
	a = stage_refused(c.web, new, "0.0.0.0", SERVER_PORT, EADDRINUSE);
	verdict_check(t, &(struct truth){
				 .attempt = &a,
				 .cause = "time-wait",
				 .says = "TIME_WAIT",
				 .fixes = fixes,
				 .holders = { {
					 .socket = &c.in,
					 .state = "TIME_WAIT",
					 .how = "accept",
					 .minisock = true,
					 .note = "has closed",
				 } },
			 });
}

static void of_server_plain(struct test *t)
{
	of_server(t, 0, 0, FIX_REUSEADDR_ALL);
}

static void of_server_old_without(struct test *t)
{
	of_server(t, 0, OPT_REUSEADDR, FIX_REUSEADDR_ALL);
}

static void of_server_new_without(struct test *t)
{
	of_server(t, OPT_REUSEADDR, 0, FIX_REUSEADDR);
}

/* With SO_REUSEADDR on both it works, and nothing is said. */
static void of_server_both(struct test *t)
{
	struct theft c = theft_watched(t, OPT_REUSEADDR, 0);

	stage_close(&c.in);
	stage_close(&c.out);
	table_await(t, SERVER_PORT, c.out.look.local.port, TABLE_TIME_WAIT);
	puppet_exit(c.backend);
	stage_listener(c.web, OPT_REUSEADDR, "0.0.0.0", SERVER_PORT);
	monitor_no_line(t, "refusal", c.web->pid, QUIET_SECONDS);
}

/* A client that asked for its port by number leaves a TIME_WAIT too; reserving is no fix. */
static void of_explicit_client(struct test *t)
{
	struct theft c = theft_cast(t);
	struct attempt a;

	monitor_watch(t, NULL);
	theft_listen(&c, 0);
	c.out = stage_bound(c.client, 0, "0.0.0.0", 45000);
	stage_connect(&c.out, "127.0.0.1", SERVER_PORT);
	c.in = stage_accepted(&c.listener, c.backend);
	client_closes_first(t, &c);
	a = stage_refused(c.web, 0, "0.0.0.0", 45000, EADDRINUSE);
	verdict_check(t, &(struct truth){
				 .attempt = &a,
				 .cause = "time-wait",
				 .says = "tcp_tw_reuse changes nothing here",
				 .fixes = FIX_REUSEADDR_ALL,
				 .holders = { {
					 .socket = &c.out,
					 .state = "TIME_WAIT",
					 .how = "bind",
					 .minisock = true,
					 .process = &c.client->who,
				 } },
			 });
}

const struct scenario cases_time_wait[] = {
	{ .name = "time-wait-client", .run = of_client, .where = EACH_KERNEL },
	{ .name = "time-wait-client-exited", .run = of_client_gone, .where = EACH_KERNEL },
	{ .name = "time-wait-client-reuseaddr", .run = of_client_reuseaddr, .where = EACH_KERNEL },
	{ .name = "time-wait-client-v6", .run = of_client_v6, .where = EACH_KERNEL },
	{ .name = "time-wait-explicit-client", .run = of_explicit_client, .where = EACH_KERNEL },
	{ .name = "time-wait-server", .run = of_server_plain, .where = EACH_KERNEL },
	{ .name = "time-wait-server-old-without-reuseaddr",
	  .run = of_server_old_without,
	  .where = EACH_KERNEL },
	{ .name = "time-wait-server-new-without-reuseaddr",
	  .run = of_server_new_without,
	  .where = EACH_KERNEL },
	{ .name = "time-wait-server-reuseaddr-on-both",
	  .run = of_server_both,
	  .where = EACH_KERNEL },
	{ 0 },
};
