// SPDX-License-Identifier: GPL-2.0-only
/* Clients that are refused: no port is left for them, which each call reports in its own way, or
 * the port they bound already has the very same connection. */
#include <errno.h>

#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/space.h"

struct connect_cast {
	struct puppet *api;    /* the server */
	struct puppet *first;  /* the client that gets the one port */
	struct puppet *second; /* the client that gets none */
};

static struct connect_cast one_port(struct test *t)
{
	struct connect_cast c = {
		.api = puppet_start(t, "api"),
		.first = puppet_start(t, "first"),
		.second = puppet_start(t, "second"),
	};

	monitor_watch(t, NULL);
	space_set("ipv4/ip_local_port_range", "50000 50000");
	return c;
}

static void no_port(struct test *t, const struct attempt *a, const char *says)
{
	json_t *line = verdict_check(t, &(struct truth){
						.attempt = a,
						.cause = "range-exhausted",
						.says = says,
					});

	if (line && !json_is_string(json_object_get(line, "explanation")))
		test_fail(t, "expected an explanation");
}

static void tcp_of(struct test *t, unsigned options, const char *address)
{
	struct connect_cast c = one_port(t);
	struct prop late;
	struct attempt a;

	stage_listener(c.api, options, address, 8443);
	stage_client(c.first, options, address, 8443);
	late = stage_socket(c.second, options);
	a = stage_refused_connect(&late, act_connect, "connect", address, 8443, EADDRNOTAVAIL);
	no_port(t, &a, "50000\u201350000");
	/* Another destination has ports of its own. */
	stage_listener(c.api, options, address, 8444);
	stage_client(c.second, options, address, 8444);
}

static void scenario_connect_exhausted(struct test *t)
{
	tcp_of(t, 0, "127.0.0.1");
}

static void scenario_connect_exhausted_v6(struct test *t)
{
	tcp_of(t, OPT_V6, "::1");
}

static void udp_connect_of(struct test *t, unsigned options, const char *address)
{
	struct connect_cast c = one_port(t);
	struct prop late;
	struct attempt a;

	stage_bound(c.first, options, address, 50000);
	late = stage_socket(c.second, options);
	a = stage_refused_connect(&late, act_connect, "connect", address, 53, EAGAIN);
	no_port(t, &a, "temporarily unavailable");
}

static void scenario_udp_connect_exhausted(struct test *t)
{
	udp_connect_of(t, OPT_UDP, "127.0.0.1");
}

static void scenario_udp_connect_exhausted_v6(struct test *t)
{
	udp_connect_of(t, OPT_UDP | OPT_V6, "::1");
}

static void scenario_udp_send_exhausted(struct test *t)
{
	struct connect_cast c = one_port(t);
	struct prop late;
	struct attempt a;

	stage_bound(c.first, OPT_UDP, "0.0.0.0", 50000);
	late = stage_socket(c.second, OPT_UDP);
	a = stage_refused_connect(&late, act_send_to, "send", "127.0.0.1", 53, EAGAIN);
	/* The destination does not matter: all destinations share the same UDP ports. */
	a.wanted = (struct end){ "0.0.0.0", 0 };
	no_port(t, &a, "a send without a bind()");
}

/* Two clients that share a port by SO_REUSEADDR, and connect to the same server. */
static void same_connection(struct test *t, const char *filter)
{
	struct connect_cast c = {
		.api = puppet_start(t, "api"),
		.first = puppet_start(t, "first"),
		.second = puppet_start(t, "second"),
	};
	struct prop first, second;
	struct truth truth;
	struct attempt a;

	monitor_watch(t, filter ? (const char *const[]){ "--port", filter, NULL } : NULL);
	stage_listener(c.api, 0, "127.0.0.1", 8443);
	first = stage_bound(c.first, OPT_REUSEADDR, "127.0.0.1", 40000);
	second = stage_bound(c.second, OPT_REUSEADDR, "127.0.0.1", 40000);
	stage_connect(&first, "127.0.0.1", 8443);
	a = stage_refused_connect(&second, act_connect, "connect", "127.0.0.1", 8443,
				  EADDRNOTAVAIL);
	truth = truth_held(&a, "connection-exists", FIX_STOP, &first, "ESTABLISHED", "bind");
	truth.says = "40000";
	truth.holders[0].peer = c.api;
	verdict_check(t, &truth);
}

static void scenario_connection_exists(struct test *t)
{
	same_connection(t, NULL);
}

/* --port finds the refusal by the client's own port, which is what the conflict is about, and by the
 * port of the destination, which is what the client asked for. */
static void scenario_filter_own_port(struct test *t)
{
	same_connection(t, "40000");
}

static void scenario_filter_destination(struct test *t)
{
	same_connection(t, "8443");
}

const struct scenario cases_client_refused[] = {
	{ .name = "connect-exhausted", .run = scenario_connect_exhausted },
	{ .name = "connect-exhausted-v6", .run = scenario_connect_exhausted_v6 },
	{ .name = "udp-connect-exhausted", .run = scenario_udp_connect_exhausted },
	{ .name = "udp-connect-exhausted-v6", .run = scenario_udp_connect_exhausted_v6 },
	{ .name = "udp-send-exhausted", .run = scenario_udp_send_exhausted },
	{ .name = "connection-exists", .run = scenario_connection_exists },
	{ .name = "filter-own-port",
	  .run = scenario_filter_own_port,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ .name = "filter-destination",
	  .run = scenario_filter_destination,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ 0 },
};
