// SPDX-License-Identifier: GPL-2.0-only
/* Socket calls by io_uring: no system call of that name is ever made. Function hooks see them;
 * the tracepoint back end sees neither bind() nor listen(), says so, and still names the holder. */
#include <errno.h>
#include <string.h>

#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/acts_uring.h"
#include "stage/space.h"
#include "stage/theft.h"

#define PORT 8080

/* Stages it all: backend listens; client claims a port by io_uring; web wants the port. */
static struct theft uring_cast(struct test *t, int operation, const char *name, unsigned options)
{
	struct theft c = theft_cast(t);

	uring_or_skip(c.client, operation, name);
	monitor_watch(t, NULL);
	theft_listen(&c, options & OPT_V6);
	c.out = stage_socket(c.client, options);
	return c;
}

static void check_uring_client(struct test *t, struct theft *c, unsigned options, const char *want)
{
	struct attempt a;
	struct truth truth;

	stage_accepted(&c->listener, c->backend);
	stage_look(&c->out);
	a = stage_refused(c->web, options, want, c->out.look.local.port, EADDRINUSE);
	truth = truth_client(&a, &c->out, c->backend);
	truth.says = "not by a listener";
	verdict_check(t, &truth);
}

static void connect_by(struct test *t, puppet_fn fn, int operation, const char *name)
{
	struct theft c = uring_cast(t, operation, name, 0);

	stage_call(&c.out, fn, name, "127.0.0.1", SERVER_PORT);
	check_uring_client(t, &c, 0, "0.0.0.0");
}

static void scenario_uring_connect(struct test *t)
{
	connect_by(t, act_uring_connect, URING_CONNECT, "IORING_OP_CONNECT");
}

static void scenario_uring_connect_v6(struct test *t)
{
	struct theft c = uring_cast(t, URING_CONNECT, "IORING_OP_CONNECT", OPT_V6);

	stage_call(&c.out, act_uring_connect, "connect", "::1", SERVER_PORT);
	check_uring_client(t, &c, OPT_V6, "::");
}

/* A thread of the kernel makes the call: up to 5.11 that thread does not even belong to the
 * process. */
static void scenario_uring_connect_by_worker(struct test *t)
{
	connect_by(t, act_uring_connect_by_worker, URING_CONNECT, "IORING_OP_CONNECT");
}

static void scenario_uring_fast_open(struct test *t)
{
	connect_by(t, act_uring_fast_open, URING_SENDMSG, "IORING_OP_SENDMSG");
}

static void scenario_uring_udp_send(struct test *t)
{
	struct puppet *client = puppet_start(t, "client"), *web = puppet_start(t, "web");
	struct truth truth;
	struct attempt a;
	struct prop p;

	uring_or_skip(client, URING_SENDMSG, "IORING_OP_SENDMSG");
	monitor_watch(t, NULL);
	p = stage_socket(client, OPT_UDP);
	stage_call(&p, act_uring_send_to, "IORING_OP_SENDMSG", "127.0.0.1", SERVER_PORT);
	a = stage_refused(web, OPT_UDP, "0.0.0.0", p.look.local.port, EADDRINUSE);
	truth = truth_ephemeral_bind(&a, &p, "autobind");
	truth.says = "not a server";
	verdict_check(t, &truth);
}

/* The holder by a call that the back end may not see. bind() is seen by all: on a cgroup hook. */
static struct true_holder bound_by_uring(struct test *t, const struct prop *p, const char *state,
					 bool bound)
{
	struct true_holder holder = truth_holder(p, state, "bind");
	bool unseen = !bound && monitor_cannot_see(t, "listen() by io_uring");

	holder.older = holder.unseen = unseen;
	holder.note = unseen ? "the claim of the port was not seen" : NULL;
	return holder;
}

static void check_uring_holder(struct test *t, struct puppet *web, const struct prop *p,
			       unsigned options, struct truth truth, const char *state)
{
	struct attempt a = stage_refused(web, options, "0.0.0.0", PORT, EADDRINUSE);

	truth.attempt = &a;
	truth.stop = p->by;
	truth.holders[0] = bound_by_uring(t, p, state, true);
	truth.incomplete = truth.holders[0].older;
	verdict_check(t, &truth);
}

static void bind_holder_of(struct test *t, unsigned options, const char *address,
			   struct truth truth)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct prop p;

	uring_or_skip(api, URING_BIND, "IORING_OP_BIND");
	monitor_watch(t, NULL);
	p = stage_socket(api, options);
	stage_call(&p, act_uring_bind, "IORING_OP_BIND", address, PORT);
	check_uring_holder(t, web, &p, options & OPT_UDP, truth, "CLOSE");
}

static void scenario_uring_bind_holder(struct test *t)
{
	bind_holder_of(t, 0, "127.0.0.1",
		       (struct truth){ .cause = "bound-not-listening", .fixes = FIX_STOP });
}

