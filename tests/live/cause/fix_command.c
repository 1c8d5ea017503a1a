// SPDX-License-Identifier: GPL-2.0-only
/* The commands that a verdict prints work: after each, the very bind() that was refused
 * succeeds. */
#include <errno.h>
#include <string.h>

#include "judge/proc_net.h"
#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/space.h"
#include "stage/theft.h"

#define NOBODY 65534

static void check_stop_command(struct test *t, unsigned options, bool listens)
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

static void scenario_fix_stop_listener(struct test *t)
{
	check_stop_command(t, 0, true);
}

static void scenario_fix_stop_bound(struct test *t)
{
	check_stop_command(t, 0, false);
}

static void scenario_fix_stop_udp(struct test *t)
{
	check_stop_command(t, OPT_UDP, false);
}

/* Ending the client's process does not free the port: its connection goes through FIN_WAIT and, for
 * up to 60 s, TIME_WAIT. A verdict that advises to stop it must say so. */
static void scenario_fix_stop_client(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);
	uint16_t port = c.out.look.local.port;
	const char *what;
	json_t *line;

	stage_refused(c.web, 0, "0.0.0.0", port, EADDRINUSE);
	line = verdict_take(c.web);
	what = json_string_value(json_object_get(fixes_with_command(line, "kill "), "what"));
	fixes_run(t, line, "kill ");
	proc_net_await(t, port, SERVER_PORT,
		       PROC_NET_FIN_WAIT2); /* the process needs a moment to end */
	stage_close(&c.in);
	proc_net_await(t, port, SERVER_PORT, PROC_NET_TIME_WAIT);
	stage_refused(c.web, 0, "0.0.0.0", port, EADDRINUSE);
	if (!what || (!strstr(what, "60 s") && !strstr(what, "TIME_WAIT")))
		test_fail(t, "expected that the TIME_WAIT to come is told, got \"%s\"",
			  what ? what : "nothing");
	if (strcmp(json_string_value(json_object_get(verdict_take(c.web), "cause")), "time-wait"))
		test_fail(t, "expected time-wait after the client was stopped");
}

/* `portclash free` comes first: it ends the connection, the port is free at once, and the client's process goes on. */
static void scenario_fix_cut_client(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);
	uint16_t port = c.out.look.local.port;
	json_t *line, *first;

	stage_refused(c.web, 0, "0.0.0.0", port, EADDRINUSE);
	line = verdict_take(c.web);
	first = json_array_get(json_object_get(line, "fixes"), 0);
	if (first != fixes_with_command(line, "portclash free "))
		test_fail(t, "expected `portclash free` as the first fix");
	fixes_run_free(t, line);
	fixes_expect_free(c.web, 0, "0.0.0.0", port);
	stage_close(&c.out); /* the process is there to close what the kernel has ended */
}

/* A connection that no process has open any more can be cut, and then the port is free at once. */
static void cut(struct test *t, unsigned options)
{
	struct theft c = theft_watched(t, options, options);
	const char *any = options & OPT_V6 ? "::" : "0.0.0.0";
	uint16_t port = c.out.look.local.port;

	stage_fill(&c.out);
	puppet_exit(c.client);
	proc_net_await(t, port, SERVER_PORT, PROC_NET_FIN_WAIT1);
	stage_refused(c.web, options, any, port, EADDRINUSE);
	fixes_run_free(t, verdict_take(c.web));
	fixes_expect_free(c.web, options, any, port);
}

static void scenario_fix_cut(struct test *t)
{
	cut(t, 0);
}

static void scenario_fix_cut_v6(struct test *t)
{
	cut(t, OPT_V6);
}

static void scenario_fix_cut_fin_wait2(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);
	uint16_t port = c.out.look.local.port;

	puppet_exit(c.client);
	proc_net_await(t, port, SERVER_PORT, PROC_NET_FIN_WAIT2);
	stage_refused(c.web, 0, "0.0.0.0", port, EADDRINUSE);
	fixes_run_free(t, verdict_take(c.web));
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

static void scenario_fix_privileged_port(struct test *t)
{
	setting(t, 0, "0.0.0.0", 80, NOBODY, "ip_unprivileged_port_start");
}

