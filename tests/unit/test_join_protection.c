// SPDX-License-Identifier: GPL-2.0-only
/* Early warnings of the join about protected ports: which claims they are about, when they come, how
 * many are shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/memory/warned_quota.h"
#include "sentry.h"

#define SECOND 1000000000ULL

/* The claim of a connect() comes without the port, which its ends bring. */
static void test_port_later(void **state)
{
	struct sentry g = sentry_new(1);
	const struct pc_warning *w = &g.f->warnings[0];

	(void)state;
	sentry_connect(&g, 1, SENTRY_LISTED);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	sentry_assert(&g, 0, SENTRY_LISTED, g.client);
	assert_true(w->listed && w->claim.ends_known && w->claim.claimer.running);
	assert_null(w->listener);
	assert_int_equal(w->claim.how, PC_HOW_CONNECT);
	assert_int_equal(w->claim.proto, PC_PROTO_TCP);
	assert_int_equal(w->claim.family, PC_FAMILY_V4);
	assert_int_equal(w->claim.cookie, 1);
	assert_int_equal(w->claim.netns, FAKE_NETNS);
	assert_int_equal(w->claim.time_ns, 900000000000);
	assert_int_equal(w->claim.claimer.tid, 100);
	assert_int_equal(w->claim.claimer.fd, -1);
	assert_int_equal(w->claim.ends.rport, 443);
	assert_memory_equal(w->claim.ends.remote, "\xc0\0\2\1", 4);
	assert_int_equal(w->monitor_netns, FAKE_NETNS);
	assert_int_equal(w->settings->low, SENTRY_LOW);
	assert_non_null(
		strstr(w->explanation,
		       "protected port 40000 was given by the kernel to client[100] at connect()"));
	assert_true(w->fixes_count >= 2);
	fake_free(g.f);
}

/* The claim has the port, and its ends come behind it. */
static void test_port_known(void **state)
{
	struct sentry g = sentry_new(1);
	struct pc_endpoints_record e = fake_ends(1, SENTRY_LISTED);

	(void)state;
	sentry_claim(&g, 1, SENTRY_LISTED);
	fake_put(g.f, &e);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	sentry_assert(&g, 0, SENTRY_LISTED, g.client);
	assert_int_equal(g.f->warnings[0].claim.how, PC_HOW_BIND_ZERO);
	assert_true(g.f->warnings[0].claim.ends_known);
	assert_int_equal(g.f->warnings[0].claim.ends.rport, 443);
	fake_free(g.f);
}

/* The warning waits for the ends until all that waited in the ring is read, and not longer. */
static void test_ends_missing(void **state)
{
	struct sentry g = sentry_new(1);
	struct pc_endpoints_record e = fake_ends(1, SENTRY_LISTED);

	(void)state;
	sentry_claim(&g, 1, SENTRY_LISTED);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	assert_false(g.f->warnings[0].claim.ends_known);
	fake_put(g.f, &e);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	fake_free(g.f);
}

/* A socket that is claimed again, by a connect() after the one that failed, is warned of again; ends
 * that come twice are not. */
static void test_once_a_claim(void **state)
{
	struct sentry g = sentry_new(1);
	struct pc_endpoints_record e = fake_ends(1, SENTRY_LISTED);

	(void)state;
	sentry_connect(&g, 1, SENTRY_LISTED);
	fake_put(g.f, &e);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	sentry_connect(&g, 1, SENTRY_LISTED);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 2);
	fake_free(g.f);
}

static void join_protection_put_claim(struct sentry *g, struct pc_claim_record c)
{
	fake_put(g->f, &c);
}

static void test_claims_of_no_concern(void **state)
{
	struct sentry g = sentry_new(1);
	struct pc_endpoints_record none = fake_ends(3, 0);

	(void)state;
	join_protection_put_claim(&g, fake_claim(g.client, 1, SENTRY_LISTED, PC_HOW_BIND));
	join_protection_put_claim(&g, fake_claim(g.client, 2, SENTRY_LISTED + 1, PC_HOW_BIND_ZERO));
	join_protection_put_claim(&g, fake_claim(g.client, 3, 0, PC_HOW_CONNECT));
	fake_put(g.f, &none);
	join_protection_put_claim(&g, fake_claim(g.client, 4, SENTRY_LISTED, PC_HOW_ACCEPT));
	sentry_connect(&g, 5, SENTRY_OTHER);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 0);
	assert_int_equal(pc_join_counters(g.f->join)->warnings, 0);
	fake_free(g.f);
}

/* Ends of a socket whose claim was not seen say nothing; nor do those of an older one. */
static void test_ends_without_claim(void **state)
{
	struct pc_join_options options = { 0 };
	struct sentry g = sentry_new_with(&options, 1);
	struct pc_endpoints_record e = fake_ends(1, SENTRY_LISTED);
	struct pc_socket_record s = { .cookie = 2, .lport = SENTRY_LISTED };

	(void)state;
	fake_open(g.f, g.client, &s, 3);
	pc_join_inventory(g.f->join, g.f->now_ns, true);
	fake_put(g.f, &e);
	e.cookie = 2;
	fake_put(g.f, &e);
	e.cookie = 0;
	fake_put(g.f, &e);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 0);
	fake_free(g.f);
}

