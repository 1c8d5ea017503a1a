// SPDX-License-Identifier: GPL-2.0-only
/* The fixes of the causes that are about servers: after each, the very call that was refused
 * succeeds; before it, it does not. */
#include <errno.h>
#include <string.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/binary.h"

#define PORT 8080
#define NOBODY 65534

static json_t *server_fix_verdict_of(struct test *t, struct puppet *web, const char *cause)
{
	json_t *line = verdict_take(web);
	struct spot s = spot_of(t, line);

	expect_string(&s, "cause", cause);
	return line;
}

static bool has_fix_words(json_t *line, const char *words)
{
	json_t *fixes = json_object_get(line, "fixes"), *fix;
	size_t i;

	json_array_foreach(
		fixes, i,
		fix) if (strstr(json_string_value(json_object_get(fix, "what")), words)) return true;
	return false;
}

static void expect_fix_words(struct test *t, json_t *line, const char *words)
{
	if (!has_fix_words(line, words))
		test_fail(t, "expected the advice \"%s\"", words);
}

static void scenario_fix_duplicate_instance(struct test *t)
{
	static char path[256];
	struct puppet_spec spec = { .name = "orders",
				    .exe = binary_copy(t, "orders", path, sizeof(path)) };
	struct puppet *first = puppet_start_as(t, &spec), *web = puppet_start_as(t, &spec);

	monitor_watch(t, NULL);
	stage_listener(first, 0, "0.0.0.0", PORT);
	stage_refused(web, 0, "0.0.0.0", PORT, EADDRINUSE);
	fixes_run(t, server_fix_verdict_of(t, web, "duplicate-instance"), "kill ");
	fixes_expect_free(web, 0, "0.0.0.0", PORT);
}

/* Two processes have the listener open: the one command ends both. */
static void scenario_fix_inherited_listener(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct puppet *one = puppet_start(t, "one"), *two = puppet_start(t, "two");
	struct prop listener;

	monitor_watch(t, NULL);
	listener = stage_listener(api, 0, "0.0.0.0", PORT);
	stage_pass(&listener, one);
	stage_pass(&listener, two);
	puppet_exit(api);
	stage_refused(web, 0, "0.0.0.0", PORT, EADDRINUSE);
	fixes_run(t, server_fix_verdict_of(t, web, "inherited-listener"), "kill ");
	fixes_expect_free(web, 0, "0.0.0.0", PORT);
}

/* Stages both sides anew as they were, except for the one option that is advised. */
static void retry(struct test *t, const char *cause, const char *advice, unsigned old[2],
		  const char *address[2], unsigned new[2])
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct prop listener;

	monitor_watch(t, NULL);
	listener = stage_listener(api, old[0], address[0], PORT);
	stage_refused(web, old[1], address[1], PORT, EADDRINUSE);
	expect_fix_words(t, server_fix_verdict_of(t, web, cause), advice);
	stage_close(&listener);
	stage_listener(api, new[0], address[0], PORT);
	stage_listener(web, new[1], address[1], PORT);
}

static void scenario_fix_dual_stack_refused(struct test *t)
{
	retry(t, "dual-stack", "set IPV6_V6ONLY on the refused socket", (unsigned[]){ 0, OPT_V6 },
	      (const char *[]){ "0.0.0.0", "::" }, (unsigned[]){ 0, OPT_V6 | OPT_V6ONLY });
}

static void scenario_fix_dual_stack_holder(struct test *t)
{
	retry(t, "dual-stack", "set IPV6_V6ONLY on the holder's socket", (unsigned[]){ OPT_V6, 0 },
	      (const char *[]){ "::", "0.0.0.0" }, (unsigned[]){ OPT_V6 | OPT_V6ONLY, 0 });
}

/* A listener on [::1] is in the way even of a socket with IPV6_V6ONLY. */
static void scenario_fix_dual_stack_foiled(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");

	monitor_watch(t, NULL);
	stage_listener(api, 0, "0.0.0.0", PORT);
	stage_listener(api, OPT_V6, "::1", PORT);
	stage_refused(web, OPT_V6, "::", PORT, EADDRINUSE);
	if (has_fix_words(verdict_take(web), "IPV6_V6ONLY"))
		test_fail(t, "expected no advice about IPV6_V6ONLY");
	stage_refused(web, OPT_V6 | OPT_V6ONLY, "::", PORT, EADDRINUSE);
	verdict_take(web);
}

static void scenario_fix_reuseport_refused(struct test *t)
{
	retry(t, "reuseport-mismatch", "set SO_REUSEPORT on both", (unsigned[]){ OPT_REUSEPORT, 0 },
	      (const char *[]){ "0.0.0.0", "0.0.0.0" },
	      (unsigned[]){ OPT_REUSEPORT, OPT_REUSEPORT });
}

