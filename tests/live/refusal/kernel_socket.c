// SPDX-License-Identifier: GPL-2.0-only
/* Sockets that the kernel has bound for itself: a tunnel's UDP port, the listener of an MPTCP
 * endpoint. No process has them open, and portclash may blame none, not even the process that set
 * up the device. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "judge/truth.h"
#include "judge/who.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/device.h"
#include "stage/space.h"

#define TUNNEL_PORT 4789
#define MPTCP_PORT 8080

struct io_add {
	uint16_t port;
	int err;
	int64_t before;
	int64_t after;
};

static void act_add_vxlan(void *io)
{
	struct io_add *a = io;

	a->before = wall_ns();
	a->err = device_add_vxlan("vxlan7", a->port);
	a->after = wall_ns();
}

static void act_add_endpoint(void *io)
{
	struct io_add *a = io;

	a->before = wall_ns();
	a->err = device_add_mptcp_endpoint(a->port);
	a->after = wall_ns();
}

static void act_add_vxlan_down(void *io)
{
	struct io_add *a = io;

	a->err = device_add_vxlan_down("vxlan7", a->port);
}

static void act_set_vxlan_up(void *io)
{
	struct io_add *a = io;

	a->err = device_set("vxlan7", true);
}

/* No option of a socket of the kernel's can be set. */
static void check_kernel_asked(struct test *t, json_t *line, bool asked)
{
	struct spot s = spot_of(t, line), fixes = spot_below(&s, "fixes");

	if (!line)
		return;
	expect_bool(&s, "kernel_asked", asked);
	for (size_t i = 0; asked && i < json_array_size(fixes.json); i++) {
		struct spot fix = spot_at(&fixes, i), what = spot_below(&fix, "what");
		const char *text = json_string_value(what.json);

		if (!text || strstr(text, "SO_REUSE"))
			expected(&what, "no option of a socket");
	}
}

static void check_tunnel(struct test *t, json_t *line, const char *says, bool up)
{
	struct spot s = spot_of(t, line), tunnels = spot_below(&s, "tunnels");
	struct spot one = spot_at(&tunnels, 0);

	expect_contains(&s, "explanation", says);
	expect_string(&one, "device", "vxlan7");
	expect_string(&one, "kind", "vxlan");
	expect_int(&one, "port", TUNNEL_PORT);
	expect_bool(&one, "up", up);
}

/* The other way round: a server has the port, and the kernel is refused it. The refusal is the
 * process's that asked the kernel; a back end of system calls cannot see it. */
static void scenario_kernel_socket_refused(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *admin = puppet_start(t, "admin");
	struct io_add add = { .port = TUNNEL_PORT };
	struct attempt all[2];
	struct prop p;

	monitor_watch(t, NULL);
	p = stage_bound(api, OPT_UDP, "0.0.0.0", TUNNEL_PORT);
	puppet_call(admin, act_add_vxlan, &add, sizeof(add));
	if (add.err == -EOPNOTSUPP)
		test_skip(t, "no vxlan in this kernel");
	if (add.err != -EADDRINUSE)
		test_abort(t, "stage: a vxlan on a taken port ended with %d", add.err);
	all[1] = stage_refused(admin, OPT_UDP, "0.0.0.0", TUNNEL_PORT, EADDRINUSE);
	all[0] = all[1];
	all[0].before = add.before;
	all[0].after = add.after;
	for (int i = monitor_cannot_see(t, "inside the kernel"); i < 2; i++) {
		struct truth truth = truth_listener(&all[i], &p);

		truth.holders[0].state = "CLOSE";
		if (i == 0) {
			truth.fixes = FIX_STOP;
			truth.says = "the refused socket is the kernel's own";
		}
		check_kernel_asked(t, verdict_check(t, &truth), i == 0);
	}
}

/* A tunnel that is there, and has its socket only when it is up: then the verdict names the tunnel. The
 * advice is for the one that has the port, and for the tunnel. */
