// SPDX-License-Identifier: GPL-2.0-only
/* Holders that had their port before portclash started: portclash knows who has them open, does not
 * know since when, and must not invent it. */
#include <errno.h>

#include "judge/proc_net.h"
#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/theft.h"

static struct truth truth_older(struct truth truth)
{
	truth.holders[0].older = true;
	truth.holders[0].note = "when portclash started";
	return truth;
}

/* The kernel marks a port that connect() chose; so even its age does not hide the cause. */
static void scenario_older_client(struct test *t)
{
	struct theft c = theft_connected(t);
	struct truth truth;

	monitor_watch(t, NULL);
	theft_refuse(&c);
	truth = truth_older(truth_client(&c.attempt, &c.out, c.backend));
	verdict_check(t, &truth);
}

static void idle(struct test *t, unsigned options, uint16_t port, const char *cause, unsigned fixes,
		 const char *how)
{
	struct puppet *holder = puppet_start(t, "holder"), *web = puppet_start(t, "web");
	struct prop p = stage_bound(holder, options, "0.0.0.0", port);
	struct attempt a;
	struct truth truth;

	monitor_watch(t, NULL);
	a = stage_refused(web, options, "0.0.0.0", p.look.local.port, EADDRINUSE);
	truth = truth_older(truth_held(&a, cause, fixes, &p, "CLOSE", how));
	verdict_check(t, &truth);
}

static void scenario_older_bound(struct test *t)
{
	idle(t, 0, 8080, "bound-not-listening", FIX_STOP, "bind");
}

static void scenario_older_bind_zero(struct test *t)
{
	idle(t, 0, 0, "ephemeral-bind", FIX_CLIENT, "bind-zero");
}

static void scenario_older_udp(struct test *t)
{
	idle(t, OPT_UDP, 5353, "listener", FIX_STOP | FIX_REUSEPORT, "bind");
}

static void scenario_older_listener(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct prop p = stage_listener(api, 0, "0.0.0.0", 8080);
	struct attempt a;
	struct truth truth;

	monitor_watch(t, NULL);
	a = stage_refused(web, 0, "0.0.0.0", 8080, EADDRINUSE);
	truth = truth_older(truth_listener(&a, &p));
	verdict_check(t, &truth);
}

/* sock_diag does not list the socket; the subflow that has its port is in the kernel's table. */
static void scenario_older_mptcp(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct io_socket s = { .options = OPT_MPTCP };
	struct io_name name = { .to = { "0.0.0.0", 8080 } };
	struct io_listen listening = { .backlog = 8 };
	struct prop listener = { .by = api };
	struct attempt a;
	struct truth truth;

	puppet_call(api, act_socket, &s, sizeof(s));
	if (s.error)
		test_skip(t, "no MPTCP in this kernel");
	/* A look would give the socket a cookie. */
	listener.fd = name.fd = listening.fd = s.fd;
	puppet_call(api, act_bind, &name, sizeof(name));
	puppet_call(api, act_listen, &listening, sizeof(listening));
	if (name.error || listening.error)
		test_abort(t, "stage: an MPTCP listener");
	monitor_watch(t, NULL);
	stage_look(&listener);
	listener.look.cookie = 0; /* the subflow in the table has another one */
	a = stage_refused(web, 0, "0.0.0.0", 8080, EADDRINUSE);
	truth = truth_older(truth_listener(&a, &listener));
	verdict_check(t, &truth);
}

/* UDP autobind leaves no mark of its own: portclash knows that the kernel chose the port, but not
 * how. */
static void scenario_older_udp_autobind(struct test *t)
{
	struct puppet *holder = puppet_start(t, "holder"), *web = puppet_start(t, "web");
	struct prop p = stage_socket(holder, OPT_UDP);
	struct attempt a;
	struct truth truth;

	stage_send(&p, "127.0.0.1", SERVER_PORT);
	monitor_watch(t, NULL);
	a = stage_refused(web, OPT_UDP, "0.0.0.0", p.look.local.port, EADDRINUSE);
	truth = truth_older(truth_ephemeral_bind(&a, &p, NULL));
	verdict_check(t, &truth);
}

/* No process has the socket open: portclash names none, and says so. */
static void scenario_older_time_wait(struct test *t)
{
	struct theft c = theft_connected(t);

	stage_close(&c.out);
	stage_close(&c.in);
	proc_net_await(t, c.out.look.local.port, SERVER_PORT, PROC_NET_TIME_WAIT);
	monitor_watch(t, NULL);
	theft_refuse(&c);
	verdict_check(t, &(struct truth){
				 .attempt = &c.attempt,
				 .cause = "time-wait",
				 .fixes = FIX_CUT | FIX_RESERVE | FIX_OTHER_PORT,
				 .holders = { {
					 .socket = &c.out,
					 .state = "TIME_WAIT",
					 .how = "connect",
					 .minisock = true,
					 .older = true,
					 .note = "has closed",
				 } },
			 });
}

/* A connection that was accepted before has all its fields: its age is its listener's. */
static void scenario_older_accepted(struct test *t)
{
	struct theft c = theft_connected(t);
	struct attempt a;
	struct truth truth;

	stage_close(&c.listener);
	monitor_watch(t, NULL);
	a = stage_refused(c.web, 0, "0.0.0.0", SERVER_PORT, EADDRINUSE);
	truth = truth_older(truth_held(&a, "lingering-connection", FIX_STOP | FIX_REUSEADDR_ALL,
				       &c.in, "ESTABLISHED", "accept"));
	truth.holders[0].peer = c.client;
	verdict_check(t, &truth);
}

const struct scenario cases_refusal_older_holder[] = {
	{ .name = "older-client",
	  .run = scenario_older_client,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "older-bound",
	  .run = scenario_older_bound,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "older-bind-zero",
	  .run = scenario_older_bind_zero,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "older-listener",
	  .run = scenario_older_listener,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "older-mptcp",
	  .run = scenario_older_mptcp,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "older-udp",
	  .run = scenario_older_udp,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "older-udp-autobind",
	  .run = scenario_older_udp_autobind,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "older-time-wait",
	  .run = scenario_older_time_wait,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "older-accepted",
	  .run = scenario_older_accepted,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ 0 },
};
