// SPDX-License-Identifier: GPL-2.0-only
/* The commands that a verdict prints do what they are there for: after each, the very bind()
 * that was refused succeeds. */
#include <errno.h>
#include <string.h>

#include "cases.h"
#include "monitor.h"
#include "space.h"
#include "table.h"
#include "theft.h"
#include "verdict.h"

#define NOBODY 65534

static void stop(struct test *t, unsigned options, bool listens)
{
	struct puppet *holder = puppet_start(t, "holder"), *web = puppet_start(t, "web");
	struct prop p;

	monitor_watch(t, NULL);
	p = stage_bound(holder, options, "127.0.0.1", 8080);
	if (listens)
		stage_listen(&p, 8);
	stage_refused(web, options, "0.0.0.0", 8080, EADDRINUSE);
	fixes_run(t, verdict_take(web), "kill ");
	fixes_expect_free(web, options, "0.0.0.0", 8080);
}

static void stop_listener(struct test *t)
{
	stop(t, 0, true);
}

static void stop_bound(struct test *t)
{
	stop(t, 0, false);
}

static void stop_udp(struct test *t)
{
	stop(t, OPT_UDP, false);
}

/* To end the client's process is not enough: its connection goes through FIN_WAIT and, for up
 * to 60 s, TIME_WAIT, and holds the port all that time. Who is told to stop it must be told. */
static void stop_client(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);
	uint16_t port = c.out.look.local.port;
	const char *what;
	json_t *line;

	stage_refused(c.web, 0, "0.0.0.0", port, EADDRINUSE);
	line = verdict_take(c.web);
	what = json_string_value(json_object_get(fixes_with_command(line, "kill "), "what"));
	fixes_run(t, line, "kill ");
	table_await(t, port, SERVER_PORT, TABLE_FIN_WAIT2); /* it needs a moment to end */
	stage_close(&c.in);
	table_await(t, port, SERVER_PORT, TABLE_TIME_WAIT);
	stage_refused(c.web, 0, "0.0.0.0", port, EADDRINUSE);
	if (!what || (!strstr(what, "60 s") && !strstr(what, "TIME_WAIT")))
		test_fail(t, "expected that the TIME_WAIT to come is told, got \"%s\"",
			  what ? what : "nothing");
	if (strcmp(json_string_value(json_object_get(verdict_take(c.web), "cause")), "time-wait"))
		test_fail(t, "expected time-wait after the client was stopped");
}

/* What no process has open any more can be cut, and then the port is free at once. */
static void cut(struct test *t, unsigned options)
{
	struct theft c = theft_watched(t, options, options);
	const char *any = options & OPT_V6 ? "::" : "0.0.0.0";
	uint16_t port = c.out.look.local.port;

	stage_fill(&c.out);
	puppet_exit(c.client);
	table_await(t, port, SERVER_PORT, TABLE_FIN_WAIT1);
	stage_refused(c.web, options, any, port, EADDRINUSE);
	fixes_run(t, verdict_take(c.web), "ss -K ");
	if (table_state(port, SERVER_PORT))
		test_skip(t, "this kernel cannot cut connections (CONFIG_INET_DIAG_DESTROY)");
	fixes_expect_free(c.web, options, any, port);
}

static void cut_v4(struct test *t)
{
	cut(t, 0);
}

static void cut_v6(struct test *t)
{
	cut(t, OPT_V6);
}

static void cut_fin_wait2(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);
	uint16_t port = c.out.look.local.port;

	puppet_exit(c.client);
	table_await(t, port, SERVER_PORT, TABLE_FIN_WAIT2);
	stage_refused(c.web, 0, "0.0.0.0", port, EADDRINUSE);
	fixes_run(t, verdict_take(c.web), "ss -K ");
	if (table_state(port, SERVER_PORT))
		test_skip(t, "this kernel cannot cut TIME_WAIT entries");
	fixes_expect_free(c.web, 0, "0.0.0.0", port);
}

static void setting(struct test *t, unsigned options, const char *address, uint16_t port, uid_t uid,
		    const char *part)
{
	struct puppet *web = puppet_start_as(t, &(struct puppet_spec){ .name = "web", .uid = uid });
	struct puppet *holder = puppet_start(t, "holder");

	monitor_watch(t, NULL);
	if (!port) {
		space_set("ipv4/ip_local_port_range", "50000 50000");
		stage_bound(holder, options, address, 50000);
	}
	stage_refused(web, options, address, port,
		      uid  ? EACCES :
		      port ? EADDRNOTAVAIL :
			     EADDRINUSE);
	fixes_run(t, verdict_take(web), part);
	fixes_expect_free(web, options, address, port);
}

static void privileged(struct test *t)
{
	setting(t, 0, "0.0.0.0", 80, NOBODY, "ip_unprivileged_port_start");
}

static void not_local(struct test *t)
{
	setting(t, 0, "192.0.2.7", 8080, 0, "ip_nonlocal_bind");
}

static void not_local_v6(struct test *t)
{
	setting(t, OPT_V6, "2001:db8::7", 8080, 0, "ip_nonlocal_bind");
}

static void exhausted(struct test *t)
{
	setting(t, 0, "0.0.0.0", 0, 0, "ip_local_port_range");
}

const struct scenario cases_fix[] = {
	{ .name = "fix-stop-listener", .run = stop_listener, .where = EACH_KERNEL },
	{ .name = "fix-stop-bound", .run = stop_bound, .where = EACH_KERNEL },
	{ .name = "fix-stop-udp", .run = stop_udp, .where = EACH_KERNEL },
	{ .name = "fix-stop-client", .run = stop_client, .where = EACH_KERNEL },
	{ .name = "fix-cut", .run = cut_v4, .where = EACH_KERNEL },
	{ .name = "fix-cut-v6", .run = cut_v6, .where = EACH_KERNEL },
	{ .name = "fix-cut-fin-wait2", .run = cut_fin_wait2, .where = EACH_KERNEL },
	{ .name = "fix-privileged-port", .run = privileged, .where = EACH_KERNEL },
	{ .name = "fix-address-not-local", .run = not_local, .where = EACH_KERNEL },
	{ .name = "fix-address-not-local-v6", .run = not_local_v6, .where = EACH_KERNEL },
	{ .name = "fix-range-exhausted", .run = exhausted, .where = EACH_KERNEL },
	{ 0 },
};