static void scenario_kernel_socket_refused_tunnel(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *admin = puppet_start(t, "admin");
	struct io_add add = { .port = TUNNEL_PORT };
	json_t *line;
	char kill[32];

	monitor_watch(t, NULL);
	puppet_call(admin, act_add_vxlan_down, &add, sizeof(add));
	if (add.err == -EOPNOTSUPP)
		test_skip(t, "no vxlan in this kernel");
	stage_bound(api, OPT_UDP, "0.0.0.0", TUNNEL_PORT);
	puppet_call(admin, act_set_vxlan_up, &add, sizeof(add));
	if (add.err != -EADDRINUSE)
		test_abort(t, "stage: a vxlan on a taken port ended with %d", add.err);
	if (monitor_cannot_see(t, "inside the kernel")) {
		monitor_no_line(t, "refusal", admin->pid, QUIET_SECONDS);
		return;
	}
	line = verdict_take(admin);
	check_kernel_asked(t, line, true);
	check_tunnel(t, line, "the tunnel vxlan7 (vxlan)", false);
	snprintf(kill, sizeof(kill), "kill %d", api->pid);
	fixes_run(t, line, kill);
	t->retries = true;
	for (int i = 0; add.err && i < 100; i++, sleep_ms(10))
		puppet_call(admin, act_set_vxlan_up, &add, sizeof(add));
	if (add.err)
		test_fail(t, "expected that the tunnel gets its port after the fix, got %d",
			  add.err);
}

/* Has the kernel open the socket, on behalf of `admin`. */
static struct prop add_kernel_socket(struct puppet *admin, puppet_fn fn, const char *what,
				     const char *address, uint16_t port)
{
	struct io_add a = { .port = port };
	struct prop p = { .by = admin, .fd = -1, .look.local.port = port };

	snprintf(p.look.local.address, sizeof(p.look.local.address), "%s", address);
	puppet_call(admin, fn, &a, sizeof(a));
	if (a.err == -EOPNOTSUPP)
		test_skip(admin->t, "no %s in this kernel", what);
	if (a.err)
		test_abort(admin->t, "stage: %s: %s", what, strerror(-a.err));
	p.before = a.before;
	p.after = a.after;
	return p;
}

static struct prop add_vxlan(struct puppet *admin)
{
	return add_kernel_socket(admin, act_add_vxlan, "vxlan", "0.0.0.0", TUNNEL_PORT);
}

/* The verdict blames no process, not even the one that had the kernel open the socket. The kernel
 * makes no claims, so the age is not known. */
static void check_kernel_holder(struct test *t, const struct attempt *a, const struct prop *p,
				const char *state)
{
	verdict_check(t, &(struct truth){
				 .attempt = a,
				 .cause = "kernel-socket",
				 .holders = { {
					 .socket = p,
					 .state = state,
					 .how = "bind",
					 .older = true,
					 .unseen = true,
					 .note = "belongs to the kernel",
				 } },
			 });
}

static void vxlan_of(struct test *t, unsigned options, const char *wanted)
{
	struct puppet *admin = puppet_start(t, "admin"), *web = puppet_start(t, "web");
	struct attempt a;
	struct prop p;

	monitor_watch(t, NULL);
	p = add_vxlan(admin);
	a = stage_refused(web, OPT_UDP | options, wanted, TUNNEL_PORT, EADDRINUSE);
	check_kernel_holder(t, &a, &p, "CLOSE");
}

static void scenario_kernel_socket_vxlan(struct test *t)
{
	vxlan_of(t, 0, "0.0.0.0");
}

static void scenario_kernel_socket_vxlan_v6(struct test *t)
{
	vxlan_of(t, OPT_V6, "::");
}

static void scenario_kernel_socket_vxlan_older(struct test *t)
{
	struct puppet *admin = puppet_start(t, "admin"), *web = puppet_start(t, "web");
	struct prop p = add_vxlan(admin);
	struct attempt a;

	monitor_watch(t, NULL);
	a = stage_refused(web, OPT_UDP, "127.0.0.1", TUNNEL_PORT, EADDRINUSE);
	check_kernel_holder(t, &a, &p, "CLOSE");
}