static void join_protection_test_counters(void **state)
{
	struct sentry g = sentry_new(4);
	struct pc_claim_record udp = fake_claim(g.client, 3, SENTRY_LISTED + 2, PC_HOW_AUTOBIND);
	const struct pc_counters *c;

	(void)state;
	sentry_connect(&g, 1, SENTRY_LISTED);
	sentry_claim(&g, 2, SENTRY_LISTED + 1);
	udp.proto = PC_PROTO_UDP;
	fake_put(g.f, &udp);
	fake_round(g.f);
	c = pc_join_counters(g.f->join);
	assert_int_equal(c->warnings, 3);
	assert_int_equal(c->warnings_suppressed, 0);
	assert_int_equal(c->protected_claims[0][PC_HOW_CONNECT], 1);
	assert_int_equal(c->protected_claims[0][PC_HOW_BIND_ZERO], 1);
	assert_int_equal(c->protected_claims[1][PC_HOW_AUTOBIND], 1);
	assert_int_equal(c->protected_claims[0][PC_HOW_AUTOBIND], 0);
	fake_free(g.f);
}

/* The port of a UDP socket that was claimed without one, too. */
static void test_udp_port_later(void **state)
{
	struct sentry g = sentry_new(1);
	struct pc_claim_record c = fake_claim(g.client, 1, 0, PC_HOW_AUTOBIND);
	struct pc_endpoints_record e = fake_ends(1, SENTRY_LISTED);

	(void)state;
	c.proto = PC_PROTO_UDP;
	fake_put(g.f, &c);
	fake_put(g.f, &e);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	assert_int_equal(g.f->warnings[0].claim.proto, PC_PROTO_UDP);
	assert_int_equal(g.f->warnings[0].claim.how, PC_HOW_AUTOBIND);
	fake_free(g.f);
}

/* The claimer is gone, and its record was lost: the claim itself has its name. */
static void test_claimer_unknown(void **state)
{
	struct sentry g = sentry_new(1);

	(void)state;
	g.client->running = false;
	sentry_connect(&g, 1, SENTRY_LISTED);
	fake_round(g.f);
	sentry_assert(&g, 0, SENTRY_LISTED, g.client);
	assert_false(g.f->warnings[0].claim.claimer.running);
	assert_null(g.f->warnings[0].claim.claimer.who->exe);
	fake_free(g.f);
}

/* 20 in a second are shown; the next one that is shown tells how many were not. */
static void test_a_second(void **state)
{
	struct sentry g = sentry_new(100);
	const struct pc_counters *c;

	(void)state;
	for (uint16_t i = 0; i < 25; i++)
		sentry_claim(&g, 1 + i, SENTRY_LISTED + i);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 20);
	assert_int_equal(g.f->warnings[19].suppressed, 0);
	g.f->now_ns += SECOND - 100000000 - 1; /* since that round */
	sentry_claim(&g, 30, SENTRY_LISTED + 30);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 20);
	g.f->now_ns += 1;
	sentry_claim(&g, 31, SENTRY_LISTED + 31);
	sentry_claim(&g, 32, SENTRY_LISTED + 32);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 22);
	assert_int_equal(g.f->warnings[20].suppressed, 6);
	assert_int_equal(g.f->warnings[21].suppressed, 0);
	c = pc_join_counters(g.f->join);
	assert_int_equal(c->warnings, 22);
	assert_int_equal(c->warnings_suppressed, 6);
	assert_int_equal(c->protected_claims[0][PC_HOW_BIND_ZERO], 28);
	fake_free(g.f);
}

/* A client that is given protected ports without an end hides no client of another user. */
static void test_a_second_of_each_user(void **state)
{
	struct fake_process *flooder, *victim;
	struct sentry g = sentry_new(100);

	(void)state;
	flooder = g.client;
	victim = g.server;
	flooder->uid = 65534;
	victim->uid = 33;
	fake_put_process(g.f, flooder);
	fake_put_process(g.f, victim);
	for (uint16_t i = 0; i < 50; i++)
		sentry_claim(&g, 1 + i, SENTRY_LISTED + i);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 20);
	g.client = victim;
	sentry_claim(&g, 60, SENTRY_LISTED + 60);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 21);
	sentry_assert(&g, 20, SENTRY_LISTED + 60, victim);
	assert_int_equal(g.f->warnings[20].suppressed, 0);
	g.f->now_ns += SECOND;
	g.client = flooder;
	sentry_claim(&g, 61, SENTRY_LISTED + 61);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 22);
	assert_int_equal(g.f->warnings[21].suppressed, 30);
	fake_free(g.f);
}