static void scenario_fix_address_not_local(struct test *t)
{
	setting(t, 0, "192.0.2.7", 8080, 0, "ip_nonlocal_bind");
}

static void scenario_fix_address_not_local_v6(struct test *t)
{
	setting(t, OPT_V6, "2001:db8::7", 8080, 0, "ip_nonlocal_bind");
}

static void scenario_fix_range_exhausted(struct test *t)
{
	setting(t, 0, "0.0.0.0", 0, 0, "ip_local_port_range");
}

/* Two verdicts, and their advice taken one after the other: what the first reserved stays so. */
static void reserve_twice(struct test *t, bool here)
{
	static const char *const argv[] = { "trace", "--json", NULL };
	struct puppet *holder = puppet_start(t, "holder"), *web = puppet_start(t, "web");
	struct prop held[2];
	char now[512] = "";

	monitor_watch_as(t, &(struct monitor_spec){ .argv = argv, .in_space = here });
	space_set("ipv4/ip_local_reserved_ports", "9000");
	for (int i = 0; i < 2; i++)
		held[i] = stage_bound(holder, 0, "0.0.0.0", 0);
	for (int i = 0; i < 2; i++) {
		stage_refused(web, 0, "0.0.0.0", held[i].look.local.port, EADDRINUSE);
		fixes_run(t, verdict_take(web), "portclash reserve ");
	}
	space_get("ipv4/ip_local_reserved_ports", now, sizeof(now));
	for (int i = 0; i < 2; i++) {
		char other[32];

		snprintf(other, sizeof(other), "9000,%u", held[!i].look.local.port);
		if (!fixes_is_reserved_and(now, other, held[i].look.local.port))
			test_fail(t, "expected 9000, %u and %u, got \"%s\"",
				  held[0].look.local.port, held[1].look.local.port, now);
	}
}

static void scenario_fix_reserve_twice(struct test *t)
{
	reserve_twice(t, false);
}

static void scenario_fix_reserve_twice_here(struct test *t)
{
	reserve_twice(t, true);
}

const struct scenario cases_cause_fix_command[] = {
	{ .name = "fix-stop-listener", .run = scenario_fix_stop_listener, .where = EACH_KERNEL },
	{ .name = "fix-stop-bound", .run = scenario_fix_stop_bound, .where = EACH_KERNEL },
	{ .name = "fix-stop-udp", .run = scenario_fix_stop_udp, .where = EACH_KERNEL },
	{ .name = "fix-stop-client", .run = scenario_fix_stop_client, .where = EACH_KERNEL },
	{ .name = "fix-cut-client", .run = scenario_fix_cut_client, .where = EACH_KERNEL },
	{ .name = "fix-cut", .run = scenario_fix_cut, .where = EACH_KERNEL },
	{ .name = "fix-cut-v6", .run = scenario_fix_cut_v6, .where = EACH_KERNEL },
	{ .name = "fix-cut-fin-wait2", .run = scenario_fix_cut_fin_wait2, .where = EACH_KERNEL },
	{ .name = "fix-reserve-twice",
	  .run = scenario_fix_reserve_twice,
	  .where = EACH_KERNEL,
	  .watch = WATCH_OWN },
	{ .name = "fix-reserve-twice-here",
	  .run = scenario_fix_reserve_twice_here,
	  .where = EACH_KERNEL,
	  .watch = WATCH_OWN },
	{ .name = "fix-privileged-port",
	  .run = scenario_fix_privileged_port,
	  .where = EACH_KERNEL },
	{ .name = "fix-address-not-local",
	  .run = scenario_fix_address_not_local,
	  .where = EACH_KERNEL },
	{ .name = "fix-address-not-local-v6",
	  .run = scenario_fix_address_not_local_v6,
	  .where = EACH_KERNEL },
	{ .name = "fix-range-exhausted",
	  .run = scenario_fix_range_exhausted,
	  .watch = WATCH_OWN, /* the shared agent may not enter the namespace to look for servers */
	  .where = EACH_KERNEL },
	{ 0 },
};
