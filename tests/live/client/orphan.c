// SPDX-License-Identifier: GPL-2.0-only
/* Connections that no process has open any more: their client has exited, and the kernel is
 * still ending them. */
#include <signal.h>

#include "judge/proc_net.h"
#include "judge/truth.h"
#include "run/cases.h"
#include "stage/space.h"
#include "stage/theft.h"

static struct theft orphan_cast(struct test *t)
{
	return theft_watched(t, 0, 0);
}

/* Waits until the client's end has this state in the kernel's own table. */
static void await_orphan_state(struct test *t, const struct theft *c, int state)
{
	proc_net_await(t, c->out.look.local.port, SERVER_PORT, state);
}

static void check_ending_client(struct test *t, struct theft *c, const char *state, bool minisock)
{
	struct spot s = spot_of(t, NULL);
	struct truth truth;

	theft_refuse(c);
	truth = truth_orphan(&c->attempt, &c->out, state, c->backend);
	truth.holders[0].minisock = minisock;
	s.json = verdict_check(t, &truth);
	if (s.json)
		expect_not_a_listener(&s);
}

/* The peer does not read: what was sent, and the FIN behind it, cannot leave. */
static void scenario_orphan_fin_wait1(struct test *t)
{
	struct theft c = orphan_cast(t);

	stage_fill(&c.out);
	puppet_exit(c.client);
	await_orphan_state(t, &c, PROC_NET_FIN_WAIT1);
	check_ending_client(t, &c, "FIN_WAIT1", false);
}

/* The peer does not close. With a time-out longer than that of TIME_WAIT the kernel keeps the
 * whole socket (tcp_rcv_state_process(), tcp_fin_time()). */
static void scenario_orphan_fin_wait2(struct test *t)
{
	struct theft c;

	if (space_set("ipv4/tcp_fin_timeout", "120"))
		test_skip(t, "tcp_fin_timeout cannot be set here");
	c = orphan_cast(t);
	puppet_exit(c.client);
	await_orphan_state(t, &c, PROC_NET_FIN_WAIT2);
	check_ending_client(t, &c, "FIN_WAIT2", false);
}

/* With the usual time-out the kernel keeps a TIME_WAIT entry with the sub-state FIN_WAIT2, which ss
 * and /proc/net/tcp show as FIN-WAIT-2. */
static void scenario_orphan_fin_wait2_minisock(struct test *t)
{
	struct theft c = orphan_cast(t);

	puppet_exit(c.client);
	await_orphan_state(t, &c, PROC_NET_FIN_WAIT2);
	check_ending_client(t, &c, "FIN_WAIT2", true);
}

/* A signal kills the client in the middle of a transfer. */
static void scenario_orphan_client_killed(struct test *t)
{
	struct theft c = orphan_cast(t);

	stage_fill(&c.out);
	kill(c.client->pid, SIGKILL);
	puppet_exit(c.client);
	await_orphan_state(t, &c, PROC_NET_FIN_WAIT1);
	check_ending_client(t, &c, "FIN_WAIT1", false);
}

/* The server sent its FIN first, and does not read what the client sends. */
static void scenario_orphan_last_ack(struct test *t)
{
	struct theft c = orphan_cast(t);

	stage_fill(&c.out);
	stage_shut(&c.in);
	await_orphan_state(t, &c, PROC_NET_CLOSE_WAIT);
	puppet_exit(c.client);
	await_orphan_state(t, &c, PROC_NET_LAST_ACK);
	check_ending_client(t, &c, "LAST_ACK", false);
}

/* The most common leak is not an orphan: the server closed, the client never does. No process has
 * the other end open, not even the server's next run, which listens at the same address. */
static void check_close_wait(struct test *t, struct theft *c)
{
	struct truth truth;

	await_orphan_state(t, c, PROC_NET_CLOSE_WAIT);
	theft_refuse(c);
	truth = truth_client(&c->attempt, &c->out, NULL);
	truth.holders[0].state = "CLOSE_WAIT";
	verdict_check(t, &truth);
}

static void scenario_close_wait(struct test *t)
{
	struct theft c = orphan_cast(t);

	stage_close(&c.in);
	stage_close(&c.listener);
	check_close_wait(t, &c);
}

static void scenario_close_wait_server_restarted(struct test *t)
{
	struct theft c = theft_watched(t, OPT_REUSEADDR, 0);
	struct puppet *next = puppet_start(t, "backend");

	puppet_exit(c.backend);
	await_orphan_state(t, &c, PROC_NET_CLOSE_WAIT);
	stage_listener(next, OPT_REUSEADDR, "127.0.0.1", SERVER_PORT);
	check_close_wait(t, &c);
}

const struct scenario cases_client_orphan[] = {
	{ .name = "orphan-fin-wait1", .run = scenario_orphan_fin_wait1, .where = EACH_KERNEL },
	{ .name = "orphan-fin-wait2", .run = scenario_orphan_fin_wait2, .where = EACH_KERNEL },
	{ .name = "orphan-fin-wait2-minisock",
	  .run = scenario_orphan_fin_wait2_minisock,
	  .where = EACH_KERNEL },
	{ .name = "orphan-client-killed",
	  .run = scenario_orphan_client_killed,
	  .where = EACH_KERNEL },
	{ .name = "orphan-last-ack", .run = scenario_orphan_last_ack, .where = EACH_KERNEL },
	{ .name = "close-wait", .run = scenario_close_wait, .where = EACH_KERNEL },
	{ .name = "close-wait-server-restarted",
	  .run = scenario_close_wait_server_restarted,
	  .where = EACH_KERNEL },
	{ 0 },
};
