// SPDX-License-Identifier: GPL-2.0-only
/* Another listener has the port: another process's, the same one's, another user's, one at another
 * address that overlaps; and the second of two that may both bind but not both listen. */
#include <errno.h>
#include <string.h>

#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"

#define PORT 8080
#define NOBODY 65534

struct cast {
	struct puppet *api;
	struct puppet *web;
	struct prop listener;
};

static struct cast listening(struct test *t, unsigned options, const char *address, uid_t uid)
{
	struct cast c = {
		.api = puppet_start_as(t, &(struct puppet_spec){ .name = "api", .uid = uid }),
		.web = puppet_start(t, "web"),
	};

	monitor_watch(t, NULL);
	c.listener = stage_listener(c.api, options, address, PORT);
	return c;
}

static struct truth refused_listener_truth(const struct cast *c, const struct attempt *a)
{
	struct truth truth = truth_listener(a, &c->listener);

	truth.says = "listens on";
	return truth;
}

static void overlap(struct test *t, unsigned old, const char *held, unsigned new,
		    const char *wanted, const char *cause)
{
	struct cast c = listening(t, old, held, 0);
	struct attempt a = stage_refused(c.web, new, wanted, PORT, EADDRINUSE);
	struct truth truth = refused_listener_truth(&c, &a);

	truth.cause = cause;
	if (!strcmp(cause, "dual-stack"))
		truth.fixes |= FIX_V6ONLY;
	if (!strcmp(cause, "wildcard-overlap"))
		truth.fixes |= FIX_SPECIFIC;
	verdict_check(t, &truth);
}

static void scenario_listener(struct test *t)
{
	overlap(t, 0, "0.0.0.0", 0, "0.0.0.0", "listener");
}

/* SO_REUSEADDR on both does not help against a listener, and no fix may say so. */
static void scenario_listener_reuseaddr_on_both(struct test *t)
{
	overlap(t, OPT_REUSEADDR, "0.0.0.0", OPT_REUSEADDR, "0.0.0.0", "listener");
}

static void scenario_listener_wildcard_for_specific(struct test *t)
{
	overlap(t, 0, "0.0.0.0", 0, "127.0.0.1", "wildcard-overlap");
}

static void scenario_listener_specific_for_wildcard(struct test *t)
{
	overlap(t, OPT_REUSEADDR, "127.0.0.1", OPT_REUSEADDR, "0.0.0.0", "wildcard-overlap");
}

static void scenario_listener_dual_stack_for_v4(struct test *t)
{
	overlap(t, OPT_V6, "::", 0, "127.0.0.1", "dual-stack");
}

static void scenario_listener_v4_for_dual_stack(struct test *t)
{
	overlap(t, 0, "127.0.0.1", OPT_V6, "::", "dual-stack");
}

static void scenario_listener_v6only(struct test *t)
{
	overlap(t, OPT_V6 | OPT_V6ONLY, "::", OPT_V6, "::1", "wildcard-overlap");
}

/* Addresses that do not overlap are not refused, and portclash reports nothing. */
static void scenario_no_overlap(struct test *t)
{
	struct cast c = listening(t, OPT_V6 | OPT_V6ONLY, "::", 0);

	stage_listener(c.web, 0, "127.0.0.1", PORT);
	stage_listener(c.web, 0, "127.0.0.2", PORT);
	monitor_no_line(t, "refusal", c.web->pid, QUIET_SECONDS);
}

/* Among several sockets on the port, only those that overlap block. */
static void scenario_listener_and_one_that_does_not_block(struct test *t)
{
	struct cast c = listening(t, 0, "127.0.0.1", 0);
	struct puppet *other = puppet_start(t, "other");
	struct prop second = stage_listener(other, 0, "127.0.0.2", PORT);
	struct attempt a = stage_refused(c.web, 0, "127.0.0.2", PORT, EADDRINUSE);
	struct truth truth = refused_listener_truth(&c, &a);

	truth.stop = other;
	truth.holders[0].not_blocking = true;
	truth.holders[1] = truth_holder(&second, "LISTEN", "bind");
	verdict_check(t, &truth);
}

static void scenario_listener_of_own_process(struct test *t)
{
	struct cast c = listening(t, 0, "0.0.0.0", 0);
	struct attempt a = stage_refused(c.api, 0, "0.0.0.0", PORT, EADDRINUSE);
	struct truth truth = refused_listener_truth(&c, &a);

	truth.says = "this very process";
	truth.fixes = FIX_OWN | FIX_REUSEPORT;
	verdict_check(t, &truth);
}

