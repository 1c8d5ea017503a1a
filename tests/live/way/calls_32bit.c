// SPDX-License-Identifier: GPL-2.0-only
/* The system calls of 32-bit programs on a 64-bit kernel. The tracepoint back end sees neither
 * their bind() nor their listen(), and says so. */
#include <errno.h>

#include "stage/acts_32bit.h"
#include <string.h>

#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"

#define PORT 8080

struct cast {
	struct puppet *api;
	struct puppet *web;
};

static struct cast cast_32bit(struct test *t)
{
	struct cast c = { .api = puppet_start(t, "api"), .web = puppet_start(t, "web") };
	struct io_listen a = { .fd = -1 };

	puppet_call(c.web, act_listen_32, &a, sizeof(a));
	if (a.error == ENOSYS)
		test_skip(t, "this kernel runs no 32-bit programs");
	monitor_watch(t, NULL);
	return c;
}

static void check_listener_32bit(struct test *t, const struct attempt *a, const struct prop *p,
				 bool unseen)
{
	struct truth truth = truth_listener(a, p);

	if (!strcmp(a->op, "listen"))
		truth.cause = "listen-race";
	else
		truth.says = "listens on";
	truth.incomplete = unseen;
	truth.holders[0].older = truth.holders[0].unseen = unseen;
	truth.holders[0].note = unseen ? "the claim of the port was not seen" : NULL;
	verdict_check(t, &truth);
}

static void scenario_32_bit_refused_bind(struct test *t)
{
	struct cast c = cast_32bit(t);
	struct prop p = stage_socket(c.web, 0);
	struct prop listener = stage_listener(c.api, 0, "0.0.0.0", PORT);
	struct attempt all[] = {
		stage_refused_bind(&p, act_bind_32, "0.0.0.0", PORT, EADDRINUSE),
		stage_refused_bind(&p, act_bind, "0.0.0.0", PORT, EADDRINUSE),
	};

	for (int i = 0; i < 2; i++)
		check_listener_32bit(t, &all[i], &listener, false);
}

/* No call follows by which the thread could tell of it: a back end that sees no exit tells it late. */
static void scenario_32_bit_refused_bind_alone(struct test *t)
{
	struct cast c = cast_32bit(t);
	struct prop p = stage_socket(c.web, 0);
	struct prop listener = stage_listener(c.api, 0, "0.0.0.0", PORT);
	struct attempt a = stage_refused_bind(&p, act_bind_32, "0.0.0.0", PORT, EADDRINUSE);

	check_listener_32bit(t, &a, &listener, false);
}

/* The thread goes on with what getaddrinfo() does, which binds a socket of netlink: that does not end the note. */
static void scenario_32_bit_refused_bind_before_others(struct test *t)
{
	struct cast c = cast_32bit(t);
	struct prop p = stage_socket(c.web, 0);
	struct prop listener = stage_listener(c.api, 0, "0.0.0.0", PORT);
	struct attempt a =
		stage_refused_bind(&p, act_bind_32_and_others, "0.0.0.0", PORT, EADDRINUSE);

	check_listener_32bit(t, &a, &listener, false);
}

static void scenario_32_bit_refused_listen(struct test *t)
{
	struct cast c = cast_32bit(t);
	struct prop p = stage_bound(c.web, OPT_REUSEADDR, "0.0.0.0", PORT);
	struct prop listener = stage_listener(c.api, OPT_REUSEADDR, "0.0.0.0", PORT);
	struct attempt all[] = {
		stage_refused_listen_by(&p, act_listen_32, EADDRINUSE),
		stage_refused_listen(&p, EADDRINUSE),
	};

	for (int i = monitor_cannot_see(t, "32-bit"); i < 2; i++)
		check_listener_32bit(t, &all[i], &listener, false);
}

/* A back end that sees no exit tells it by the socket, when that is closed. */
static void scenario_32_bit_refused_listen_alone(struct test *t)
{
	struct cast c = cast_32bit(t);
	struct prop p = stage_bound(c.web, OPT_REUSEADDR, "0.0.0.0", PORT);
	struct prop listener = stage_listener(c.api, OPT_REUSEADDR, "0.0.0.0", PORT);
	struct attempt a = stage_refused_listen_by(&p, act_listen_32, EADDRINUSE);

	stage_close(&p);
	check_listener_32bit(t, &a, &listener, false);
}

static void scenario_32_bit_listener(struct test *t)
{
	struct cast c = cast_32bit(t);
	struct prop p = stage_socket(c.api, 0);
	struct attempt a;

	stage_call(&p, act_bind_32, "bind()", "0.0.0.0", PORT);
	stage_listen_by(&p, act_listen_32, 8);
	a = stage_refused(c.web, 0, "0.0.0.0", PORT, EADDRINUSE);
	check_listener_32bit(t, &a, &p, false);
}

static void scenario_32_bit_client(struct test *t)
{
	struct cast c = cast_32bit(t);
	struct puppet *backend = puppet_start(t, "backend");
	struct prop listener = stage_listener(backend, 0, "127.0.0.1", SERVER_PORT);
	struct prop p = stage_socket(c.api, 0);
	struct attempt a;

	stage_call(&p, act_connect_32, "connect()", "127.0.0.1", SERVER_PORT);
	stage_accepted(&listener, backend);
	a = stage_refused(c.web, 0, "0.0.0.0", p.look.local.port, EADDRINUSE);
	truth_check_client(t, &a, &p, backend);
}

const struct scenario cases_way_calls_32bit[] = {
	{ .name = "32-bit-refused-bind",
	  .run = scenario_32_bit_refused_bind,
	  .where = EACH_KERNEL },
	{ .name = "32-bit-refused-bind-alone",
	  .run = scenario_32_bit_refused_bind_alone,
	  .where = EACH_KERNEL },
	{ .name = "32-bit-refused-bind-before-others",
	  .run = scenario_32_bit_refused_bind_before_others,
	  .where = EACH_KERNEL },
	{ .name = "32-bit-refused-listen",
	  .run = scenario_32_bit_refused_listen,
	  .where = EACH_KERNEL },
	{ .name = "32-bit-refused-listen-alone",
	  .run = scenario_32_bit_refused_listen_alone,
	  .where = EACH_KERNEL },
	{ .name = "32-bit-listener", .run = scenario_32_bit_listener, .where = EACH_KERNEL },
	{ .name = "32-bit-client", .run = scenario_32_bit_client, .where = EACH_KERNEL },
	{ 0 },
};
