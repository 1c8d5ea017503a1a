// SPDX-License-Identifier: GPL-2.0-only
/* Early warnings of the join: the list of ports, at the start and replaced later; and the settings of
 * the network namespace that a warning is about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "core/base/ports.h"
#include "sentry.h"

#define OTHER_NETNS 4026532999U

static int protect(struct sentry *g, const char *list)
{
	uint64_t ports[PC_PORT_WORDS] = { 0 };
	const char *bad;

	assert_int_equal(pc_ports_parse(list, true, ports, &bad), 0);
	return pc_join_protect(g->f->join, g->f->now_ns, ports);
}

static void assert_marked(const struct sentry *g, const char *list)
{
	char *marked = pc_ports_format(g->f->protected);

	assert_string_equal(marked, list);
	free(marked);
}

static void test_start(void **state)
{
	struct sentry g = sentry_new(3);

	(void)state;
	assert_marked(&g, "40000-40002");
	assert_int_equal(g.f->calls[FAKE_PROTECT], 3);
	fake_free(g.f);
}

/* The lowest and the highest port. */
static void test_ends_of_range(void **state)
{
	struct sentry g = sentry_new(1);

	(void)state;
	assert_int_equal(protect(&g, "1,65535"), 0);
	assert_marked(&g, "1,65535");
	fake_free(g.f);
}

static void test_start_without(void **state)
{
	struct fake *f = fake_new(NULL);

	(void)state;
	pc_join_protect_start(f->join, f->now_ns);
	assert_int_equal(f->calls[FAKE_PROTECT], 0);
	fake_free(f);
}

/* The kernel side is told only of changes. */
static void test_replaced(void **state)
{
	struct sentry g = sentry_new(3);

	(void)state;
	assert_int_equal(protect(&g, "40001-40004"), 0);
	assert_marked(&g, "40001-40004");
	assert_int_equal(g.f->calls[FAKE_PROTECT], 3 + 1 + 2);
	sentry_connect(&g, 1, 40000);
	sentry_connect(&g, 2, 40003);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	sentry_assert(&g, 0, 40003, g.client);
	assert_int_equal(protect(&g, "40000"), 0);
	assert_marked(&g, "40000");
	fake_free(g.f);
}

/* The port of a listener that is missed stays marked, listed or not. */
static void test_replaced_while_missed(void **state)
{
	struct sentry g = sentry_new(1);

	(void)state;
	sentry_end(&g, 10, SENTRY_LISTED);
	sentry_end(&g, 11, SENTRY_OTHER);
	fake_round(g.f);
	assert_int_equal(protect(&g, "40100,40200"), 0);
	assert_marked(&g, "40000,40100,40200");
	sentry_connect(&g, 1, SENTRY_LISTED);
	sentry_connect(&g, 2, SENTRY_OTHER);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 2);
	assert_false(g.f->warnings[0].listed);
	assert_true(g.f->warnings[1].listed);
	sentry_bind(&g, 12, SENTRY_LISTED);
	sentry_bind(&g, 13, SENTRY_OTHER);
	fake_round(g.f);
	assert_marked(&g, "40100,40200");
	fake_free(g.f);
}

/* No port is listed any more: no listener is missed, those of later neither. */
static void test_off(void **state)
{
	struct sentry g = sentry_new(2);

	(void)state;
	sentry_end(&g, 10, SENTRY_OTHER);
	sentry_end(&g, 11, SENTRY_OTHER + 1);
	fake_round(g.f);
	assert_int_equal(protect(&g, ""), 0);
	assert_marked(&g, "");
	sentry_end(&g, 12, SENTRY_OTHER + 2);
	sentry_connect(&g, 1, SENTRY_OTHER);
	sentry_connect(&g, 2, SENTRY_OTHER + 2);
	sentry_connect(&g, 3, SENTRY_LISTED);
	fake_round(g.f);
	assert_marked(&g, "");
	assert_int_equal(g.f->warnings_count, 0);
	assert_int_equal(protect(&g, "40000"), 0);
	sentry_end(&g, 13, SENTRY_OTHER);
	fake_round(g.f);
	assert_marked(&g, "40000,40100");
	fake_free(g.f);
}

/* A list without a port, from the start: the same. */
static void test_off_at_start(void **state)
{
	struct sentry g = sentry_new(0);

	(void)state;
	sentry_end(&g, 10, SENTRY_OTHER);
	fake_round(g.f);
	assert_marked(&g, "");
	assert_int_equal(protect(&g, "40000"), 0);
	sentry_end(&g, 11, SENTRY_OTHER);
	fake_round(g.f);
	assert_marked(&g, "40000,40100");
	fake_free(g.f);
}

/* Nobody wanted warnings at the start: the kernel side does not send what they need. */
static void test_not_wanted(void **state)
{
	struct sentry g = { .f = fake_new(NULL) };
	struct pc_endpoints_record e = fake_ended(10, SENTRY_OTHER);

	(void)state;
	g.client = fake_process(g.f, 100, "client");
	assert_int_equal(protect(&g, "40000"), -EOPNOTSUPP);
	assert_int_equal(protect(&g, "1"), -EOPNOTSUPP);
	assert_int_equal(protect(&g, "65535"), -EOPNOTSUPP);
	assert_int_equal(protect(&g, ""), 0);
	sentry_claim(&g, 1, SENTRY_LISTED);
	sentry_connect(&g, 2, SENTRY_LISTED);
	fake_put(g.f, &e);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 0);
	assert_int_equal(g.f->calls[FAKE_PROTECT], 0);
	fake_free(g.f);
}

