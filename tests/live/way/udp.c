// SPDX-License-Identifier: GPL-2.0-only
/* UDP clients that get their port in sendmsg() or sendmmsg(), and clients and servers of different
 * address families. */
#include <errno.h>

#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/acts_rare.h"

static void udp_of(struct test *t, unsigned options, puppet_fn fn, const char *to, unsigned server,
		   const char *want)
{
	struct puppet *client = puppet_start(t, "client"), *web = puppet_start(t, "web");
	struct truth truth;
	struct attempt a;
	struct prop p;

	monitor_watch(t, NULL);
	p = stage_socket(client, OPT_UDP | options);
	stage_call(&p, fn, "sending", to, SERVER_PORT);
	a = stage_refused(web, OPT_UDP | server, want, p.look.local.port, EADDRINUSE);
	truth = truth_ephemeral_bind(&a, &p, "autobind");
	truth.says = "not a server";
	if (fn == act_connect)
		truth.holders[0].state = "ESTABLISHED";
	verdict_check(t, &truth);
}

static void scenario_udp_sendmsg(struct test *t)
{
	udp_of(t, 0, act_send_message, "127.0.0.1", 0, "0.0.0.0");
}

static void scenario_udp_sendmsg_v6(struct test *t)
{
	udp_of(t, OPT_V6, act_send_message, "::1", OPT_V6, "::");
}

static void scenario_udp_sendmmsg(struct test *t)
{
	udp_of(t, 0, act_send_messages, "127.0.0.1", 0, "127.0.0.1");
}

static void scenario_udp_mapped_client(struct test *t)
{
	udp_of(t, OPT_V6, act_connect, "::ffff:127.0.0.1", 0, "0.0.0.0");
}

static void scenario_udp_mapped_server(struct test *t)
{
	udp_of(t, 0, act_connect, "127.0.0.1", OPT_V6, "::ffff:127.0.0.1");
}

/* ip6_datagram_connect() writes 127.0.0.6 as the IPv4 address of such a client, as TCP does. */
static void scenario_udp_v6_client_wildcard_v4(struct test *t)
{
	udp_of(t, OPT_V6, act_connect, "::1", 0, "0.0.0.0");
}

static void scenario_udp_dual_stack_server(struct test *t)
{
	udp_of(t, 0, act_connect, "127.0.0.1", OPT_V6, "::");
}

const struct scenario cases_way_udp[] = {
	{ .name = "udp-sendmsg", .run = scenario_udp_sendmsg },
	{ .name = "udp-sendmsg-v6", .run = scenario_udp_sendmsg_v6 },
	{ .name = "udp-sendmmsg", .run = scenario_udp_sendmmsg },
	{ .name = "udp-mapped-client", .run = scenario_udp_mapped_client },
	{ .name = "udp-mapped-server", .run = scenario_udp_mapped_server },
	{ .name = "udp-v6-client-wildcard-v4", .run = scenario_udp_v6_client_wildcard_v4 },
	{ .name = "udp-dual-stack-server", .run = scenario_udp_dual_stack_server },
	{ 0 },
};
