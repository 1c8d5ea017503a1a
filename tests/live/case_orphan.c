// SPDX-License-Identifier: GPL-2.0-only
/* Connections that no process has open any more: their client has exited, and the kernel is
 * still ending them. */
#include <signal.h>

#include "cases.h"
#include "space.h"
#include "table.h"
#include "theft.h"
#include "truth.h"

static struct theft connected(struct test *t)
{
	return theft_watched(t, 0, 0);
}

/* What became of the client's end, by the kernel's own table. */
static void await(struct test *t, const struct theft *c, int state)
{
	table_await(t, c->out.look.local.port, SERVER_PORT, state);
}

static void check(struct test *t, struct theft *c, const char *state, bool minisock)
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
static void fin_wait1(struct test *t)
{
	struct theft c = connected(t);

	stage_fill(&c.out);
	puppet_exit(c.client);
	await(t, &c, TABLE_FIN_WAIT1);
	check(t, &c, "FIN_WAIT1", false);
}

/* The peer does not close. With a time-out longer than that of TIME_WAIT the kernel keeps the
 * whole socket (tcp_rcv_state_process(), tcp_fin_time()). */
static void fin_wait2(struct test *t)
{
	struct theft c;

	if (space_set("ipv4/tcp_fin_timeout", "120"))
		test_skip(t, "tcp_fin_timeout cannot be set here");
	c = connected(t);
	puppet_exit(c.client);
	await(t, &c, TABLE_FIN_WAIT2);
	check(t, &c, "FIN_WAIT2", false);
}

/* With the usual time-out it keeps a TIME_WAIT entry with the sub-state FIN_WAIT2: what ss and
 * /proc/net/tcp show as FIN-WAIT-2, and it is. */
static void fin_wait2_small(struct test *t)
{
	struct theft c = connected(t);

	puppet_exit(c.client);
	await(t, &c, TABLE_FIN_WAIT2);
	check(t, &c, "FIN_WAIT2", true);
}

/* Killed by a signal in the middle of a transfer. */
static void killed(struct test *t)
{
	struct theft c = connected(t);

	stage_fill(&c.out);
	kill(c.client->pid, SIGKILL);
	puppet_exit(c.client);
	await(t, &c, TABLE_FIN_WAIT1);
	check(t, &c, "FIN_WAIT1", false);
}

/* The server said its last word first, and does not read the client's. */
static void last_ack(struct test *t)
{
	struct theft c = connected(t);

	stage_fill(&c.out);
	stage_shut(&c.in);
	await(t, &c, TABLE_CLOSE_WAIT);
	puppet_exit(c.client);
	await(t, &c, TABLE_LAST_ACK);
	check(t, &c, "LAST_ACK", false);
}

/* No orphan, but the leak that is seen most: the server closed, the client never does. Nobody
 * has the other end: not even the server's next run, which listens where the last one did. */
static void check_close_wait(struct test *t, struct theft *c)
{
	struct truth truth;

	await(t, c, TABLE_CLOSE_WAIT);
	theft_refuse(c);
	truth = truth_client(&c->attempt, &c->out, NULL);
	truth.holders[0].state = "CLOSE_WAIT";
	verdict_check(t, &truth);
}

static void close_wait(struct test *t)
{
	struct theft c = connected(t);

	stage_close(&c.in);
	stage_close(&c.listener);
	check_close_wait(t, &c);
}

static void close_wait_server_restarted(struct test *t)
{
	struct theft c = theft_watched(t, OPT_REUSEADDR, 0);
	struct puppet *next = puppet_start(t, "backend");

	puppet_exit(c.backend);
	await(t, &c, TABLE_CLOSE_WAIT);
	stage_listener(next, OPT_REUSEADDR, "127.0.0.1", SERVER_PORT);
	check_close_wait(t, &c);
}

const struct scenario cases_orphan[] = {
	{ .name = "orphan-fin-wait1", .run = fin_wait1, .where = EACH_KERNEL },
	{ .name = "orphan-fin-wait2", .run = fin_wait2, .where = EACH_KERNEL },
	{ .name = "orphan-fin-wait2-minisock", .run = fin_wait2_small, .where = EACH_KERNEL },
	{ .name = "orphan-client-killed", .run = killed, .where = EACH_KERNEL },
	{ .name = "orphan-last-ack", .run = last_ack, .where = EACH_KERNEL },
	{ .name = "close-wait", .run = close_wait, .where = EACH_KERNEL },
	{ .name = "close-wait-server-restarted",
	  .run = close_wait_server_restarted,
	  .where = EACH_KERNEL },
	{ 0 },
};
