// SPDX-License-Identifier: GPL-2.0-only
/* UDP: ports by number, by bind() to port 0, and by sending or connecting without a bind(). */
#include <errno.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"

struct cast {
	struct puppet *holder;
	struct puppet *web;
	struct prop p;
};

static struct cast udp_cast(struct test *t, unsigned options)
{
	struct cast c = { .holder = puppet_start(t, "holder"), .web = puppet_start(t, "web") };

	monitor_watch(t, NULL);
	c.p = stage_socket(c.holder, OPT_UDP | options);
	return c;
}

static void check_udp_holder(struct test *t, struct cast *c, unsigned options, const char *want,
			     struct truth truth)
{
	struct attempt a =
		stage_refused(c->web, OPT_UDP | options, want, c->p.look.local.port, EADDRINUSE);

	truth.attempt = &a;
	truth.stop = c->holder;
	truth.holders[0].socket = &c->p;
	truth.holders[0].process = &c->holder->who;
	truth.holders[0].owners[0] = (struct true_owner){ c->holder, c->p.fd };
	verdict_check(t, &truth);
}

static struct truth ephemeral(const char *state, const char *how)
{
	return (struct truth){
		.cause = "ephemeral-bind",
		.says = "not a server",
		.fixes = FIX_CLIENT,
		.holders = { { .state = state, .how = how } },
	};
}

static struct truth server(const char *cause, unsigned fixes)
{
	return (struct truth){
		.cause = cause,
		.fixes = FIX_STOP | FIX_REUSEPORT | fixes,
		.holders = { { .state = "CLOSE", .how = "bind" } },
	};
}

static void scenario_udp_bind_zero(struct test *t)
{
	struct cast c = udp_cast(t, 0);

	stage_bind(&c.p, "0.0.0.0", 0);
	check_udp_holder(t, &c, 0, "0.0.0.0", ephemeral("CLOSE", "bind-zero"));
}

static void scenario_udp_bind_zero_v6(struct test *t)
{
	struct cast c = udp_cast(t, OPT_V6);

	stage_bind(&c.p, "::1", 0);
	check_udp_holder(t, &c, OPT_V6, "::", ephemeral("CLOSE", "bind-zero"));
}

static void scenario_udp_autobind_send(struct test *t)
{
	struct cast c = udp_cast(t, 0);

	stage_send(&c.p, "127.0.0.1", SERVER_PORT);
	check_udp_holder(t, &c, 0, "127.0.0.1", ephemeral("CLOSE", "autobind"));
}

/* A later send is not the claim: `since` stays as it was. */
static void scenario_udp_autobind_send_twice(struct test *t)
{
	struct cast c = udp_cast(t, 0);

	stage_send(&c.p, "127.0.0.1", SERVER_PORT);
	sleep_ms(100);
	stage_send(&c.p, "127.0.0.1", SERVER_PORT);
	check_udp_holder(t, &c, 0, "0.0.0.0", ephemeral("CLOSE", "autobind"));
}

/* connect() to AF_UNSPEC gives the port back, and the next send takes another one: that is the claim. */
static void scenario_udp_autobind_send_again(struct test *t)
{
	struct cast c = udp_cast(t, 0);
	uint16_t first;

	stage_send(&c.p, "127.0.0.1", SERVER_PORT);
	first = c.p.look.local.port;
	stage_disconnect(&c.p);
	sleep_ms(100);
	stage_send(&c.p, "127.0.0.1", SERVER_PORT);
	if (c.p.look.local.port == first)
		test_skip(t, "the kernel gave the socket the port that it had before");
	check_udp_holder(t, &c, 0, "0.0.0.0", ephemeral("CLOSE", "autobind"));
}

static void scenario_udp_autobind_send_v6(struct test *t)
{
	struct cast c = udp_cast(t, OPT_V6);

	stage_send(&c.p, "::1", SERVER_PORT);
	check_udp_holder(t, &c, OPT_V6, "::", ephemeral("CLOSE", "autobind"));
}

static void scenario_udp_autobind_send_mapped(struct test *t)
{
	struct cast c = udp_cast(t, OPT_V6);

	stage_send(&c.p, "::ffff:127.0.0.1", SERVER_PORT);
	check_udp_holder(t, &c, 0, "0.0.0.0", ephemeral("CLOSE", "autobind"));
}