/* A warning that is not shown costs no look at the host. */
static void test_suppressed_looks_nowhere(void **state)
{
	struct sentry g = sentry_new(100);
	unsigned looks;

	(void)state;
	for (uint16_t i = 0; i < 20; i++)
		sentry_claim(&g, 1 + i, SENTRY_LISTED + i);
	fake_round(g.f);
	looks = g.f->calls[FAKE_IS_RUNNING];
	assert_true(looks > 0);
	sentry_claim(&g, 30, SENTRY_LISTED + 30);
	fake_round(g.f);
	assert_int_equal(pc_join_counters(g.f->join)->warnings_suppressed, 1);
	assert_int_equal(g.f->calls[FAKE_IS_RUNNING], looks);
	fake_free(g.f);
}

/* Users for whom there is no place share one; a family that was quiet for a while gives way. */
static void test_many_users_warned(void **state)
{
	struct pc_warned_quota quota = { 0 };
	unsigned long suppressed;
	struct pc_family family;
	unsigned shown = 0;

	(void)state;
	for (uint32_t uid = 1000; uid < 2000; uid++) {
		pc_family_of(uid, NULL, &family);
		shown += pc_warned_quota_may(&quota, &family, SECOND, &suppressed);
	}
	assert_int_equal(shown, PC_WARNED_FAMILIES - 1 + PC_WARNED_A_SECOND);
	pc_family_of(33, NULL, &family);
	assert_false(pc_warned_quota_may(&quota, &family, SECOND, &suppressed));
	for (unsigned i = 0; i < PC_WARNED_A_SECOND; i++)
		assert_true(pc_warned_quota_may(&quota, &family, SECOND + PC_WARNED_IDLE_NS,
						&suppressed));
	assert_int_equal(suppressed, 0);
}

/* The second begins with the first warning in it, not with the last one. */
static void test_second_begins(void **state)
{
	struct sentry g = sentry_new(100);

	(void)state;
	for (uint16_t round = 0; round < 11; round++) {
		sentry_claim(&g, 1 + 2 * round, SENTRY_LISTED + 2 * round);
		sentry_claim(&g, 2 + 2 * round, SENTRY_LISTED + 2 * round + 1);
		fake_round(g.f); /* 100 ms */
	}
	assert_int_equal(g.f->warnings_count, 22);
	fake_free(g.f);
}

/* Sixteen claims wait for their ends: one more, and they are told without them. */
static void test_many_wait(void **state)
{
	struct sentry g = sentry_new(100);

	(void)state;
	for (uint16_t i = 0; i < 17; i++)
		sentry_claim(&g, 1 + i, SENTRY_LISTED + i);
	for (uint16_t i = 0; i < 17; i++) {
		struct pc_endpoints_record e = fake_ends(1 + i, SENTRY_LISTED + i);

		fake_put(g.f, &e);
	}
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 17);
	for (uint16_t i = 0; i < 17; i++) {
		assert_int_equal(g.f->warnings[i].claim.port, SENTRY_LISTED + i);
		assert_int_equal(g.f->warnings[i].claim.ends_known, i == 16);
	}
	fake_free(g.f);
}

/* Ends find their own claim, in whatever order they come. */
static void test_order_of_ends(void **state)
{
	static const uint8_t order[] = { 1, 4, 2, 3, 0 };
	struct sentry g = sentry_new(100);

	(void)state;
	for (uint16_t i = 0; i < 5; i++)
		sentry_claim(&g, 1 + i, SENTRY_LISTED + i);
	for (unsigned i = 0; i < 5; i++) {
		struct pc_endpoints_record e = fake_ends(1 + order[i], SENTRY_LISTED + order[i]);

		e.rport = 1000 + order[i];
		fake_put(g.f, &e);
	}
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 5);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(g.f->warnings[i].claim.port, SENTRY_LISTED + order[i]);
		assert_int_equal(g.f->warnings[i].claim.ends.rport, 1000 + order[i]);
	}
	fake_free(g.f);
}

/* A warning comes at the reading, before any refusal becomes a verdict. */
static void test_before_verdicts(void **state)
{
	struct sentry g = sentry_new(1);

	(void)state;
	sentry_claim(&g, 1, SENTRY_LISTED);
	pc_join_read(g.f->join, g.f->now_ns);
	assert_int_equal(g.f->warnings_count, 1);
	fake_free(g.f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_port_later),
		cmocka_unit_test(test_port_known),
		cmocka_unit_test(test_ends_missing),
		cmocka_unit_test(test_once_a_claim),
		cmocka_unit_test(test_claims_of_no_concern),
		cmocka_unit_test(test_ends_without_claim),
		cmocka_unit_test(join_protection_test_counters),
		cmocka_unit_test(test_udp_port_later),
		cmocka_unit_test(test_claimer_unknown),
		cmocka_unit_test(test_a_second),
		cmocka_unit_test(test_a_second_of_each_user),
		cmocka_unit_test(test_suppressed_looks_nowhere),
		cmocka_unit_test(test_many_users_warned),
		cmocka_unit_test(test_second_begins),
		cmocka_unit_test(test_many_wait),
		cmocka_unit_test(test_order_of_ends),
		cmocka_unit_test(test_before_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
