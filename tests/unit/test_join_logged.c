// SPDX-License-Identifier: GPL-2.0-only
/* Claims that waited in the kernel side's log (bpf/claim_log.bpf.h) until their socket was closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "log_side.h"
#include "taped_storm.h"
#include "theft.h"

/* The thief's socket was closed after the refusal, before the claim and the refusal were read. */
static void test_join_logged_holder(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.claim.flags |= PC_CLAIM_ENDED;
	theft_put(&t);
	fake_round(t.f);
	theft_assert(&t);
	assert_null(t.f->verdicts[0].incomplete);
	fake_free(t.f);
}

/* All that a storm makes, and its counters. */
static char *logged_storm(uint64_t seed, struct log_side *side, struct pc_counters *counters)
{
	uint64_t ports[PC_PORT_WORDS];
	const struct pc_join_options options = storm_options(seed, ports);
	struct fake *f = fake_new_wrapped(&options, log_side_wrap, side);
	struct storm storm;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	f->output = dump_output(out);
	storm_run(&storm, f, seed, 60);
	*counters = *pc_join_counters(f->join);
	dump_counters(out, counters);
	fclose(out);
	fake_free(f);
	return text;
}

/* A join makes the same of claims in the log as of their records. */
static void test_join_logged_storms(void **state)
{
	unsigned runs = 0;
	uint64_t outcomes = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct log_side records = { .as_records = true }, logged = { 0 };
		struct pc_counters of_records, of_logged;
		char *text = logged_storm(seed, &records, &of_records);
		char *same = logged_storm(seed, &logged, &of_logged);

		taped_storm_assert_same(text, same);
		assert_int_equal(of_records.records_bad, of_logged.records_bad);
		assert_int_equal(records.runs, 0);
		runs += logged.runs;
		for (char *at = text; (at = strstr(at, "outcome")); at++)
			outcomes++;
		free(text);
		free(same);
	}
	assert_true(runs > 1000);
	assert_true(outcomes > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join_logged_holder),
		cmocka_unit_test(test_join_logged_storms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
