// SPDX-License-Identifier: GPL-2.0-only
/* Tunnels of the same port, of which only one has the socket in the way, or none that is here. */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/device.h"
#include "stage/stage.h"

#define TUNNEL_PORT 4789

struct io_pair {
	int err;
};

/* Both devices have the number 7, which tunnels of different families may share. */
static void act_add_both_families(void *io)
{
	struct io_pair *pair = io;

	pair->err = device_add_vxlan_to("vxlan6", TUNNEL_PORT, "fd00:9::2");
	if (!pair->err)
		pair->err = device_add_vxlan_to("vxlan4", TUNNEL_PORT, "192.0.2.2");
}

/* Two tunnels have the port, each of its own address family: the verdict is about the one in the way, and the
 * other one stays up. */
static void scenario_kernel_socket_tunnel_family(struct test *t)
{
	struct puppet *admin = puppet_start(t, "admin"), *web = puppet_start(t, "web");
	struct io_pair pair = { 0 };
	json_t *line;
	struct spot s;

	monitor_watch(t, NULL);
	puppet_call(admin, act_add_both_families, &pair, sizeof(pair));
	if (pair.err == -EOPNOTSUPP || pair.err == -EAFNOSUPPORT)
		test_skip(t, "no vxlan of both families in this kernel");
	if (pair.err)
		test_abort(t, "stage: two vxlans: %s", strerror(-pair.err));
	stage_refused(web, OPT_UDP, "0.0.0.0", TUNNEL_PORT, EADDRINUSE);
	line = verdict_take(web);
	s = spot_of(t, line);
	expect_contains(&s, "explanation", "it is that of the tunnel vxlan4 (vxlan)");
	if (fixes_with_command(line, "vxlan6"))
		test_fail(t, "expected that the tunnel of IPv6 is left alone");
	fixes_run(t, line, "ip link set dev vxlan4 down");
	fixes_expect_free(web, OPT_UDP, "0.0.0.0", TUNNEL_PORT);
}

struct io_move {
	pid_t to;
	int err;
};

static void act_move_vxlan4(void *io)
{
	struct io_move *m = io;

	m->err = device_move("vxlan4", m->to);
}

static void act_enter_new_space(void *io)
{
	*(int *)io = unshare(CLONE_NEWNET) ? -errno : 0;
}

static void act_set_vxlan4_up(void *io)
{
	*(int *)io = device_set("vxlan4", true);
}

/* A device that was moved away has its socket here, and a tunnel of the other family is no part of it. */
static void scenario_kernel_socket_tunnel_moved(struct test *t)
{
	struct puppet *admin = puppet_start(t, "admin"), *web = puppet_start(t, "web");
	struct puppet *there = puppet_start(t, "there");
	struct io_move move = { .to = there->pid };
	struct io_pair pair = { 0 };
	struct spot s, second;
	json_t *line;
	int err = 0;

	monitor_watch(t, NULL);
	puppet_call(there, act_enter_new_space, &err, sizeof(err));
	puppet_call(admin, act_add_both_families, &pair, sizeof(pair));
	if (pair.err == -EOPNOTSUPP || pair.err == -EAFNOSUPPORT)
		test_skip(t, "no vxlan of both families in this kernel");
	puppet_call(admin, act_move_vxlan4, &move, sizeof(move));
	if (!err && !pair.err && !move.err)
		puppet_call(there, act_set_vxlan4_up, &err, sizeof(err));
	if (err || pair.err || move.err)
		test_abort(t, "stage: a vxlan that moves: %d, %d, %d", err, pair.err, move.err);
	stage_refused(web, OPT_UDP, "0.0.0.0", TUNNEL_PORT, EADDRINUSE);
	line = verdict_take(web);
	if (fixes_with_command(line, "ip link set"))
		test_fail(t, "expected that no tunnel is taken down");
	s = spot_of(t, line);
	s = spot_below(&s, "fixes");
	second = spot_at(&s, 1);
	expect_contains(&second, "what", "in the other network namespaces");
}

const struct scenario cases_refusal_tunnel[] = {
	{ .name = "kernel-socket-tunnel-family",
	  .run = scenario_kernel_socket_tunnel_family,
	  .watch = WATCH_OWN },
	{ .name = "kernel-socket-tunnel-moved",
	  .run = scenario_kernel_socket_tunnel_moved,
	  .watch = WATCH_OWN },
	{ 0 },
};
