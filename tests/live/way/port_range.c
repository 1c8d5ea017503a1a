// SPDX-License-Identifier: GPL-2.0-only
/* Sockets with a port range of their own (IP_LOCAL_PORT_RANGE): the kernel chooses the port, but
 * only from what the program asked for. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/theft.h"

#ifndef IP_LOCAL_PORT_RANGE /* 6.3+ */
#define IP_LOCAL_PORT_RANGE 51
#endif

/* The kernel chooses, but only from what the client asked for. */
static void own_range_of(struct test *t, unsigned options, const char *address, const char *want)
{
	struct theft c = theft_cast(t);
	struct truth truth;
	struct attempt a;

	monitor_watch(t, NULL);
	theft_listen(&c, options);
	c.out = stage_socket(c.client, options);
	if (stage_set_option(&c.out, IPPROTO_IP, IP_LOCAL_PORT_RANGE, 45000u << 16 | 45000))
		test_skip(t, "no IP_LOCAL_PORT_RANGE in this kernel");
	stage_connect(&c.out, address, SERVER_PORT);
	if (c.out.look.local.port != 45000)
		test_abort(t, "stage: the port is %u in spite of IP_LOCAL_PORT_RANGE",
			   c.out.look.local.port);
	stage_accepted(&c.listener, c.backend);
	a = stage_refused(c.web, options, want, c.out.look.local.port, EADDRINUSE);
	truth = truth_client(&a, &c.out, c.backend);
	truth.says = "not by a listener";
	verdict_check(t, &truth);
}

static void scenario_own_port_range(struct test *t)
{
	own_range_of(t, 0, "127.0.0.1", "0.0.0.0");
}

static void scenario_own_port_range_v6(struct test *t)
{
	own_range_of(t, OPT_V6, "::1", "::");
}

/* bind() to port 0 takes the port from the socket's own range, too, for TCP and UDP. */
static void own_range_bind(struct test *t, unsigned options)
{
	struct puppet *holder = puppet_start(t, "holder"), *web = puppet_start(t, "web");
	struct truth truth;
	struct attempt a;
	struct prop p;

	monitor_watch(t, NULL);
	p = stage_socket(holder, options);
	if (stage_set_option(&p, IPPROTO_IP, IP_LOCAL_PORT_RANGE, 45001u << 16 | 45001))
		test_skip(t, "no IP_LOCAL_PORT_RANGE in this kernel");
	stage_bind(&p, "127.0.0.1", 0);
	if (p.look.local.port != 45001)
		test_abort(t, "stage: the port is %u in spite of IP_LOCAL_PORT_RANGE",
			   p.look.local.port);
	a = stage_refused(web, options, "127.0.0.1", 45001, EADDRINUSE);
	truth = truth_ephemeral_bind(&a, &p, "bind-zero");
	verdict_check(t, &truth);
}

static void scenario_own_port_range_bind_zero(struct test *t)
{
	own_range_bind(t, 0);
}

static void scenario_own_port_range_bind_zero_udp(struct test *t)
{
	own_range_bind(t, OPT_UDP);
}

#define OWN_LOW 45010u
#define OWN_HIGH 45013u
#define WIDER_HIGH 45017u

static struct prop ranged_socket(struct test *t, struct puppet *by, unsigned high)
{
	struct prop p = stage_socket(by, OPT_UDP);

	if (stage_set_option(&p, IPPROTO_IP, IP_LOCAL_PORT_RANGE, high << 16 | OWN_LOW))
		test_skip(t, "no IP_LOCAL_PORT_RANGE in this kernel");
	return p;
}

/* No command changes a setting of the machine, which is not what limits this socket. */
static void check_own_range_fixes(struct test *t, json_t *line)
{
	json_t *fixes = json_object_get(line, "fixes"), *fix;
	const char *what = "";
	size_t i;

	json_array_foreach(fixes, i, fix) what = json_string_value(json_object_get(fix, "what"));
	if (json_array_size(fixes) != 1 ||
	    !strstr(what, "a wider range with IP_LOCAL_PORT_RANGE") ||
	    fixes_with_command(line, " "))
		test_fail(t, "expected one fix, to widen the socket's own range, got \"%s\"", what);
}

/* The socket's own range is used up while the namespace's is not. The figures are about the former, and the
 * advice, taken in the program, works. */
static void scenario_own_port_range_used_up(struct test *t)
{
	struct puppet *heavy = puppet_start(t, "heavy"), *late = puppet_start(t, "late");
	struct prop taken[4], p;
	struct spot s, use;
	json_t *line;

	monitor_watch(t, NULL);
	for (unsigned i = 0; i < 4; i++) {
		taken[i] = ranged_socket(t, heavy, OWN_HIGH);
		stage_bind(&taken[i], "127.0.0.1", 0);
	}
	p = ranged_socket(t, late, OWN_HIGH);
	stage_refused_bind(&p, act_bind, "127.0.0.1", 0, EADDRINUSE);
	line = verdict_take(late);
	s = spot_of(t, line);
	use = spot_below(&s, "range_use");
	expect_string(&s, "cause", "range-exhausted");
	expect_contains(&s, "explanation",
			"the socket's own range 45010\u201345013 (IP_LOCAL_PORT_RANGE)");
	expect_int(&use, "offered", 4);
	expect_int(&use, "held", 4);
	expect_int(&use, "left", 0);
	check_own_range_fixes(t, line);
	p = ranged_socket(t, late, WIDER_HIGH);
	stage_bind(&p, "127.0.0.1", 0);
	if (p.look.local.port <= OWN_HIGH || p.look.local.port > WIDER_HIGH)
		test_fail(t, "expected a port of the wider range, got %u", p.look.local.port);
}

const struct scenario cases_way_port_range[] = {
	{ .name = "own-port-range", .run = scenario_own_port_range },
	{ .name = "own-port-range-v6", .run = scenario_own_port_range_v6 },
	{ .name = "own-port-range-bind-zero", .run = scenario_own_port_range_bind_zero },
	{ .name = "own-port-range-bind-zero-udp", .run = scenario_own_port_range_bind_zero_udp },
	{ .name = "own-port-range-used-up",
	  .run = scenario_own_port_range_used_up,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ 0 },
};
