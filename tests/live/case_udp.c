// SPDX-License-Identifier: GPL-2.0-only
/* UDP: ports by number, by bind() to port 0, and by sending or connecting without a bind(). */
#include <errno.h>

#include "cases.h"
#include "monitor.h"
#include "verdict.h"

struct cast {
	struct puppet *holder;
	struct puppet *web;
	struct prop p;
};

static struct cast cast_of(struct test *t, unsigned options)
{
	struct cast c = { .holder = puppet_start(t, "holder"), .web = puppet_start(t, "web") };

	monitor_watch(t, NULL);
	c.p = stage_socket(c.holder, OPT_UDP | options);
	return c;
}

static void check(struct test *t, struct cast *c, unsigned options, const char *want,
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

static void bind_zero(struct test *t)
{
	struct cast c = cast_of(t, 0);

	stage_bind(&c.p, "0.0.0.0", 0);
	check(t, &c, 0, "0.0.0.0", ephemeral("CLOSE", "bind-zero"));
}

static void bind_zero_v6(struct test *t)
{
	struct cast c = cast_of(t, OPT_V6);

	stage_bind(&c.p, "::1", 0);
	check(t, &c, OPT_V6, "::", ephemeral("CLOSE", "bind-zero"));
}

static void send_to(struct test *t)
{
	struct cast c = cast_of(t, 0);

	stage_send(&c.p, "127.0.0.1", SERVER_PORT);
	check(t, &c, 0, "127.0.0.1", ephemeral("CLOSE", "autobind"));
}

/* A later send is not the claim: since stays what it was. */
static void send_twice(struct test *t)
{
	struct cast c = cast_of(t, 0);

	stage_send(&c.p, "127.0.0.1", SERVER_PORT);
	sleep_ms(100);
	stage_send(&c.p, "127.0.0.1", SERVER_PORT);
	check(t, &c, 0, "0.0.0.0", ephemeral("CLOSE", "autobind"));
}

static void send_to_v6(struct test *t)
{
	struct cast c = cast_of(t, OPT_V6);

	stage_send(&c.p, "::1", SERVER_PORT);
	check(t, &c, OPT_V6, "::", ephemeral("CLOSE", "autobind"));
}

static void send_to_mapped(struct test *t)
{
	struct cast c = cast_of(t, OPT_V6);

	stage_send(&c.p, "::ffff:127.0.0.1", SERVER_PORT);
	check(t, &c, 0, "0.0.0.0", ephemeral("CLOSE", "autobind"));
}

static void connected(struct test *t)
{
	struct cast c = cast_of(t, 0);

	stage_connect(&c.p, "127.0.0.1", SERVER_PORT);
	check(t, &c, 0, "0.0.0.0", ephemeral("ESTABLISHED", "autobind"));
}

static void connected_v6(struct test *t)
{
	struct cast c = cast_of(t, OPT_V6);

	stage_connect(&c.p, "::1", SERVER_PORT);
	check(t, &c, OPT_V6, "::1", ephemeral("ESTABLISHED", "autobind"));
}

static void by_number(struct test *t)
{
	struct cast c = cast_of(t, 0);

	stage_bind(&c.p, "0.0.0.0", 5353);
	check(t, &c, 0, "0.0.0.0", server("listener", 0));
}

static void by_number_reuseaddr(struct test *t)
{
	struct cast c = cast_of(t, OPT_REUSEADDR);

	stage_bind(&c.p, "0.0.0.0", 5353);
	check(t, &c, 0, "0.0.0.0", server("listener", FIX_REUSEADDR));
}

static void by_number_v6(struct test *t)
{
	struct cast c = cast_of(t, OPT_V6);

	stage_bind(&c.p, "::1", 5353);
	check(t, &c, OPT_V6, "::", server("wildcard-overlap", FIX_SPECIFIC));
}

static void dual_stack(struct test *t)
{
	struct cast c = cast_of(t, OPT_V6);

	stage_bind(&c.p, "::", 5353);
	check(t, &c, 0, "127.0.0.1", server("dual-stack", FIX_V6ONLY));
}

static void v6only_beside(struct test *t)
{
	struct cast c = cast_of(t, OPT_V6 | OPT_V6ONLY);

	stage_bind(&c.p, "::", 5353);
	check(t, &c, OPT_V6 | OPT_V6ONLY, "::1", server("wildcard-overlap", FIX_SPECIFIC));
}

/* Bound by number and then connected: a client that insists on its port. */
static void explicit_client(struct test *t)
{
	struct cast c = cast_of(t, 0);
	struct truth truth = {
		.cause = "explicit-client",
		.fixes = FIX_STOP,
		.holders = { { .state = "ESTABLISHED", .how = "bind" } },
	};

	stage_bind(&c.p, "127.0.0.1", 45001);
	stage_connect(&c.p, "127.0.0.1", SERVER_PORT);
	check(t, &c, 0, "127.0.0.1", truth);
}

const struct scenario cases_udp[] = {
	{ .name = "udp-bind-zero", .run = bind_zero },
	{ .name = "udp-bind-zero-v6", .run = bind_zero_v6 },
	{ .name = "udp-autobind-send", .run = send_to },
	{ .name = "udp-autobind-send-twice", .run = send_twice },
	{ .name = "udp-autobind-send-v6", .run = send_to_v6 },
	{ .name = "udp-autobind-send-mapped", .run = send_to_mapped },
	{ .name = "udp-autobind-connect", .run = connected },
	{ .name = "udp-autobind-connect-v6", .run = connected_v6 },
	{ .name = "udp-listener", .run = by_number },
	{ .name = "udp-listener-reuseaddr", .run = by_number_reuseaddr },
	{ .name = "udp-listener-v6", .run = by_number_v6 },
	{ .name = "udp-listener-dual-stack", .run = dual_stack },
	{ .name = "udp-listener-v6only", .run = v6only_beside },
	{ .name = "udp-explicit-client", .run = explicit_client },
	{ 0 },
};
