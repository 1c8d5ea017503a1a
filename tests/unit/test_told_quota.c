// SPDX-License-Identifier: GPL-2.0-only
/* The quota of written verdicts: floods of one user, of a user with many ids, and of containers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/base/time.h"
#include "core/memory/told_quota.h"

#define FLOOD_PER_SECOND 512 /* as many as the kernel side records of one user */

static struct pc_told_quota *quota;
static char container[80];

static int told_setup(void **state)
{
	(void)state;
	quota = pc_told_quota_new();
	return quota ? 0 : -1;
}

static int told_teardown(void **state)
{
	(void)state;
	pc_told_quota_free(quota);
	return 0;
}

static bool told_may(uint32_t uid, enum pc_word word, unsigned owners, uint64_t now_ns)
{
	static struct pc_verdict v;
	struct pc_identity who = { .uid = uid, .container_word = word };

	who.container = word ? container : NULL;
	v = (struct pc_verdict){ .time_ns = now_ns, .requester = { .who = &who } };
	v.request.uid = uid;
	v.holders_count = 1;
	v.holders[0].owners_count = owners;
	return pc_told_quota_may(quota, &v, now_ns);
}

/* The number of lines in so many seconds of a flood. */
static unsigned flood_of(uint32_t uid, enum pc_word word, unsigned owners, unsigned seconds)
{
	unsigned written = 0;

	for (unsigned i = 0; i < seconds * FLOOD_PER_SECOND; i++)
		written +=
			told_may(uid, word, owners, 1 + i * (PC_NS_PER_SECOND / FLOOD_PER_SECOND));
	return written;
}

static void one_user(void **state)
{
	const unsigned most = PC_TOLD_BURST + 100 * PC_TOLD_PER_SECOND;
	unsigned written = flood_of(65534, PC_WORD_NONE, 0, 100);

	(void)state;
	assert_in_range(written, most - 1, most + 1);
	assert_true(told_may(1000, PC_WORD_NONE, 0, 100 * PC_NS_PER_SECOND)); /* a victim */
	/* After a while of silence there are as many lines again. */
	assert_true(told_may(65534, PC_WORD_NONE, 0, 101 * PC_NS_PER_SECOND));
}

static void long_lines_cost_more(void **state)
{
	unsigned plain = PC_TOLD_BURST + 100 * PC_TOLD_PER_SECOND, written;

	(void)state;
	written = flood_of(65534, PC_WORD_NONE, 8, 100);
	assert_in_range(written, plain / 3 - 2, plain / 3 + 2);
}

static void root_is_free(void **state)
{
	(void)state;
	assert_int_equal(flood_of(0, PC_WORD_NONE, 8, 20), 20 * FLOOD_PER_SECOND);
}

/* The word of a user for a container does not make a user another one, nor root a stranger. */
static void containers_have_quotas(void **state)
{
	unsigned written = 0;

	(void)state;
	snprintf(container, sizeof(container), "0123456789ab");
	assert_true(flood_of(0, PC_WORD_SYSTEM, 0, 20) < 20 * FLOOD_PER_SECOND);
	snprintf(container, sizeof(container), "ba9876543210");
	assert_true(told_may(0, PC_WORD_SYSTEM, 0, 20 * PC_NS_PER_SECOND));
	for (unsigned i = 0; i < 20 * FLOOD_PER_SECOND; i++) {
		snprintf(container, sizeof(container), "%012u", i);
		written += told_may(1000, PC_WORD_USER, 0, 1 + i);
	}
	assert_int_equal(written, PC_TOLD_BURST);
}

/* newuidmap(1) gives a user 65,536 ids. */
static void many_ids(void **state)
{
	unsigned written = 0;

	(void)state;
	for (unsigned i = 0; i < 4 * PC_TOLD_BURST; i++)
		written += told_may(100000 + i, PC_WORD_NONE, 0, 1 + i);
	assert_int_equal(written, PC_TOLD_BURST);
	assert_true(told_may(100000 + 65536, PC_WORD_NONE, 0, 1));
}

/* More users than there are places: the table does not grow, and those without a place share one. */
static void many_users(void **state)
{
	unsigned written = 0;

	(void)state;
	for (unsigned round = 0; round < 2 * PC_TOLD_BURST; round++)
		for (uint32_t uid = 1; uid <= 2 * PC_TOLD_USERS; uid++)
			written += told_may(uid, PC_WORD_NONE, 0, 1);
	assert_int_equal(written, PC_TOLD_USERS * PC_TOLD_BURST);
}

static void counts_are_told(void **state)
{
	const struct pc_merged *m;
	uint64_t sum = 0;

	(void)state;
	for (unsigned i = 0; i < PC_TOLD_BURST + 10; i++)
		told_may(65534, PC_WORD_NONE, 0, 1);
	assert_null(pc_told_quota_next(quota, PC_NS_PER_SECOND / 2, false));
	m = pc_told_quota_next(quota, 2 * PC_NS_PER_SECOND, false);
	assert_non_null(m);
	assert_int_equal(m->scope, PC_SCOPE_UNWRITTEN);
	assert_int_equal(m->count, 10);
	assert_int_equal(m->request.uid, 65534);
	assert_non_null(m->requester.who);
	assert_null(pc_told_quota_next(quota, 2 * PC_NS_PER_SECOND, false));
	for (unsigned i = 0; i < 1000; i++)
		sum += !told_may(65534, PC_WORD_NONE, 0, 3 * PC_NS_PER_SECOND);
	assert_null(pc_told_quota_next(quota, 11 * PC_NS_PER_SECOND, false));
	m = pc_told_quota_next(quota, 11 * PC_NS_PER_SECOND, true);
	assert_non_null(m);
	assert_int_equal(m->count, sum);
	assert_null(pc_told_quota_next(quota, 100 * PC_NS_PER_SECOND, true));
}

#define TOLD_TEST(fn) cmocka_unit_test_setup_teardown(fn, told_setup, told_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TOLD_TEST(one_user),	    TOLD_TEST(long_lines_cost_more),
		TOLD_TEST(root_is_free),    TOLD_TEST(containers_have_quotas),
		TOLD_TEST(many_ids),	    TOLD_TEST(many_users),
		TOLD_TEST(counts_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
