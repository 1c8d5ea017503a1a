// SPDX-License-Identifier: GPL-2.0-only
/* The listener is gone, but connections that were accepted on its port are still there. */
#include <errno.h>

#include "judge/proc_net.h"
#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/space.h"

struct cast {
	struct puppet *client;
	struct puppet *master;
	struct puppet *worker;
	struct puppet *web;
	struct prop listener;
	struct prop out;
	struct prop in;
};

/* master listens; worker, which has the listener open too, accepts. */
static struct cast lingering_accepted(struct test *t, unsigned options)
{
	struct cast c = {
		.client = puppet_start(t, "client"),
		.master = puppet_start(t, "master"),
		.worker = puppet_start(t, "worker"),
		.web = puppet_start(t, "web"),
	};
	struct prop copy;

	monitor_watch(t, NULL);
	c.listener = stage_listener(c.master, options, "127.0.0.1", SERVER_PORT);
	copy = stage_pass(&c.listener, c.worker);
	c.out = stage_client(c.client, 0, "127.0.0.1", SERVER_PORT);
	c.in = stage_accepted(&copy, c.worker);
	stage_close(&copy);
	return c;
}

static struct truth lingering_truth(struct cast *c, const struct attempt *a)
{
	struct truth truth = truth_held(a, "lingering-connection", FIX_STOP | FIX_REUSEADDR_ALL,
					&c->in, "ESTABLISHED", "accept");

	truth.says = "no one listens on the port any more";
	truth.holders[0].note = "accepted";
	truth.holders[0].peer = c->client;
	return truth;
}

static void in_worker(struct test *t, unsigned old, unsigned new, unsigned fixes)
{
	struct cast c = lingering_accepted(t, old);
	struct attempt a;
	struct truth truth;

	puppet_exit(c.master);
	a = stage_refused(c.web, new, "0.0.0.0", SERVER_PORT, EADDRINUSE);
	truth = lingering_truth(&c, &a);
	truth.fixes = FIX_STOP | fixes;
	verdict_check(t, &truth);
}

static void scenario_lingering_in_worker(struct test *t)
{
	in_worker(t, 0, 0, FIX_REUSEADDR_ALL);
}

static void scenario_lingering_new_with_reuseaddr(struct test *t)
{
	in_worker(t, 0, OPT_REUSEADDR, FIX_REUSEADDR_ALL);
}

static void scenario_lingering_old_with_reuseaddr(struct test *t)
{
	in_worker(t, OPT_REUSEADDR, 0, FIX_REUSEADDR);
}

static void scenario_lingering_orphan(struct test *t)
{
	struct cast c;
	struct attempt a;
	struct truth truth;

	if (space_set("ipv4/tcp_fin_timeout", "120"))
		test_skip(t, "tcp_fin_timeout cannot be set here");
	c = lingering_accepted(t, 0);
	puppet_exit(c.master);
	puppet_exit(c.worker);
	proc_net_await(t, SERVER_PORT, c.out.look.local.port, PROC_NET_FIN_WAIT2);
	a = stage_refused(c.web, 0, "0.0.0.0", SERVER_PORT, EADDRINUSE);
	truth = lingering_truth(&c, &a);
	truth.fixes = FIX_CUT | FIX_REUSEADDR_ALL;
	truth.stop = NULL;
	truth.holders[0].state = "FIN_WAIT2";
	truth.holders[0].process = NULL;
	truth.holders[0].note = "has closed it";
	truth.holders[0].owners[0].who = NULL;
	verdict_check(t, &truth);
}

/* Listener and accepted connection are both there: the verdict speaks of the listener. */
static void scenario_accepted_behind_listener(struct test *t)
{
	struct cast c = lingering_accepted(t, 0);
	struct attempt a = stage_refused(c.web, 0, "0.0.0.0", SERVER_PORT, EADDRINUSE);
	struct truth truth = lingering_truth(&c, &a);

	truth.cause = "wildcard-overlap";
	truth.says = "listens on";
	truth.fixes = FIX_STOP | FIX_REUSEPORT | FIX_SPECIFIC;
	truth.stop = c.master;
	truth.stop_too = c.worker;
	truth.holders[1] = truth_holder(&c.listener, "LISTEN", "bind");
	verdict_check(t, &truth);
}

/* The server has not called accept() yet: the connection belongs to the listener's queue. */
static void scenario_in_accept_queue(struct test *t)
{
	struct puppet *client = puppet_start(t, "client"), *api = puppet_start(t, "api");
	struct puppet *web = puppet_start(t, "web");
	struct prop listener, out, in = { 0 };
	struct truth truth;
	struct attempt a;

	monitor_watch(t, NULL);
	listener = stage_listener(api, 0, "127.0.0.1", SERVER_PORT);
	out = stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	proc_net_await(t, SERVER_PORT, out.look.local.port, PROC_NET_ESTABLISHED);
	in.look.local = out.look.remote;
	in.look.remote = out.look.local;
	a = stage_refused(web, 0, "0.0.0.0", SERVER_PORT, EADDRINUSE);
	truth = truth_held(&a, "wildcard-overlap", FIX_STOP | FIX_REUSEPORT | FIX_SPECIFIC,
			   &listener, "LISTEN", "bind");
	truth.holders[1] = (struct true_holder){
		.socket = &in,
		.state = "ESTABLISHED",
		.how = "accept",
		.note = "accept",
		.peer = client,
	};
	verdict_check(t, &truth);
}

const struct scenario cases_refusal_lingering[] = {
	{ .name = "lingering-in-worker",
	  .run = scenario_lingering_in_worker,
	  .where = EACH_KERNEL },
	{ .name = "lingering-new-with-reuseaddr",
	  .run = scenario_lingering_new_with_reuseaddr,
	  .where = EACH_KERNEL },
	{ .name = "lingering-old-with-reuseaddr",
	  .run = scenario_lingering_old_with_reuseaddr,
	  .where = EACH_KERNEL },
	{ .name = "lingering-orphan", .run = scenario_lingering_orphan, .where = EACH_KERNEL },
	{ .name = "accepted-behind-listener",
	  .run = scenario_accepted_behind_listener,
	  .where = EACH_KERNEL },
	{ .name = "in-accept-queue", .run = scenario_in_accept_queue, .where = EACH_KERNEL },
	{ 0 },
};
