// SPDX-License-Identifier: GPL-2.0-only
/* Record a join while all happens at random, play the recording back, and compare every field of every
 * verdict, claim and warning. Cut the recording at each entry, and let each of its writes fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/verdict/causes.h"
#include "taped_storm.h"

/* All seeds together must have made something of each kind. */
static void add_counters(struct pc_counters *sum, const struct pc_counters *c)
{
	for (size_t i = 0; i < sizeof(*c) / sizeof(uint64_t); i++)
		((uint64_t *)sum)[i] += ((const uint64_t *)c)[i];
}

static void assert_much_happened(const struct pc_counters *sum)
{
	for (int cause = PC_CAUSE_INVALID + 1; cause < PC_CAUSE_COUNT; cause++)
		if (!sum->refusals[cause])
			fail_msg("no refusal had cause %s", pc_cause_name(cause));
	for (int how = PC_HOW_UNKNOWN + 1; how < PC_HOW_COUNT; how++)
		assert_true(sum->claims[how] > 0);
	assert_true(sum->warnings > 100);
	assert_true(sum->warnings_suppressed > 10);
	assert_true(sum->ledger_sweeps > 3);
	assert_true(sum->ledger_sweeps_failed > 0);
	assert_true(sum->records_bad > 100);
}

static void test_storms(void **state)
{
	struct pc_counters sum = { 0 };

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct pc_counters counters;
		struct taped_storm t;
		uint64_t unanswered;
		char *text;
		int error;

		taped_storm_make(&t, seed, 60, 0, &error);
		assert_int_equal(error, 0);
		text = taped_storm_play(&t, t.tape.size, &unanswered, &counters);
		taped_storm_assert_same(t.text, text);
		assert_int_equal(unanswered, 0);
		assert_int_equal(t.counters.records_bad - counters.records_bad, t.storm.bad);
		add_counters(&sum, &t.counters);
		free(text);
		taped_storm_free(&t);
	}
	assert_much_happened(&sum);
}

/* The length of a text without its last line, the counters. */
static size_t without_counters(const char *text)
{
	const char *last = strrchr(text, '\n');

	while (last > text && last[-1] != '\n')
		last--;
	return (size_t)(last - text);
}

/* An answer that is given once: without it, the question that was asked is not answered. */
static bool is_given_once(const struct pc_recorded *e)
{
	return e->kind == PC_RECORDED_READ || e->kind == PC_RECORDED_OWNERS ||
	       e->kind == PC_RECORDED_SWEEP || e->kind == PC_RECORDED_SWEEP_FILES ||
	       e->kind == PC_RECORDED_LOOK;
}

/* A recording that was cut between two entries is one of less time: what the steps before made is the
 * same. Only the last of them can lack answers. */
static void test_cuts(void **state)
{
	struct taped_storm t;
	size_t whole = 0;
	int error;

	(void)state;
	taped_storm_make(&t, 7, 12, 0, &error);
	for (size_t at = sizeof(struct pc_recording_header); at < t.tape.size;
	     at = tape_next(&t.tape, at)) {
		const struct pc_recorded *e = tape_entry(&t.tape, at);
		struct pc_counters counters;
		uint64_t unanswered;
		char *text = taped_storm_play(&t, at, &unanswered, &counters);
		size_t len = without_counters(text);

		assert_true(len >= whole);
		assert_memory_equal(text, t.text, whole);
		if (e->kind == PC_RECORDED_STEP) {
			assert_int_equal(unanswered, 0);
			assert_memory_equal(text, t.text, len);
			whole = len;
		} else if (is_given_once(e)) {
			assert_true(unanswered > 0);
		}
		free(text);
	}
	assert_true(whole > 10000);
	taped_storm_free(&t);
}

/* Cut anywhere else, it is played to the entry that is cut off. */
static void test_cuts_of_entries(void **state)
{
	char sentence[PC_RECORDING_SENTENCE];
	struct pc_playback *p = NULL;
	struct taped_storm t;
	int error;

	(void)state;
	taped_storm_make(&t, 7, 1, 0, &error);
	for (size_t at = sizeof(struct pc_recording_header); at < t.tape.size;) {
		size_t next = tape_next(&t.tape, at);

		for (size_t size = at + 1; size < next; size += size - at < 64 ? 1 : 999) {
			uint8_t *copy = memcpy(malloc(size), t.tape.data, size);

			assert_int_equal(pc_playback_open(copy, size, &p, sentence), 0);
			assert_int_equal(pc_playback_cut(p), size - at);
			pc_playback_free(p);
			free(copy);
		}
		at = next;
	}
	taped_storm_free(&t);
}

/* A write fails, whichever it is: the join goes on as before, and nothing more is written. */
static void test_write_errors(void **state)
{
	struct taped_storm good;
	unsigned step;
	int error;

	(void)state;
	taped_storm_make(&good, 11, 6, 0, &error);
	assert_int_equal(error, 0);
	step = good.tape.writes / 100;
	for (unsigned n = 1; n <= good.tape.writes; n += n < 40 ? 1 : step) {
		struct taped_storm t;

		taped_storm_make(&t, 11, 6, n, &error);
		assert_int_equal(error, -ENOSPC);
		assert_int_equal(t.tape.writes, n);
		assert_true(t.tape.size < good.tape.size);
		if (t.tape.size)
			assert_memory_equal(t.tape.data, good.tape.data, t.tape.size);
		taped_storm_assert_same(good.text, t.text);
		taped_storm_free(&t);
	}
	taped_storm_free(&good);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_storms),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_cuts_of_entries),
		cmocka_unit_test(test_write_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
