// SPDX-License-Identifier: GPL-2.0-only
/* TCP ports obtained by bind() or listen(): from port 0, by number and then idle, none left. */
#include <errno.h>
#include <string.h>

#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/space.h"

struct cast {
	struct test *t;
	struct puppet *holder;
	struct puppet *web;
};

static struct cast bound_cast(struct test *t)
{
	struct cast c = { t, puppet_start(t, "holder"), puppet_start(t, "web") };

	monitor_watch(t, NULL);
	return c;
}

static void scenario_bind_zero(struct test *t)
{
	struct cast c = bound_cast(t);
	struct prop p = stage_bound(c.holder, 0, "127.0.0.1", 0);
	struct attempt a = stage_refused(c.web, 0, "0.0.0.0", p.look.local.port, EADDRINUSE);
	struct truth truth = truth_ephemeral_bind(&a, &p, "bind-zero");

	verdict_check(t, &truth);
}

static void scenario_bind_zero_v6(struct test *t)
{
	struct cast c = bound_cast(t);
	struct prop p = stage_bound(c.holder, OPT_V6, "::", 0);
	struct attempt a = stage_refused(c.web, 0, "127.0.0.1", p.look.local.port, EADDRINUSE);
	struct truth truth = truth_ephemeral_bind(&a, &p, "bind-zero");

	verdict_check(t, &truth);
}

static void scenario_bind_zero_then_connect(struct test *t)
{
	struct cast c = bound_cast(t);
	struct puppet *backend = puppet_start(t, "backend");
	struct prop listener = stage_listener(backend, 0, "127.0.0.1", SERVER_PORT);
	struct prop p = stage_bound(c.holder, 0, "0.0.0.0", 0);
	struct attempt a;
	struct truth truth;

	stage_connect(&p, "127.0.0.1", SERVER_PORT);
	stage_accepted(&listener, backend);
	a = stage_refused(c.web, 0, "0.0.0.0", p.look.local.port, EADDRINUSE);
	truth = truth_ephemeral_bind(&a, &p, "bind-zero");
	truth.holders[0].state = "ESTABLISHED";
	truth.holders[0].peer = backend;
	truth.says = "not a listener";
	verdict_check(t, &truth);
}

static void listen_on_bound(struct test *t, struct cast *c, struct prop *p, const char *how)
{
	struct truth truth;
	struct attempt a;

	stage_listen(p, 8);
	a = stage_refused(c->web, 0, "0.0.0.0", p->look.local.port, EADDRINUSE);
	truth = truth_ephemeral_bind(&a, p, how);
	truth.holders[0].state = "LISTEN";
	verdict_check(t, &truth);
}

static void scenario_bind_zero_then_listen(struct test *t)
{
	struct cast c = bound_cast(t);
	struct prop p = stage_bound(c.holder, 0, "0.0.0.0", 0);

	listen_on_bound(t, &c, &p, "bind-zero");
}

/* listen() on a socket that was never bound: the fourth way to get a port from the range. */
static void scenario_listen_without_bind(struct test *t)
{
	struct cast c = bound_cast(t);
	struct prop p = stage_socket(c.holder, 0);

	listen_on_bound(t, &c, &p, "autobind");
}

/* A socket whose connect() nobody accepted */
static struct prop refused_client(const struct cast *c)
{
	struct prop p = stage_socket(c->holder, 0);
	struct io_name to = { .fd = p.fd, .to = { "127.0.0.1", 9 } };

	puppet_call(c->holder, act_connect, &to, sizeof(to));
	if (to.error != ECONNREFUSED)
		test_abort(c->t, "stage: connect() ended with %s", strerror(to.error));
	return p;
}

/* The claim of a failed connect() says nothing of the port that listen() is given. */
static void scenario_listen_after_refused_connect(struct test *t)
{
	struct cast c = bound_cast(t);
	struct prop other = refused_client(&c), p = refused_client(&c);
	struct io_listen tried = { .fd = other.fd, .backlog = 8 };

	puppet_call(c.holder, act_listen, &tried, sizeof(tried));
	if (tried.error == EINVAL)
		test_skip(t, "this kernel lets no socket listen whose connect() was refused");
	listen_on_bound(t, &c, &p, "autobind");
}

