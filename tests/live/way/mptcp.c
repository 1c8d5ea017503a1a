// SPDX-License-Identifier: GPL-2.0-only
/* MPTCP sockets as requester, as holder and as client. */
#include <errno.h>

#include "judge/truth.h"
#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/theft.h"

static void mptcp_or_skip(struct test *t, struct puppet *p)
{
	struct io_socket a = { .options = OPT_MPTCP };

	puppet_call(p, act_socket, &a, sizeof(a));
	if (a.error)
		test_skip(t, "no MPTCP in this kernel");
}

static void check_mptcp_listener(struct test *t, struct puppet *web, const struct prop *listener,
				 unsigned options)
{
	struct attempt a = stage_refused(web, options, "0.0.0.0", 8080, EADDRINUSE);

	a.socket.tcp_state = 7; /* TCP_INFO says nothing of an MPTCP socket that is idle */
	truth_check_listener(t, &a, listener);
}

static void scenario_mptcp_requester(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct prop listener;

	mptcp_or_skip(t, web);
	monitor_watch(t, NULL);
	listener = stage_listener(api, 0, "0.0.0.0", 8080);
	check_mptcp_listener(t, web, &listener, OPT_MPTCP);
}

/* The bind table has the subflow that the kernel made, whose cookie is its own. */
static void scenario_mptcp_holder(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct prop listener;

	mptcp_or_skip(t, api);
	monitor_watch(t, NULL);
	listener = stage_listener(api, OPT_MPTCP, "0.0.0.0", 8080);
	listener.look.cookie = 0;
	check_mptcp_listener(t, web, &listener, 0);
}

static void scenario_mptcp_client(struct test *t)
{
	struct theft c = theft_cast(t);

	mptcp_or_skip(t, c.client);
	monitor_watch(t, NULL);
	theft_listen(&c, 0);
	c.out = stage_client(c.client, OPT_MPTCP, "127.0.0.1", SERVER_PORT);
	c.out.look.cookie = 0;
	stage_accepted(&c.listener, c.backend);
	theft_refuse(&c);
	truth_check_client(t, &c.attempt, &c.out, c.backend);
}

/* The kernel refuses the subflow, and then the socket: this is one refusal. */
static void scenario_mptcp_privileged_port(struct test *t)
{
	struct puppet *web = puppet_start_as(t, &(struct puppet_spec){ .name = "web", .uid = 33 });
	struct attempt a;

	mptcp_or_skip(t, web);
	monitor_watch(t, NULL);
	a = stage_refused(web, OPT_MPTCP, "0.0.0.0", 80, EACCES);
	a.socket.tcp_state = 7;
	verdict_check(t,
		      &(struct truth){ .attempt = &a, .cause = "privileged-port", .says = "1024" });
	monitor_no_line(t, "refusal", web->pid, QUIET_SECONDS);
}

const struct scenario cases_way_mptcp[] = {
	{ .name = "mptcp-requester", .run = scenario_mptcp_requester },
	{ .name = "mptcp-holder", .run = scenario_mptcp_holder },
	{ .name = "mptcp-client", .run = scenario_mptcp_client },
	{ .name = "mptcp-privileged-port", .run = scenario_mptcp_privileged_port },
	{ 0 },
};
