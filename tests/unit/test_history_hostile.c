// SPDX-License-Identifier: GPL-2.0-only
/* Lines that are none, and strangers who make as many groups as they can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history_stage.h"

static void test_damaged_and_foreign_lines_are_counted(void **state)
{
	static const char *const damaged[] = {
		"{",
		"not json",
		"{\"schema\":1,\"type\":\"refusal\"",
		"\x01",
		"{\"schema\":1,\"type\":\"refusal\",\"time\":\"2026-11-30T05:02:25Z\"}",
		"{\"schema\":1,\"type\":\"repeat\"}",
		"{\"schema\":1,\"type\":\"ready\"}",
	};
	static const char *const foreign[] = { "{}",
					       "[]",
					       "1",
					       "null",
					       "{\"type\":\"refusal\"}",
					       "{\"schema\":\"1\",\"type\":\"refusal\"}",
					       "{\"schema\":1}" };
	struct pc_history *h = history_begin(&history_all);
	const uint64_t *types = pc_history_totals(h)->types;

	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
		history_take(h, damaged[i]);
	assert_int_equal(types[PC_LOGGED_DAMAGED], sizeof(damaged) / sizeof(damaged[0]));
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		history_take(h, foreign[i]);
	assert_int_equal(types[PC_LOGGED_FOREIGN], sizeof(foreign) / sizeof(foreign[0]));
	history_take(h, "{\"schema\":2,\"type\":\"refusal\"}");
	assert_int_equal(types[PC_LOGGED_NEWER], 1);
	history_take(h, "{\"schema\":1,\"type\":\"audit\",\"time\":\"2026-11-30T05:02:25Z\"}");
	history_take(h, "{\"schema\":1,\"type\":\"to-come\"}");
	assert_int_equal(types[PC_LOGGED_OTHER], 2);
	assert_int_equal(pc_history_totals(h)->refusals, 0);
	assert_int_equal(pc_history_totals(h)->lines, sizeof(damaged) / sizeof(damaged[0]) +
							      sizeof(foreign) / sizeof(foreign[0]) +
							      3);
	pc_history_free(h);
}

/* A user makes as many groups as he can; those of others stay, and nothing is uncounted. */
static void test_a_flood_of_groups_hides_no_other(void **state)
{
	struct pc_history *h = pc_history_new(&history_all, 200000);
	struct logline l = history_theft, attack = { .uid = 65534, .port = 9000 };
	const struct pc_history_totals *t = pc_history_totals(h);
	const struct pc_history_group **list;
	unsigned others = 0;
	uint64_t shown = 0;
	size_t count;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "script %u", i);
		attack.cmdline = name;
		history_take_variant(h, i, &attack);
		if (i % 1000 == 0) {
			l.port = 40000 + i / 1000;
			history_take_variant(h, 100000 + i, &l);
		}
	}
	list = pc_history_groups(h, &count);
	for (size_t i = 0; i < count; i++) {
		others += list[i]->event.requester.uid == 990;
		shown += list[i]->refusals;
	}
	assert_int_equal(others, 20);
	assert_in_range(count, 50, 400);
	assert_int_equal(shown + t->beyond, 20020);
	assert_int_equal(t->refusals, 20020);
	free(list);
	pc_history_free(h);
}

/* 65,536 users of one user namespace, as newuidmap gives them. */
static void test_a_crowd_of_users_hides_no_other(void **state)
{
	struct pc_history *h = pc_history_new(&history_all, 200000);
	struct logline attack = { .port = 9000 };
	const struct pc_history_group **list;
	bool there = false;
	size_t count;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		attack.uid = 100000 + i % 2000;
		attack.port = 9000 + i / 2000;
		history_take_variant(h, i, &attack);
	}
	history_take_variant(h, 200000, &history_theft);
	for (unsigned i = 0; i < 100; i++) {
		attack.uid = 300000 + i;
		history_take_variant(h, 300000 + i, &attack);
	}
	list = pc_history_groups(h, &count);
	for (size_t i = 0; i < count; i++)
		there |= list[i]->event.requester.uid == 990;
	assert_true(there);
	free(list);
	pc_history_free(h);
}

static void test_long_texts_are_cut(void **state)
{
	struct pc_history *h = history_begin(&history_all);
	struct logline l = history_theft;
	char text[2000] = "";

	(void)state;
	for (unsigned i = 0; i < 300; i++)
		strcat(text, "\\u001b");
	l.cmdline = text;
	history_take(h, logline_refusal(&l));
	assert_int_equal(history_only_group(h)->event.requester.cmdline.len, 252);
	pc_history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damaged_and_foreign_lines_are_counted),
		cmocka_unit_test(test_a_flood_of_groups_hides_no_other),
		cmocka_unit_test(test_a_crowd_of_users_hides_no_other),
		cmocka_unit_test(test_long_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