/* The kernel takes the port from a listener that is shut down, and gives it another one at the next listen(): that is
 * the claim. */
static void scenario_listen_again(struct test *t)
{
	struct cast c = bound_cast(t);
	struct prop p = stage_bound(c.holder, 0, "0.0.0.0", 0);
	uint16_t first = p.look.local.port;

	stage_listen(&p, 8);
	stage_disconnect(&p);
	sleep_ms(60);
	stage_listen(&p, 8);
	if (p.look.local.port == first)
		test_skip(t, "the kernel gave the listener the port that it had before");
	listen_on_bound(t, &c, &p, "autobind");
}

static void scenario_bound_not_listening(struct test *t)
{
	struct cast c = bound_cast(t);
	struct prop p = stage_bound(c.holder, 0, "0.0.0.0", 8080);
	struct attempt a = stage_refused(c.web, 0, "127.0.0.1", 8080, EADDRINUSE);
	struct truth truth = truth_held(&a, "bound-not-listening", FIX_STOP, &p, "CLOSE", "bind");

	verdict_check(t, &truth);
}

static void scenario_bound_not_listening_reuseaddr(struct test *t)
{
	struct cast c = bound_cast(t);
	struct prop p = stage_bound(c.holder, OPT_REUSEADDR, "0.0.0.0", 8080);
	struct attempt a = stage_refused(c.web, 0, "0.0.0.0", 8080, EADDRINUSE);
	struct truth truth = truth_held(&a, "bound-not-listening", FIX_STOP | FIX_REUSEADDR, &p,
					"CLOSE", "bind");

	verdict_check(t, &truth);
}

static void exhausted(struct test *t, unsigned options, const char *address)
{
	struct cast c = bound_cast(t);
	struct attempt a;

	space_set("ipv4/ip_local_port_range", "50000 50001");
	stage_bound(c.holder, options, address, 50000);
	stage_bound(c.holder, options, address, 50001);
	a = stage_refused(c.web, options, address, 0, EADDRINUSE);
	verdict_check(t, &(struct truth){
				 .attempt = &a,
				 .cause = "range-exhausted",
				 .says = "50000\u201350001",
			 });
}

static void scenario_range_exhausted(struct test *t)
{
	exhausted(t, 0, "0.0.0.0");
}

static void scenario_range_exhausted_udp(struct test *t)
{
	exhausted(t, OPT_UDP, "0.0.0.0");
}

static void scenario_range_exhausted_v6(struct test *t)
{
	exhausted(t, OPT_V6, "::");
}

/* listen() on a socket that was never bound needs a port from the range too. */
static void scenario_range_exhausted_listen(struct test *t)
{
	struct cast c = bound_cast(t);
	struct prop late;
	struct attempt a;

	space_set("ipv4/ip_local_port_range", "50000 50000");
	stage_bound(c.holder, 0, "0.0.0.0", 50000);
	late = stage_socket(c.web, 0);
	a = stage_refused_listen(&late, EADDRINUSE);
	verdict_check(t, &(struct truth){ .attempt = &a, .cause = "range-exhausted" });
}

const struct scenario cases_refusal_bound[] = {
	{ .name = "bind-zero", .run = scenario_bind_zero },
	{ .name = "bind-zero-v6", .run = scenario_bind_zero_v6 },
	{ .name = "bind-zero-then-connect", .run = scenario_bind_zero_then_connect },
	{ .name = "bind-zero-then-listen", .run = scenario_bind_zero_then_listen },
	{ .name = "listen-without-bind", .run = scenario_listen_without_bind },
	{ .name = "listen-after-refused-connect", .run = scenario_listen_after_refused_connect },
	{ .name = "listen-again", .run = scenario_listen_again },
	{ .name = "bound-not-listening", .run = scenario_bound_not_listening },
	{ .name = "bound-not-listening-reuseaddr", .run = scenario_bound_not_listening_reuseaddr },
	{ .name = "range-exhausted", .run = scenario_range_exhausted },
	{ .name = "range-exhausted-udp", .run = scenario_range_exhausted_udp },
	{ .name = "range-exhausted-v6", .run = scenario_range_exhausted_v6 },
	{ .name = "range-exhausted-listen", .run = scenario_range_exhausted_listen },
	{ 0 },
};
