// SPDX-License-Identifier: GPL-2.0-only
/* Sockets that the kernel has bound for itself: a tunnel's UDP port, the listener of an MPTCP
 * endpoint. No process has them open, and none may be blamed, not even who set up the device. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "device.h"
#include "monitor.h"
#include "space.h"
#include "truth.h"

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

/* The other way round: a server has the port, and the kernel is refused it. Who asked the kernel
 * is the one to tell; by system calls it cannot be seen. */
static void refused(struct test *t)
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
		verdict_check(t, &truth);
	}
}

/* `admin` has the kernel open the socket. */
static struct prop add(struct puppet *admin, puppet_fn fn, const char *what, const char *address,
		       uint16_t port)
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
	return add(admin, act_add_vxlan, "vxlan", "0.0.0.0", TUNNEL_PORT);
}

/* No process is blamed: not whoever had the kernel open it. The kernel makes no claims, so since
 * when it has the port is not known. */
static void check(struct test *t, const struct attempt *a, const struct prop *p, const char *state)
{
	verdict_check(t, &(struct truth){
				 .attempt = a,
				 .cause = "kernel-socket",
				 .holders = { {
					 .socket = p,
					 .state = state,
					 .how = "bind",
					 .older = true,
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
	check(t, &a, &p, "CLOSE");
}

static void vxlan(struct test *t)
{
	vxlan_of(t, 0, "0.0.0.0");
}

static void vxlan_v6(struct test *t)
{
	vxlan_of(t, OPT_V6, "::");
}

static void vxlan_older(struct test *t)
{
	struct puppet *admin = puppet_start(t, "admin"), *web = puppet_start(t, "web");
	struct prop p = add_vxlan(admin);
	struct attempt a;

	monitor_watch(t, NULL);
	a = stage_refused(web, OPT_UDP, "127.0.0.1", TUNNEL_PORT, EADDRINUSE);
	check(t, &a, &p, "CLOSE");
}

/* Who set it up has exited: it is no socket of a dead process either. */
static void maker_gone(struct test *t)
{
	struct puppet *admin = puppet_start(t, "admin"), *web = puppet_start(t, "web");
	struct attempt a;
	struct prop p;

	monitor_watch(t, NULL);
	p = add_vxlan(admin);
	puppet_exit(admin);
	a = stage_refused(web, OPT_UDP, "0.0.0.0", TUNNEL_PORT, EADDRINUSE);
	check(t, &a, &p, "CLOSE");
}

/* The kernel listens for connections that join another (mptcp_pm_nl_create_listen_socket). */
static void endpoint(struct test *t)
{
	struct puppet *admin = puppet_start(t, "admin"), *web = puppet_start(t, "web");
	struct attempt a;
	struct prop p;

	if (space_set("mptcp/enabled", "1"))
		test_skip(t, "no MPTCP in this kernel");
	monitor_watch(t, NULL);
	p = add(admin, act_add_endpoint, "MPTCP endpoint", "127.0.0.1", MPTCP_PORT);
	a = stage_refused(web, 0, "0.0.0.0", MPTCP_PORT, EADDRINUSE);
	check(t, &a, &p, "LISTEN");
}

const struct scenario cases_kernel[] = {
	{ .name = "kernel-socket-vxlan", .run = vxlan },
	{ .name = "kernel-socket-vxlan-v6", .run = vxlan_v6 },
	{ .name = "kernel-socket-vxlan-older", .run = vxlan_older },
	{ .name = "kernel-socket-maker-gone", .run = maker_gone },
	{ .name = "kernel-socket-mptcp-endpoint", .run = endpoint },
	{ .name = "kernel-socket-refused", .run = refused },
	{ 0 },
};
