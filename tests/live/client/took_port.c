// SPDX-License-Identifier: GPL-2.0-only
/* A server's port that an outgoing connection took: the kernel chose it, or the client asked
 * for it by number. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "judge/proc_net.h"
#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/space.h"
#include "stage/theft.h"

#define RESERVED "40000-40005"

static struct theft client_cast(struct test *t)
{
	space_set("ipv4/ip_local_reserved_ports", RESERVED);
	return theft_cast(t);
}

static void connect_them(struct theft *c, unsigned options, const char *at, const char *to)
{
	c->listener = stage_listener(c->backend, strchr(at, ':') ? OPT_V6 : 0, at, SERVER_PORT);
	c->out = stage_client(c->client, options, to, SERVER_PORT);
	c->in = stage_accepted(&c->listener, c->backend);
}

static struct truth client_truth(const struct theft *c, const struct attempt *a)
{
	struct truth truth = truth_client(a, &c->out, c->backend);

	truth.reserved = RESERVED;
	return truth;
}

static json_t *check_client_refusal(struct test *t, const struct theft *c, unsigned options,
				    const char *want)
{
	struct attempt a = stage_refused(c->web, options, want, c->out.look.local.port, EADDRINUSE);
	struct truth truth = client_truth(c, &a);
	json_t *line = verdict_check(t, &truth);
	struct spot s = spot_of(t, line);

	if (line)
		expect_not_a_listener(&s);
	return line;
}

static void theft_by_client(struct test *t, unsigned client, const char *at, const char *to,
			    unsigned server, const char *want)
{
	struct theft c = client_cast(t);

	monitor_watch(t, NULL);
	connect_them(&c, client, at, to);
	check_client_refusal(t, &c, server, want);
}

static void scenario_ephemeral_client(struct test *t)
{
	struct theft c = client_cast(t);
	json_t *line;

	monitor_watch(t, NULL);
	connect_them(&c, 0, "0.0.0.0", "127.0.0.1");
	line = check_client_refusal(t, &c, 0, "0.0.0.0");
	fixes_run_reserve(t, line, RESERVED, c.out.look.local.port);
}

static void scenario_ephemeral_client_specific_address(struct test *t)
{
	theft_by_client(t, 0, "127.0.0.1", "127.0.0.1", 0, "127.0.0.1");
}

/* The monitor runs in the same namespace, so the command needs no nsenter. Once the port is
 * reserved, reserving it is no fix any more. */
static void scenario_reserve_in_own_namespace(struct test *t)
{
	static const char *const argv[] = { "trace", "--json", NULL };
	struct theft c = client_cast(t);
	struct attempt again;
	struct truth truth;
	json_t *line;

	monitor_watch_as(t, &(struct monitor_spec){ .argv = argv, .in_space = true });
	connect_them(&c, 0, "127.0.0.1", "127.0.0.1");
	line = check_client_refusal(t, &c, 0, "0.0.0.0");
	if (!line)
		return;
	fixes_run_reserve(t, line, RESERVED, c.out.look.local.port);
	again = stage_refused(c.web, 0, "0.0.0.0", c.out.look.local.port, EADDRINUSE);
	truth = client_truth(&c, &again);
	truth.fixes &= ~FIX_RESERVE;
	truth.says = "reserved";
	verdict_check(t, &truth);
}

static void scenario_reserve_first_port(struct test *t)
{
	struct theft c = client_cast(t);
	struct attempt a;
	struct truth truth;

	space_set("ipv4/ip_local_reserved_ports", "\n");
	monitor_watch(t, NULL);
	connect_them(&c, 0, "127.0.0.1", "127.0.0.1");
	a = stage_refused(c.web, 0, "0.0.0.0", c.out.look.local.port, EADDRINUSE);
	truth = client_truth(&c, &a);
	truth.reserved = "";
	fixes_run_reserve(t, verdict_check(t, &truth), "", c.out.look.local.port);
}

static void scenario_ephemeral_client_v6(struct test *t)
{
	theft_by_client(t, OPT_V6, "::", "::1", OPT_V6, "::");
}

