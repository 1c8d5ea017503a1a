// SPDX-License-Identifier: GPL-2.0-only
/* Counts over time keep their sum and their place, and what a report keeps has its limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/time.h"
#include "core/history/bins.h"
#include "core/history/kept.h"

#define NOW (UINT64_C(1796045400) * PC_NS_PER_SECOND)

static uint64_t sum_of_bins(const struct pc_bins *b)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < PC_BINS; i++)
		sum += b->counts[i];
	return sum;
}

static uint32_t bin_at(const struct pc_bins *b, uint64_t ns)
{
	assert_true(ns >= b->from_ns && (ns - b->from_ns) / b->width_ns < PC_BINS);
	return b->counts[(ns - b->from_ns) / b->width_ns];
}

static void test_bins_widen(void **state)
{
	struct pc_bins b = { 0 };

	(void)state;
	pc_bins_add(&b, NOW, 2);
	pc_bins_add(&b, NOW + 63 * PC_NS_PER_SECOND, 3);
	assert_int_equal(b.width_ns, PC_NS_PER_SECOND);
	pc_bins_add(&b, NOW + 64 * PC_NS_PER_SECOND, 5);
	assert_int_equal(b.width_ns, 2 * PC_NS_PER_SECOND);
	assert_int_equal(bin_at(&b, NOW), 2);
	assert_int_equal(bin_at(&b, NOW + 62 * PC_NS_PER_SECOND), 3);
	assert_int_equal(bin_at(&b, NOW + 64 * PC_NS_PER_SECOND), 5);
	pc_bins_add(&b, NOW - 86400 * PC_NS_PER_SECOND, 7);
	assert_int_equal(bin_at(&b, NOW - 86400 * PC_NS_PER_SECOND), 7);
	assert_int_equal(sum_of_bins(&b), 17);
}

/* A log with the first and the last time that there is, in any order. */
static void test_bins_reach_everywhere(void **state)
{
	static const uint64_t times[] = { NOW, 0, UINT64_MAX, 1, UINT64_MAX / 2, NOW };

	(void)state;
	for (unsigned first = 0; first < 6; first++) {
		struct pc_bins b = { 0 };

		for (unsigned i = 0; i < 6; i++)
			pc_bins_add(&b, times[(first + i) % 6], 1);
		assert_int_equal(sum_of_bins(&b), 6);
	}
}

static void test_bins_do_not_overflow(void **state)
{
	struct pc_bins b = { 0 };

	(void)state;
	pc_bins_add(&b, NOW, UINT64_MAX);
	pc_bins_add(&b, NOW, UINT64_MAX);
	assert_int_equal(bin_at(&b, NOW), UINT32_MAX);
}

static void keep_one(struct pc_kept *k, uint64_t port, uint64_t uid)
{
	struct pc_logged e = { .type = PC_LOGGED_REFUSAL, .requested.port = port };

	e.requester.uid = uid;
	assert_int_equal(pc_kept_take(k, &e, "{}", 2), 0);
}

static void test_no_port_and_no_user_takes_all(void **state)
{
	struct pc_kept *k = calloc(1, sizeof(*k));
	char *line = calloc(1, PC_KEPT_LINE_MAX + 1);
	struct pc_logged e = { .type = PC_LOGGED_REFUSAL };

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		keep_one(k, 80, 0);
	assert_int_equal(k->verdicts_count, PC_KEPT_OF_PORT);
	for (unsigned i = 0; i < 2000; i++)
		keep_one(k, 1000 + i, 65534);
	assert_int_equal(k->verdicts_count, PC_KEPT_OF_PORT + PC_KEPT_OF_USER);
	for (unsigned i = 0; i < 2000; i++)
		keep_one(k, 1000 + i, i);
	assert_int_equal(k->verdicts_count, PC_KEPT_VERDICTS);
	assert_int_equal(k->verdicts_left, 4100 - PC_KEPT_VERDICTS);
	pc_kept_free(k);
	memset(k, 0, sizeof(*k));
	for (unsigned i = 0; i < 2000; i++)
		keep_one(k, 1000 + i, 100000 + i); /* of one user, by subuid(5) */
	assert_int_equal(k->verdicts_count, PC_KEPT_OF_USER);
	e.type = PC_LOGGED_READY;
	for (unsigned i = 0; i < 2 * PC_KEPT_STARTS; i++)
		assert_int_equal(pc_kept_take(k, &e, "{}", 2), 0);
	assert_int_equal(k->starts_count, 2 * PC_KEPT_STARTS);
	assert_int_equal(pc_kept_take(k, &e, line, PC_KEPT_LINE_MAX + 1), 0);
	assert_int_equal(k->starts_count, 2 * PC_KEPT_STARTS);
	assert_int_equal(k->starts_left, 1);
	pc_kept_free(k);
	free(k);
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bins_widen),
		cmocka_unit_test(test_bins_reach_everywhere),
		cmocka_unit_test(test_bins_do_not_overflow),
		cmocka_unit_test(test_no_port_and_no_user_takes_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