/* An administrator changes the range between two warnings. */
static void test_own_settings(void **state)
{
	struct sentry g = sentry_new(2);

	(void)state;
	sentry_claim(&g, 1, SENTRY_LISTED);
	fake_round(g.f);
	g.f->settings.low = 39000;
	sentry_claim(&g, 2, SENTRY_LISTED + 1);
	fake_round(g.f);
	assert_int_equal(g.f->asked.inode, FAKE_NETNS);
	assert_int_equal(g.f->warnings[0].settings->low, SENTRY_LOW);
	assert_int_equal(g.f->warnings[1].settings->low, 39000);
	assert_int_equal(g.f->warnings[1].netns_pid, 0);
	g.f->settings.known = false;
	sentry_claim(&g, 3, SENTRY_LISTED);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 3);
	assert_null(g.f->warnings[2].settings);
	fake_free(g.f);
}

static void claim_elsewhere(struct sentry *g, uint64_t cookie)
{
	struct pc_claim_record c = fake_claim(g->client, cookie, SENTRY_LISTED, PC_HOW_BIND_ZERO);

	c.netns = OTHER_NETNS;
	fake_put(g->f, &c);
	fake_round(g->f);
	assert_int_equal(g->f->warnings[g->f->warnings_count - 1].claim.netns, OTHER_NETNS);
}

/* The namespace is entered by the client itself, which is there. */
static void join_protect_list_test_other_netns(void **state)
{
	struct sentry g = sentry_new(1);
	const struct pc_warning *w = &g.f->warnings[0];

	(void)state;
	g.client->netns = OTHER_NETNS;
	fake_put_process(g.f, g.client);
	claim_elsewhere(&g, 1);
	assert_int_equal(g.f->calls[FAKE_NETNS_PID], 0);
	assert_int_equal(g.f->asked.inode, OTHER_NETNS);
	assert_int_equal(g.f->asked.pid, 100);
	assert_int_equal(w->netns_pid, 100);
	assert_int_equal(w->settings->low, SENTRY_LOW);
	fake_free(g.f);
}

/* The port comes with the ends: the namespace is the claimer's. */
static void test_other_netns_later(void **state)
{
	struct sentry g = sentry_new(1);
	struct pc_claim_record c = fake_claim(g.client, 1, 0, PC_HOW_CONNECT);
	struct pc_endpoints_record e = fake_ends(1, SENTRY_LISTED);

	(void)state;
	g.client->netns = OTHER_NETNS;
	fake_put_process(g.f, g.client);
	fake_put(g.f, &c);
	e.own_netns = 0;
	fake_put(g.f, &e);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	assert_int_equal(g.f->warnings[0].claim.netns, OTHER_NETNS);
	fake_free(g.f);
}

/* The client has left, or sits in a third namespace: by another process that is there. */
static void test_other_netns_by_another(void **state)
{
	struct sentry g = sentry_new(1);

	(void)state;
	fake_put_process(g.f, g.client);
	g.f->netns_pid = 4711;
	claim_elsewhere(&g, 1);
	assert_int_equal(g.f->asked.pid, 4711);
	assert_int_equal(g.f->warnings[0].netns_pid, 4711);
	g.client->netns = OTHER_NETNS;
	fake_put_process(g.f, g.client);
	g.client->running = false;
	claim_elsewhere(&g, 2);
	assert_int_equal(g.f->asked.pid, 4711);
	assert_int_equal(g.f->calls[FAKE_NETNS_PID], 2);
	assert_non_null(g.f->warnings[1].settings);
	fake_free(g.f);
}

/* Nobody is left there, or the host may not look: the warning does without the settings. */
static void test_other_netns_unknown(void **state)
{
	struct sentry g = sentry_new(1);
	const struct pc_warning *w = g.f->warnings;

	(void)state;
	fake_put_process(g.f, g.client);
	claim_elsewhere(&g, 1);
	assert_int_equal(g.f->calls[FAKE_SETTINGS], 0);
	assert_null(w[0].settings);
	assert_int_equal(w[0].netns_pid, 0);
	g.f->netns_pid = 4711;
	g.f->settings.known = false;
	claim_elsewhere(&g, 2);
	assert_int_equal(g.f->calls[FAKE_SETTINGS], 1);
	assert_null(w[1].settings);
	assert_int_equal(w[1].netns_pid, 4711);
	fake_free(g.f);
}

static void join_protect_list_test_own_netns_only(void **state)
{
	struct sentry g = sentry_new_with(&(struct pc_join_options){ .own_netns_only = true }, 1);

	(void)state;
	fake_put_process(g.f, g.client);
	g.f->netns_pid = 4711;
	claim_elsewhere(&g, 1);
	assert_int_equal(g.f->calls[FAKE_SETTINGS], 0);
	assert_null(g.f->warnings[0].settings);
	assert_int_equal(g.f->warnings[0].netns_pid, 4711);
	sentry_claim(&g, 2, SENTRY_LISTED);
	fake_round(g.f);
	assert_non_null(g.f->warnings[1].settings);
	fake_free(g.f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_ends_of_range),
		cmocka_unit_test(test_start_without),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_replaced_while_missed),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_off_at_start),
		cmocka_unit_test(test_not_wanted),
		cmocka_unit_test(test_own_settings),
		cmocka_unit_test(join_protect_list_test_other_netns),
		cmocka_unit_test(test_other_netns_later),
		cmocka_unit_test(test_other_netns_by_another),
		cmocka_unit_test(test_other_netns_unknown),
		cmocka_unit_test(join_protect_list_test_own_netns_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