static void scenario_fix_reuseport_holder(struct test *t)
{
	retry(t, "reuseport-mismatch", "set SO_REUSEPORT on both", (unsigned[]){ 0, OPT_REUSEPORT },
	      (const char *[]){ "0.0.0.0", "0.0.0.0" },
	      (unsigned[]){ OPT_REUSEPORT, OPT_REUSEPORT });
}

/* The refused process runs as the holder's user now. */
static void scenario_fix_reuseport_one_user(struct test *t)
{
	struct puppet *api = puppet_start_as(t,
					     &(struct puppet_spec){ .name = "api", .uid = NOBODY }),
		      *web = puppet_start(t, "web");

	monitor_watch(t, NULL);
	stage_listener(api, OPT_REUSEPORT, "0.0.0.0", PORT);
	stage_refused(web, OPT_REUSEPORT, "0.0.0.0", PORT, EADDRINUSE);
	expect_fix_words(t, server_fix_verdict_of(t, web, "reuseport-mismatch"),
			 "run both as one user");
	puppet_become(web, NOBODY);
	stage_listener(web, OPT_REUSEPORT, "0.0.0.0", PORT);
}

/* The side that asked for any address now asks for an address that the other side lacks. */
static void scenario_fix_wildcard_overlap(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");

	monitor_watch(t, NULL);
	stage_listener(api, 0, "127.0.0.1", PORT);
	stage_refused(web, 0, "0.0.0.0", PORT, EADDRINUSE);
	expect_fix_words(t, server_fix_verdict_of(t, web, "wildcard-overlap"),
			 "have the refused program bind the addresses it needs");
	stage_listener(web, 0, "127.0.0.2", PORT);
}

/* When the first to listen is ended as advised, the second, whose bind() still stands, can
 * listen. */
static void scenario_fix_listen_race(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct io_listen again = { .backlog = 8, .error = EADDRINUSE };
	struct prop listener, late;
	int64_t until;

	monitor_watch(t, NULL);
	listener = stage_bound(api, OPT_REUSEADDR, "0.0.0.0", PORT);
	late = stage_bound(web, OPT_REUSEADDR, "0.0.0.0", PORT);
	stage_listen(&listener, 64);
	stage_refused_listen(&late, EADDRINUSE);
	fixes_run(t, server_fix_verdict_of(t, web, "listen-race"), "kill ");
	t->retries = true;
	again.fd = late.fd;
	for (until = deadline_in(t, 3); again.error && !deadline_over(until); sleep_ms(10))
		puppet_call(web, act_listen, &again, sizeof(again));
	if (again.error)
		test_fail(t, "expected listen() to succeed after the fix, got \"%s\"",
			  strerror(again.error));
}

static void scenario_fix_udp_multicast(struct test *t)
{
	struct puppet *api = puppet_start(t, "receiver"), *web = puppet_start(t, "web");

	monitor_watch(t, NULL);
	stage_bound(api, OPT_UDP | OPT_REUSEADDR, "0.0.0.0", 5353);
	stage_refused(web, OPT_UDP, "0.0.0.0", 5353, EADDRINUSE);
	expect_fix_words(t, server_fix_verdict_of(t, web, "listener"),
			 "set SO_REUSEADDR on the refused socket");
	stage_bound(web, OPT_UDP | OPT_REUSEADDR, "0.0.0.0", 5353);
}

const struct scenario cases_cause_server_fix[] = {
	{ .name = "fix-duplicate-instance",
	  .run = scenario_fix_duplicate_instance,
	  .where = EACH_KERNEL },
	{ .name = "fix-inherited-listener",
	  .run = scenario_fix_inherited_listener,
	  .where = EACH_KERNEL },
	{ .name = "fix-dual-stack-refused",
	  .run = scenario_fix_dual_stack_refused,
	  .where = EACH_KERNEL },
	{ .name = "fix-dual-stack-holder",
	  .run = scenario_fix_dual_stack_holder,
	  .where = EACH_KERNEL },
	{ .name = "fix-dual-stack-foiled",
	  .run = scenario_fix_dual_stack_foiled,
	  .where = EACH_KERNEL },
	{ .name = "fix-reuseport-refused",
	  .run = scenario_fix_reuseport_refused,
	  .where = EACH_KERNEL },
	{ .name = "fix-reuseport-holder",
	  .run = scenario_fix_reuseport_holder,
	  .where = EACH_KERNEL },
	{ .name = "fix-reuseport-one-user",
	  .run = scenario_fix_reuseport_one_user,
	  .where = EACH_KERNEL },
	{ .name = "fix-wildcard-overlap",
	  .run = scenario_fix_wildcard_overlap,
	  .where = EACH_KERNEL },
	{ .name = "fix-listen-race", .run = scenario_fix_listen_race, .where = EACH_KERNEL },
	{ .name = "fix-udp-multicast", .run = scenario_fix_udp_multicast, .where = EACH_KERNEL },
	{ 0 },
};
