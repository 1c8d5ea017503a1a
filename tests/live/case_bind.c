// SPDX-License-Identifier: GPL-2.0-only
/* TCP ports that bind() or listen() gave: to port 0, by number and then idle, none left. */
#include <errno.h>
#include <string.h>

#include "cases.h"
#include "monitor.h"
#include "space.h"
#include "truth.h"

struct cast {
	struct puppet *holder;
	struct puppet *web;
};

static struct cast cast_of(struct test *t)
{
	struct cast c = { .holder = puppet_start(t, "holder"), .web = puppet_start(t, "web") };

	monitor_watch(t, NULL);
	return c;
}

static void bind_zero(struct test *t)
{
	struct cast c = cast_of(t);
	struct prop p = stage_bound(c.holder, 0, "127.0.0.1", 0);
	struct attempt a = stage_refused(c.web, 0, "0.0.0.0", p.look.local.port, EADDRINUSE);
	struct truth truth = truth_ephemeral_bind(&a, &p, "bind-zero");

	verdict_check(t, &truth);
}

static void bind_zero_v6(struct test *t)
{
	struct cast c = cast_of(t);
	struct prop p = stage_bound(c.holder, OPT_V6, "::", 0);
	struct attempt a = stage_refused(c.web, 0, "127.0.0.1", p.look.local.port, EADDRINUSE);
	struct truth truth = truth_ephemeral_bind(&a, &p, "bind-zero");

	verdict_check(t, &truth);
}

static void bind_zero_connect(struct test *t)
{
	struct cast c = cast_of(t);
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

static void listen_on(struct test *t, struct cast *c, struct prop *p, const char *how)
{
	struct truth truth;
	struct attempt a;

	stage_listen(p, 8);
	a = stage_refused(c->web, 0, "0.0.0.0", p->look.local.port, EADDRINUSE);
	truth = truth_ephemeral_bind(&a, p, how);
	truth.holders[0].state = "LISTEN";
	verdict_check(t, &truth);
}

static void bind_zero_listen(struct test *t)
{
	struct cast c = cast_of(t);
	struct prop p = stage_bound(c.holder, 0, "0.0.0.0", 0);

	listen_on(t, &c, &p, "bind-zero");
}

/* listen() on a socket that was never bound: the fourth way to get a port from the range. */
static void listen_unbound(struct test *t)
{
	struct cast c = cast_of(t);
	struct prop p = stage_socket(c.holder, 0);

	listen_on(t, &c, &p, "autobind");
}

/* What a connect() that failed has claimed says nothing of the port that listen() is given. */
static void listen_after_refused_connect(struct test *t)
{
	struct cast c = cast_of(t);
	struct prop p = stage_socket(c.holder, 0);
	struct io_name to = { .fd = p.fd, .to = { "127.0.0.1", 9 } };

	puppet_call(c.holder, act_connect, &to, sizeof(to));
	if (to.error != ECONNREFUSED)
		test_abort(t, "stage: connect() ended with %s", strerror(to.error));
	listen_on(t, &c, &p, "autobind");
}

static void bound_idle(struct test *t)
{
	struct cast c = cast_of(t);
	struct prop p = stage_bound(c.holder, 0, "0.0.0.0", 8080);
	struct attempt a = stage_refused(c.web, 0, "127.0.0.1", 8080, EADDRINUSE);
	struct truth truth = truth_held(&a, "bound-not-listening", FIX_STOP, &p, "CLOSE", "bind");

	verdict_check(t, &truth);
}

static void bound_idle_reuseaddr(struct test *t)
{
	struct cast c = cast_of(t);
	struct prop p = stage_bound(c.holder, OPT_REUSEADDR, "0.0.0.0", 8080);
	struct attempt a = stage_refused(c.web, 0, "0.0.0.0", 8080, EADDRINUSE);
	struct truth truth = truth_held(&a, "bound-not-listening", FIX_STOP | FIX_REUSEADDR, &p,
					"CLOSE", "bind");

	verdict_check(t, &truth);
}

static void exhausted(struct test *t, unsigned options, const char *address)
{
	struct cast c = cast_of(t);
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

static void range_exhausted(struct test *t)
{
	exhausted(t, 0, "0.0.0.0");
}

static void range_exhausted_udp(struct test *t)
{
	exhausted(t, OPT_UDP, "0.0.0.0");
}

static void range_exhausted_v6(struct test *t)
{
	exhausted(t, OPT_V6, "::");
}

/* listen() on a socket that was never bound needs a port from the range too. */
static void range_exhausted_listen(struct test *t)
{
	struct cast c = cast_of(t);
	struct prop late;
	struct attempt a;

	space_set("ipv4/ip_local_port_range", "50000 50000");
	stage_bound(c.holder, 0, "0.0.0.0", 50000);
	late = stage_socket(c.web, 0);
	a = stage_refused_listen(&late, EADDRINUSE);
	verdict_check(t, &(struct truth){ .attempt = &a, .cause = "range-exhausted" });
}

const struct scenario cases_bind[] = {
	{ .name = "bind-zero", .run = bind_zero },
	{ .name = "bind-zero-v6", .run = bind_zero_v6 },
	{ .name = "bind-zero-then-connect", .run = bind_zero_connect },
	{ .name = "bind-zero-then-listen", .run = bind_zero_listen },
	{ .name = "listen-without-bind", .run = listen_unbound },
	{ .name = "listen-after-refused-connect", .run = listen_after_refused_connect },
	{ .name = "bound-not-listening", .run = bound_idle },
	{ .name = "bound-not-listening-reuseaddr", .run = bound_idle_reuseaddr },
	{ .name = "range-exhausted", .run = range_exhausted },
	{ .name = "range-exhausted-udp", .run = range_exhausted_udp },
	{ .name = "range-exhausted-v6", .run = range_exhausted_v6 },
	{ .name = "range-exhausted-listen", .run = range_exhausted_listen },
	{ 0 },
};