static void scenario_ephemeral_client_v6_specific(struct test *t)
{
	theft_by_client(t, OPT_V6, "::1", "::1", OPT_V6, "::1");
}

/* tcp_v6_connect() writes 127.0.0.6 as the IPv4 address of such a client: it is in the way of
 * the IPv4 wildcard, though it has no IPv4 address. */
static void scenario_ephemeral_client_v6_wildcard_v4(struct test *t)
{
	theft_by_client(t, OPT_V6, "::", "::1", 0, "0.0.0.0");
}

static void scenario_mapped_client(struct test *t)
{
	theft_by_client(t, OPT_V6, "0.0.0.0", "::ffff:127.0.0.1", 0, "0.0.0.0");
}

static void scenario_mapped_server(struct test *t)
{
	theft_by_client(t, 0, "127.0.0.1", "127.0.0.1", OPT_V6, "::ffff:127.0.0.1");
}

static void scenario_mapped_client_and_server(struct test *t)
{
	theft_by_client(t, OPT_V6, "127.0.0.1", "::ffff:127.0.0.1", OPT_V6, "::ffff:127.0.0.1");
}

static void scenario_dual_stack_server(struct test *t)
{
	theft_by_client(t, 0, "127.0.0.1", "127.0.0.1", OPT_V6, "::");
}

/* The client asked for its port by number, and only then connected. */
static void explicit_client_from(struct test *t, const char *bound)
{
	struct theft c = client_cast(t);
	struct attempt a;
	struct truth truth;

	monitor_watch(t, NULL);
	c.listener = stage_listener(c.backend, 0, "127.0.0.1", SERVER_PORT);
	c.out = stage_bound(c.client, 0, bound, 45000);
	stage_connect(&c.out, "127.0.0.1", SERVER_PORT);
	c.in = stage_accepted(&c.listener, c.backend);
	a = stage_refused(c.web, 0, "0.0.0.0", 45000, EADDRINUSE);
	truth = client_truth(&c, &a);
	truth.cause = "explicit-client";
	truth.says = "not by a listener";
	truth.fixes = FIX_STOP;
	truth.holders[0].how = "bind";
	verdict_check(t, &truth);
}

static void scenario_explicit_client(struct test *t)
{
	explicit_client_from(t, "127.0.0.1");
}

static void scenario_explicit_client_wildcard(struct test *t)
{
	explicit_client_from(t, "0.0.0.0");
}

/* Two clients of two processes on one port, to two servers: both stand in the way. */
static void scenario_two_clients_on_one_port(struct test *t)
{
	struct theft c = client_cast(t);
	struct puppet *second = puppet_start(t, "second");
	struct prop other_listener, other_out;
	struct attempt a;
	struct truth truth;
	char range[16];

	monitor_watch(t, NULL);
	connect_them(&c, 0, "127.0.0.1", "127.0.0.1");
	snprintf(range, sizeof(range), "%u %u", c.out.look.local.port, c.out.look.local.port);
	space_set("ipv4/ip_local_port_range", range);
	other_listener = stage_listener(c.backend, 0, "127.0.0.1", SERVER_PORT + 1);
	other_out = stage_client(second, 0, "127.0.0.1", SERVER_PORT + 1);
	stage_accepted(&other_listener, c.backend);
	a = stage_refused(c.web, 0, "0.0.0.0", c.out.look.local.port, EADDRINUSE);
	truth = client_truth(&c, &a);
	truth.stop = NULL;
	truth.fixes = FIX_CLIENT;
	truth.holders[1] = truth_holder(&other_out, "ESTABLISHED", "connect");
	truth.holders[1].peer = c.backend;
	verdict_check(t, &truth);
}

/* The connection belongs to a worker, not to the listener's process. */
static void peer_is_worker_of(struct test *t, unsigned client, const char *to)
{
	struct theft c = client_cast(t);
	struct puppet *worker = puppet_start(t, "worker");
	struct prop copy;
	struct attempt a;
	struct truth truth;

	monitor_watch(t, NULL);
	c.listener = stage_listener(c.backend, 0, "0.0.0.0", SERVER_PORT);
	copy = stage_pass(&c.listener, worker);
	c.out = stage_client(c.client, client, to, SERVER_PORT);
	c.in = stage_accepted(&copy, worker);
	stage_close(&copy);
	a = stage_refused(c.web, 0, "0.0.0.0", c.out.look.local.port, EADDRINUSE);
	truth = client_truth(&c, &a);
	truth.holders[0].peer = worker;
	verdict_check(t, &truth);
}

