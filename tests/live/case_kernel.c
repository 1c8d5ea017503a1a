// SPDX-License-Identifier: GPL-2.0-only
/* Sockets that the kernel has bound for itself: a tunnel's UDP port, the listener of an MPTCP
 * endpoint. No process has them open, and none may be blamed: not even whoever set up the device. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "device.h"
#include "monitor.h"
#include "space.h"
#include "verdict.h"

#define TUNNEL_PORT 4789
#define MPTCP_PORT 8080

struct io_add {
	uint16_t port;
	int err;
};

static void act_add_vxlan(void *io)
{
	struct io_add *a = io;

	a->err = device_add_vxlan("vxlan7", a->port);
}

static void act_add_endpoint(void *io)
{
	struct io_add *a = io;

	a->err = device_add_mptcp_endpoint(a->port);
}

/* `admin` has the kernel open the socket. */
static void add(struct puppet *admin, puppet_fn fn, uint16_t port, const char *what)
{
	struct io_add a = { .port = port };

	puppet_call(admin, fn, &a, sizeof(a));
	if (a.err == -EOPNOTSUPP)
		test_skip(admin->t, "no %s in this kernel", what);
	if (a.err)
		test_abort(admin->t, "stage: %s: %s", what, strerror(-a.err));
}

static struct prop kernel_socket(struct puppet *admin, const char *address, uint16_t port)
{
	struct prop p = { .by = admin, .fd = -1, .look.local.port = port };

	snprintf(p.look.local.address, sizeof(p.look.local.address), "%s", address);
	return p;
}

/* What is said of it so far is what is said of a listener nobody is known to have. */
static void check(struct test *t, const struct attempt *a, const struct prop *p, const char *state)
{
	verdict_check(t, &(struct truth){
				 .attempt = a,
				 .cause = "listener",
				 .fixes = FIX_REUSEPORT,
				 .incomplete = true,
				 .holders = { {
					 .socket = p,
					 .state = state,
					 .how = "bind",
					 .older = true,
					 .note = "belongs to the kernel",
				 } },
			 });
}

static void vxlan_of(struct test *t, unsigned options, const char *wanted, bool older)
{
	struct puppet *admin = puppet_start(t, "admin"), *web = puppet_start(t, "web");
	struct attempt a;
	struct prop p;

	if (older)
		add(admin, act_add_vxlan, TUNNEL_PORT, "vxlan");
	monitor_watch(t, NULL);
	if (!older)
		add(admin, act_add_vxlan, TUNNEL_PORT, "vxlan");
	p = kernel_socket(admin, "0.0.0.0", TUNNEL_PORT);
	a = stage_refused(web, OPT_UDP | options, wanted, TUNNEL_PORT, EADDRINUSE);
	check(t, &a, &p, "CLOSE");
}

static void vxlan(struct test *t)
{
	vxlan_of(t, 0, "0.0.0.0", false);
}

static void vxlan_v6(struct test *t)
{
	vxlan_of(t, OPT_V6, "::", false);
}

static void vxlan_older(struct test *t)
{
	vxlan_of(t, 0, "127.0.0.1", true);
}

/* The one that made it has exited: no process either. */
static void vxlan_orphan(struct test *t)
{
	struct puppet *admin = puppet_start(t, "admin"), *web = puppet_start(t, "web");
	struct attempt a;
	struct prop p;

	monitor_watch(t, NULL);
	add(admin, act_add_vxlan, TUNNEL_PORT, "vxlan");
	puppet_exit(admin);
	p = kernel_socket(admin, "0.0.0.0", TUNNEL_PORT);
	a = stage_refused(web, OPT_UDP, "0.0.0.0", TUNNEL_PORT, EADDRINUSE);
	check(t, &a, &p, "CLOSE");
}

static void endpoint(struct test *t)
{
	struct puppet *admin = puppet_start(t, "admin"), *web = puppet_start(t, "web");
	struct attempt a;
	struct prop p;

	if (space_set("mptcp/enabled", "1"))
		test_skip(t, "no MPTCP in this kernel");
	monitor_watch(t, NULL);
	add(admin, act_add_endpoint, MPTCP_PORT, "MPTCP endpoint");
	p = kernel_socket(admin, "127.0.0.1", MPTCP_PORT);
	a = stage_refused(web, 0, "0.0.0.0", MPTCP_PORT, EADDRINUSE);
	check(t, &a, &p, "LISTEN");
}

const struct scenario cases_kernel[] = {
	{ .name = "kernel-socket-vxlan", .run = vxlan },
	{ .name = "kernel-socket-vxlan-v6", .run = vxlan_v6 },
	{ .name = "kernel-socket-vxlan-older", .run = vxlan_older },
	{ .name = "kernel-socket-maker-gone", .run = vxlan_orphan },
	{ .name = "kernel-socket-mptcp-endpoint", .run = endpoint },
	{ 0 },
};