/* One server listens on 0.0.0.0 and then on [::] without IPV6_V6ONLY: it is in its own way. */
static void scenario_listener_of_own_process_dual_stack(struct test *t)
{
	struct cast c = listening(t, 0, "0.0.0.0", 0);
	struct attempt a = stage_refused(c.api, OPT_V6, "::", PORT, EADDRINUSE);
	struct truth truth = refused_listener_truth(&c, &a);

	truth.cause = "dual-stack";
	truth.says = "this very process";
	truth.fixes = FIX_OWN | FIX_REUSEPORT | FIX_V6ONLY;
	verdict_check(t, &truth);
}

static void scenario_listener_reuseport_other_user(struct test *t)
{
	struct cast c = listening(t, OPT_REUSEPORT, "0.0.0.0", NOBODY);
	struct attempt a = stage_refused(c.web, OPT_REUSEPORT, "0.0.0.0", PORT, EADDRINUSE);
	struct truth truth = refused_listener_truth(&c, &a);

	truth.cause = "reuseport-mismatch";
	truth.fixes = FIX_STOP | FIX_ONE_USER;
	truth.says = "one user (65534 holds it, 0 was refused)";
	verdict_check(t, &truth);
}

static void scenario_listener_reuseport_on_one(struct test *t)
{
	struct cast c = listening(t, OPT_REUSEPORT, "0.0.0.0", 0);
	struct attempt a = stage_refused(c.web, 0, "0.0.0.0", PORT, EADDRINUSE);
	struct truth truth = refused_listener_truth(&c, &a);

	truth.cause = "reuseport-mismatch";
	truth.says = "only the holder set SO_REUSEPORT";
	verdict_check(t, &truth);
}

/* Two workers share one listener: both are named as owners. */
static void scenario_listener_of_two_workers(struct test *t)
{
	struct cast c = listening(t, 0, "0.0.0.0", 0);
	struct puppet *worker = puppet_start(t, "worker");
	struct prop copy = stage_pass(&c.listener, worker);
	struct attempt a = stage_refused(c.web, 0, "0.0.0.0", PORT, EADDRINUSE);
	struct truth truth = refused_listener_truth(&c, &a);

	truth.stop = NULL;
	truth.holders[0].owners[1] = (struct true_owner){ worker, copy.fd };
	verdict_check(t, &truth);
}

/* Both bind the port with SO_REUSEADDR, which is allowed; then both want to listen. */
static void scenario_listen_refused(struct test *t)
{
	struct cast c = {
		.api = puppet_start(t, "api"),
		.web = puppet_start(t, "web"),
	};
	struct prop late;
	struct attempt a;
	struct truth truth;

	monitor_watch(t, NULL);
	c.listener = stage_bound(c.api, OPT_REUSEADDR, "127.0.0.1", PORT);
	late = stage_bound(c.web, OPT_REUSEADDR, "127.0.0.1", PORT);
	stage_listen(&c.listener, 64);
	a = stage_refused_listen(&late, EADDRINUSE);
	truth = refused_listener_truth(&c, &a);
	truth.cause = "listen-race";
	truth.says = "only one of them can listen";
	verdict_check(t, &truth);
}

const struct scenario cases_refusal_listener[] = {
	{ .name = "listener", .run = scenario_listener },
	{ .name = "listener-reuseaddr-on-both", .run = scenario_listener_reuseaddr_on_both },
	{ .name = "listener-of-own-process", .run = scenario_listener_of_own_process },
	{ .name = "listener-of-own-process-dual-stack",
	  .run = scenario_listener_of_own_process_dual_stack },
	{ .name = "listener-reuseport-other-user", .run = scenario_listener_reuseport_other_user },
	{ .name = "listener-reuseport-on-one", .run = scenario_listener_reuseport_on_one },
	{ .name = "listener-wildcard-for-specific",
	  .run = scenario_listener_wildcard_for_specific },
	{ .name = "listener-specific-for-wildcard",
	  .run = scenario_listener_specific_for_wildcard },
	{ .name = "listener-dual-stack-for-v4", .run = scenario_listener_dual_stack_for_v4 },
	{ .name = "listener-v4-for-dual-stack", .run = scenario_listener_v4_for_dual_stack },
	{ .name = "listener-v6only", .run = scenario_listener_v6only },
	{ .name = "listener-of-two-workers", .run = scenario_listener_of_two_workers },
	{ .name = "listener-and-one-that-does-not-block",
	  .run = scenario_listener_and_one_that_does_not_block },
	{ .name = "no-overlap", .run = scenario_no_overlap },
	{ .name = "listen-refused", .run = scenario_listen_refused },
	{ 0 },
};