static void scenario_uring_bind_holder_v6(struct test *t)
{
	bind_holder_of(t, OPT_V6,
		       "::", (struct truth){ .cause = "bound-not-listening", .fixes = FIX_STOP });
}

static void scenario_uring_bind_holder_udp(struct test *t)
{
	bind_holder_of(t, OPT_UDP, "0.0.0.0",
		       (struct truth){ .cause = "listener", .fixes = FIX_STOP | FIX_REUSEPORT });
}

static void scenario_uring_listen_holder(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct truth truth = {
		.cause = "listener",
		.says = "listens on",
		.fixes = FIX_STOP | FIX_REUSEPORT,
	};
	struct prop p;

	uring_or_skip(api, URING_LISTEN, "IORING_OP_LISTEN");
	monitor_watch(t, NULL);
	p = stage_socket(api, 0);
	stage_call(&p, act_uring_bind, "IORING_OP_BIND", "0.0.0.0", PORT);
	stage_listen_by(&p, act_uring_listen, 8);
	check_uring_holder(t, web, &p, 0, truth, "LISTEN");
}

/* listen() without a bind() has the kernel choose the port. The socket looks as after a bind() to
 * port 0, so a back end that did not see the call does not know how. */
static void scenario_uring_listen_unbound(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct attempt a;
	struct truth truth;
	struct prop p;

	uring_or_skip(api, URING_LISTEN, "IORING_OP_LISTEN");
	monitor_watch(t, NULL);
	p = stage_socket(api, 0);
	stage_listen_by(&p, act_uring_listen, 8);
	a = stage_refused(web, 0, "0.0.0.0", p.look.local.port, EADDRINUSE);
	truth = (struct truth){
		.attempt = &a,
		.cause = "ephemeral-bind",
		.fixes = FIX_CLIENT,
		.stop = api,
		.holders = { bound_by_uring(t, &p, "LISTEN", false) },
	};
	truth.incomplete = truth.holders[0].older;
	truth.holders[0].how = truth.incomplete ? NULL : "autobind";
	verdict_check(t, &truth);
}

/* api listens; web is refused by io_uring, and then by a call that every back end sees. A refusal
 * that the back end cannot see leaves no line: monitor_finish() finds unexpected ones. */
static void uring_refused(struct test *t, puppet_fn fn, const char *op)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	bool listens = !strcmp(op, "listen");
	struct prop listener, p;
	struct attempt all[2];

	uring_or_skip(web, listens ? URING_LISTEN : URING_BIND,
		      listens ? "IORING_OP_LISTEN" : "IORING_OP_BIND");
	monitor_watch(t, NULL);
	p = stage_socket(web, listens ? OPT_REUSEADDR : 0);
	listener = stage_bound(api, listens ? OPT_REUSEADDR : 0, "0.0.0.0", PORT);
	if (listens)
		stage_bind(&p, "0.0.0.0", PORT);
	stage_listen(&listener, 8);
	if (listens) {
		all[0] = stage_refused_listen_by(&p, fn, EADDRINUSE);
		all[1] = stage_refused_listen(&p, EADDRINUSE);
	} else {
		all[0] = stage_refused_bind(&p, fn, "0.0.0.0", PORT, EADDRINUSE);
		all[1] = stage_refused_bind(&p, act_bind, "0.0.0.0", PORT, EADDRINUSE);
	}
	for (int i = listens && monitor_cannot_see(t, "listen() by io_uring"); i < 2; i++) {
		struct truth truth = truth_listener(&all[i], &listener);

		if (listens)
			truth.cause = "listen-race";
		else
			truth.says = "listens on";
		verdict_check(t, &truth);
	}
}

static void scenario_uring_refused_bind(struct test *t)
{
	uring_refused(t, act_uring_bind, "bind");
}

static void scenario_uring_refused_listen(struct test *t)
{
	uring_refused(t, act_uring_listen, "listen");
}

const struct scenario cases_way_uring[] = {
	{ .name = "uring-connect", .run = scenario_uring_connect },
	{ .name = "uring-connect-v6", .run = scenario_uring_connect_v6 },
	{ .name = "uring-connect-by-worker", .run = scenario_uring_connect_by_worker },
	{ .name = "uring-fast-open", .run = scenario_uring_fast_open },
	{ .name = "uring-udp-send", .run = scenario_uring_udp_send },
	{ .name = "uring-bind-holder", .run = scenario_uring_bind_holder },
	{ .name = "uring-bind-holder-v6", .run = scenario_uring_bind_holder_v6 },
	{ .name = "uring-bind-holder-udp", .run = scenario_uring_bind_holder_udp },
	{ .name = "uring-listen-holder", .run = scenario_uring_listen_holder },
	{ .name = "uring-listen-unbound", .run = scenario_uring_listen_unbound },
	{ .name = "uring-refused-bind", .run = scenario_uring_refused_bind },
	{ .name = "uring-refused-listen", .run = scenario_uring_refused_listen },
	{ 0 },
};
