// SPDX-License-Identifier: GPL-2.0-only
/* Outcomes of a server whose arguments depend on the working directory, started again as another process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "outcome_stage.h"

#define EXITED(status) ((status) << 8)

/* Three processes are refused and end, and a fourth gets the port. */
static void successor_stage(struct outcome_stage *s, const char *last, const char *winner)
{
	const char *const folders[] = { NULL, NULL, last, winner };

	stage_outcomes_begin(s);
	for (uint32_t pid = 1; pid <= 4; pid++) {
		stage_person(s, pid, "server a.conf", NULL);
		s->people[pid - 1].folder = (char *)folders[pid - 1];
	}
	for (uint32_t pid = 1; pid <= 3; pid++) {
		stage_refusal(s, pid, 8080, pid * 10);
		stage_end(s, pid, EXITED(1), pid * 10 + 5);
	}
	/* A crash loop is told once, though each process ended before its directory was read. */
	assert_int_equal(stage_outcome(s, 100, PC_OUTCOME_GAVE_UP)->processes, 3);
	stage_quiet(s, 101);
	stage_claim(s, 4, 8080, PC_HOW_BIND, 200);
	stage_address(s, 0);
}

/* The winner is named only if it is the same server for certain. */
static void winners(void **state)
{
	static const struct {
		const char *last;
		const char *winner;
		bool named;
	} examples[] = {
		{ "/srv/a", "/srv/a", true }, { "/srv/a", "/srv/b", false },
		{ NULL, "/srv/a", false },    { "/srv/a", NULL, false },
		{ NULL, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct outcome_stage s;

		print_message("%zu\n", i);
		successor_stage(&s, examples[i].last, examples[i].winner);
		if (examples[i].named)
			assert_int_equal(stage_outcome(&s, 201, PC_OUTCOME_GOT_LATER)->winner.key.tgid, 4);
		else
			stage_quiet(&s, 201);
		stage_outcomes_end(&s);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(winners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