static void scenario_peer_is_worker(struct test *t)
{
	peer_is_worker_of(t, 0, "127.0.0.1");
}

static void scenario_peer_is_worker_mapped(struct test *t)
{
	peer_is_worker_of(t, OPT_V6, "::ffff:127.0.0.1");
}

/* The connection is not accepted yet: the other end is in the listener's queue, so the listener's
 * process is the peer. */
static void scenario_peer_in_accept_queue(struct test *t)
{
	struct theft c = client_cast(t);
	struct attempt a;
	struct truth truth;

	monitor_watch(t, NULL);
	c.listener = stage_listener(c.backend, 0, "0.0.0.0", SERVER_PORT);
	c.out = stage_client(c.client, 0, "127.0.0.1", SERVER_PORT);
	a = stage_refused(c.web, 0, "0.0.0.0", c.out.look.local.port, EADDRINUSE);
	truth = client_truth(&c, &a);
	verdict_check(t, &truth);
}

/* A client whose server does not answer has its port all the same. */
static void scenario_syn_sent(struct test *t)
{
	struct theft c = client_cast(t);
	struct prop full[2];
	struct attempt a;
	struct truth truth;

	monitor_watch(t, NULL);
	c.listener = stage_bound(c.backend, 0, "127.0.0.1", SERVER_PORT);
	stage_listen(&c.listener, 0);
	for (int i = 0; i < 2; i++) {
		full[i] = stage_socket(c.backend, 0);
		stage_try_connect(&full[i], "127.0.0.1", SERVER_PORT);
	}
	c.out = stage_socket(c.client, 0);
	stage_try_connect(&c.out, "127.0.0.1", SERVER_PORT);
	proc_net_await(t, c.out.look.local.port, SERVER_PORT, PROC_NET_SYN_SENT);
	a = stage_refused(c.web, 0, "0.0.0.0", c.out.look.local.port, EADDRINUSE);
	truth = client_truth(&c, &a);
	truth.holders[0].state = "SYN_SENT";
	c.out.look.remote = (struct end){ "127.0.0.1", SERVER_PORT };
	verdict_check(t, &truth);
}

const struct scenario cases_client_took_port[] = {
	{ .name = "ephemeral-client", .run = scenario_ephemeral_client },
	{ .name = "ephemeral-client-specific-address",
	  .run = scenario_ephemeral_client_specific_address },
	{ .name = "reserve-in-own-namespace",
	  .run = scenario_reserve_in_own_namespace,
	  .watch = WATCH_OWN },
	{ .name = "reserve-first-port", .run = scenario_reserve_first_port },
	{ .name = "ephemeral-client-v6", .run = scenario_ephemeral_client_v6 },
	{ .name = "ephemeral-client-v6-specific", .run = scenario_ephemeral_client_v6_specific },
	{ .name = "ephemeral-client-v6-wildcard-v4",
	  .run = scenario_ephemeral_client_v6_wildcard_v4 },
	{ .name = "mapped-client", .run = scenario_mapped_client },
	{ .name = "mapped-server", .run = scenario_mapped_server },
	{ .name = "mapped-client-and-server", .run = scenario_mapped_client_and_server },
	{ .name = "dual-stack-server", .run = scenario_dual_stack_server },
	{ .name = "explicit-client", .run = scenario_explicit_client },
	{ .name = "explicit-client-wildcard", .run = scenario_explicit_client_wildcard },
	{ .name = "peer-is-worker", .run = scenario_peer_is_worker },
	{ .name = "peer-is-worker-mapped", .run = scenario_peer_is_worker_mapped },
	{ .name = "peer-in-accept-queue", .run = scenario_peer_in_accept_queue },
	{ .name = "syn-sent", .run = scenario_syn_sent },
	{ .name = "two-clients-on-one-port", .run = scenario_two_clients_on_one_port },
	{ 0 },
};