static void scenario_udp_autobind_connect(struct test *t)
{
	struct cast c = udp_cast(t, 0);

	stage_connect(&c.p, "127.0.0.1", SERVER_PORT);
	check_udp_holder(t, &c, 0, "0.0.0.0", ephemeral("ESTABLISHED", "autobind"));
}

static void scenario_udp_autobind_connect_v6(struct test *t)
{
	struct cast c = udp_cast(t, OPT_V6);

	stage_connect(&c.p, "::1", SERVER_PORT);
	check_udp_holder(t, &c, OPT_V6, "::1", ephemeral("ESTABLISHED", "autobind"));
}

static void scenario_udp_listener(struct test *t)
{
	struct cast c = udp_cast(t, 0);

	stage_bind(&c.p, "0.0.0.0", 5353);
	check_udp_holder(t, &c, 0, "0.0.0.0", server("listener", 0));
}

static void scenario_udp_listener_reuseaddr(struct test *t)
{
	struct cast c = udp_cast(t, OPT_REUSEADDR);

	stage_bind(&c.p, "0.0.0.0", 5353);
	check_udp_holder(t, &c, 0, "0.0.0.0", server("listener", FIX_REUSEADDR));
}

static void scenario_udp_listener_v6(struct test *t)
{
	struct cast c = udp_cast(t, OPT_V6);

	stage_bind(&c.p, "::1", 5353);
	check_udp_holder(t, &c, OPT_V6, "::", server("wildcard-overlap", FIX_SPECIFIC));
}

static void scenario_udp_listener_dual_stack(struct test *t)
{
	struct cast c = udp_cast(t, OPT_V6);

	stage_bind(&c.p, "::", 5353);
	check_udp_holder(t, &c, 0, "127.0.0.1", server("dual-stack", FIX_V6ONLY));
}

static void scenario_udp_listener_v6only(struct test *t)
{
	struct cast c = udp_cast(t, OPT_V6 | OPT_V6ONLY);

	stage_bind(&c.p, "::", 5353);
	check_udp_holder(t, &c, OPT_V6 | OPT_V6ONLY, "::1",
			 server("wildcard-overlap", FIX_SPECIFIC));
}

/* A client that binds by number and then connects insists on its port. */
static void scenario_udp_explicit_client(struct test *t)
{
	struct cast c = udp_cast(t, 0);
	struct truth truth = {
		.cause = "explicit-client",
		.fixes = FIX_STOP,
		.holders = { { .state = "ESTABLISHED", .how = "bind" } },
	};

	stage_bind(&c.p, "127.0.0.1", 45001);
	stage_connect(&c.p, "127.0.0.1", SERVER_PORT);
	check_udp_holder(t, &c, 0, "127.0.0.1", truth);
}

const struct scenario cases_refusal_udp[] = {
	{ .name = "udp-bind-zero", .run = scenario_udp_bind_zero },
	{ .name = "udp-bind-zero-v6", .run = scenario_udp_bind_zero_v6 },
	{ .name = "udp-autobind-send", .run = scenario_udp_autobind_send },
	{ .name = "udp-autobind-send-twice", .run = scenario_udp_autobind_send_twice },
	{ .name = "udp-autobind-send-again", .run = scenario_udp_autobind_send_again },
	{ .name = "udp-autobind-send-v6", .run = scenario_udp_autobind_send_v6 },
	{ .name = "udp-autobind-send-mapped", .run = scenario_udp_autobind_send_mapped },
	{ .name = "udp-autobind-connect", .run = scenario_udp_autobind_connect },
	{ .name = "udp-autobind-connect-v6", .run = scenario_udp_autobind_connect_v6 },
	{ .name = "udp-listener", .run = scenario_udp_listener },
	{ .name = "udp-listener-reuseaddr", .run = scenario_udp_listener_reuseaddr },
	{ .name = "udp-listener-v6", .run = scenario_udp_listener_v6 },
	{ .name = "udp-listener-dual-stack", .run = scenario_udp_listener_dual_stack },
	{ .name = "udp-listener-v6only", .run = scenario_udp_listener_v6only },
	{ .name = "udp-explicit-client", .run = scenario_udp_explicit_client },
	{ 0 },
};