/* The verdict names the tunnel, and the port is free once that is down. */
static void scenario_kernel_socket_tunnel(struct test *t)
{
	struct puppet *admin = puppet_start(t, "admin"), *web = puppet_start(t, "web");
	json_t *line;

	monitor_watch(t, NULL);
	add_vxlan(admin);
	stage_refused(web, OPT_UDP, "0.0.0.0", TUNNEL_PORT, EADDRINUSE);
	line = verdict_take(web);
	check_tunnel(t, line, "it is that of the tunnel vxlan7 (vxlan)", true);
	fixes_run(t, line, "ip link set dev vxlan7 down");
	fixes_expect_free(web, OPT_UDP, "0.0.0.0", TUNNEL_PORT);
}

static void scenario_who_tunnel(struct test *t)
{
	struct puppet *admin = puppet_start(t, "admin");
	struct spot line, tunnels, one;

	add_vxlan(admin);
	line = who_ask(t, TUNNEL_PORT, "udp", 3);
	tunnels = spot_below(&line, "tunnels");
	one = spot_at(&tunnels, 0);
	expect_string(&one, "device", "vxlan7");
	expect_int(&one, "port", TUNNEL_PORT);
	expect_bool(&one, "up", true);
}

/* The process that set up the device has exited: its socket must not count as one of a dead
 * process. */
static void scenario_kernel_socket_claimer_gone(struct test *t)
{
	struct puppet *admin = puppet_start(t, "admin"), *web = puppet_start(t, "web");
	struct attempt a;
	struct prop p;

	monitor_watch(t, NULL);
	p = add_vxlan(admin);
	puppet_exit(admin);
	a = stage_refused(web, OPT_UDP, "0.0.0.0", TUNNEL_PORT, EADDRINUSE);
	check_kernel_holder(t, &a, &p, "CLOSE");
}

/* The kernel listens for connections that join another (mptcp_pm_nl_create_listen_socket). */
static void scenario_kernel_socket_mptcp_endpoint(struct test *t)
{
	struct puppet *admin = puppet_start(t, "admin"), *web = puppet_start(t, "web");
	struct attempt a;
	struct prop p;

	if (space_set("mptcp/enabled", "1"))
		test_skip(t, "no MPTCP in this kernel");
	monitor_watch(t, NULL);
	p = add_kernel_socket(admin, act_add_endpoint, "MPTCP endpoint", "127.0.0.1", MPTCP_PORT);
	a = stage_refused(web, 0, "0.0.0.0", MPTCP_PORT, EADDRINUSE);
	check_kernel_holder(t, &a, &p, "LISTEN");
}

const struct scenario cases_refusal_kernel_socket[] = {
	{ .name = "kernel-socket-vxlan", .run = scenario_kernel_socket_vxlan },
	{ .name = "kernel-socket-vxlan-v6", .run = scenario_kernel_socket_vxlan_v6 },
	{ .name = "kernel-socket-vxlan-older", .run = scenario_kernel_socket_vxlan_older },
	{ .name = "kernel-socket-claimer-gone", .run = scenario_kernel_socket_claimer_gone },
	{ .name = "kernel-socket-mptcp-endpoint", .run = scenario_kernel_socket_mptcp_endpoint },
	{ .name = "kernel-socket-refused", .run = scenario_kernel_socket_refused },
	{ .name = "kernel-socket-refused-tunnel",
	  .run = scenario_kernel_socket_refused_tunnel,
	  .watch = WATCH_OWN },
	{ .name = "kernel-socket-tunnel",
	  .run = scenario_kernel_socket_tunnel,
	  .watch = WATCH_OWN },
	{ .name = "who-tunnel",
	  .run = scenario_who_tunnel,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ 0 },
};
