// SPDX-License-Identifier: GPL-2.0-only
/* Programs that look for any free port, and servers that only seem to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "outcome_stage.h"

#define EXITED(status) ((status) << 8)

static uint64_t hunt_counted(struct outcome_stage *s, enum pc_outcome_kind kind)
{
	return pc_outcomes_counters(s->table, 0)->outcomes[PC_CAUSE_LISTENER][kind];
}

/* Jupyter, Vite: 8888, 8889, 8890, and 8891 is free. */
static void steps_from_port_to_port(void **state)
{
	struct outcome_stage s;
	const struct pc_outcome *o;

	(void)state;
	stage_outcomes_begin(&s);
	assert_true(stage_refusal(&s, 1, 8888, 0));
	assert_true(stage_refusal(&s, 1, 8889, 1));
	assert_false(stage_refusal(&s, 1, 8890, 2));
	assert_false(stage_refusal(&s, 1, 8802, 3)); /* from then on at random */
	stage_claim(&s, 1, 8931, PC_HOW_BIND, 4);
	stage_quiet(&s, 1003);
	o = stage_outcome(&s, 1004, PC_OUTCOME_TOOK_ANOTHER);
	assert_true(o->hunt);
	assert_string_equal(o->of, "1-0");
	assert_int_equal(o->port, 8931);
	assert_int_equal(o->total, 4);
	assert_int_equal(o->refusals, 4);
	assert_int_equal(o->folded, 2);
	assert_int_equal(o->lowest, 8802);
	assert_int_equal(o->highest, 8890);
	assert_int_equal(pc_outcomes_counters(s.table, 0)->folded, 2);
	stage_quiet(&s, 60000);
	stage_outcomes_end(&s);
}

/* The claim was read before the last refusals were looked into. */
static void step_overtaken(void **state)
{
	struct outcome_stage s;
	const struct pc_outcome *o;

	(void)state;
	stage_outcomes_begin(&s);
	stage_claim(&s, 1, 8891, PC_HOW_BIND, 4);
	for (uint16_t i = 0; i < 3; i++)
		stage_refusal(&s, 1, 8888 + i, i);
	o = stage_outcome(&s, 1004, PC_OUTCOME_TOOK_ANOTHER);
	assert_int_equal(o->total, 3);
	assert_int_equal(o->port, 8891);
	stage_quiet(&s, 60000);
	assert_int_equal(hunt_counted(&s, PC_OUTCOME_TOOK_ANOTHER), 1);
	stage_outcomes_end(&s);
}

/* nginx: 80 is refused, 443 works, and 80 is tried again and again. */
static void server_with_two_ports(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(stage_refusal(&s, 1, 8080, i * 500));
		stage_claim(&s, 1, 8081, PC_HOW_BIND, i * 500 + 1);
		stage_quiet(&s, i * 500 + 400);
	}
	stage_end(&s, 1, EXITED(1), 2500);
	assert_int_equal(stage_outcome(&s, 2501, PC_OUTCOME_GAVE_UP)->total, 5);
	assert_int_equal(hunt_counted(&s, PC_OUTCOME_TOOK_ANOTHER), 0);
	stage_outcomes_end(&s);
}

/* A server that lives on without one of its ports: the other is far away. */
static void server_without_one_port(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	stage_refusal(&s, 1, 9090, 0);
	stage_claim(&s, 1, 8080, PC_HOW_BIND, 1);
	stage_quiet(&s, 29000);
	stage_outcome(&s, 30000, PC_OUTCOME_WAITING);
	stage_outcomes_end(&s);
}

/* Three listeners side by side are refused, and again: that is no hunt, so the third is told, too. */
static void three_neighbours(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	for (uint16_t i = 0; i < 3; i++)
		stage_refusal(&s, 1, 8080 + i, i);
	assert_int_equal(s.verdicts, 2);
	for (uint16_t i = 0; i < 3; i++)
		assert_true(stage_refusal(&s, 1, 8080 + i, 500 + i));
	stage_outcomes_end(&s);
}

/* The process fails within the second: what it took does not count. */
static void fails_all_the_same(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	stage_refusal(&s, 1, 8080, 0);
	stage_claim(&s, 1, 8081, PC_HOW_BIND, 1);
	stage_end(&s, 1, EXITED(1), 300);
	assert_int_equal(stage_outcome(&s, 301, PC_OUTCOME_GAVE_UP)->port, 0);
	stage_refusal(&s, 2, 8080, 1000);
	stage_claim(&s, 2, 8081, PC_HOW_BIND, 1001);
	stage_end(&s, 2, 15, 1300); /* stopped by somebody: it worked */
	stage_outcome(&s, 1301, PC_OUTCOME_TOOK_ANOTHER);
	stage_quiet(&s, 60000);
	stage_outcomes_end(&s);
}

/* The same socket; the kernel's choice in the thread's next call; but not that of another thread. */
static void stands_for_the_refused(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	stage_refusal(&s, 1, 5000, 0);
	s.cookie--;
	stage_claim(&s, 1, 7777, PC_HOW_BIND, 5000);
	stage_outcome(&s, 6000, PC_OUTCOME_TOOK_ANOTHER);
	stage_refusal(&s, 2, 5000, 10000);
	stage_claim(&s, 2, 40000, PC_HOW_BIND_ZERO, 10001);
	assert_int_equal(stage_outcome(&s, 11001, PC_OUTCOME_TOOK_ANOTHER)->how, PC_HOW_BIND_ZERO);
	stage_refusal(&s, 3, 5000, 20000);
	s.tid = 99;
	stage_claim(&s, 3, 40001, PC_HOW_BIND_ZERO, 20001);
	stage_outcome(&s, 50000, PC_OUTCOME_WAITING);
	stage_outcomes_end(&s);
}

/* A resolver under load: two refusals are told, the others counted, and lines come ever more seldom. */
static void resolve(unsigned every, unsigned refusals)
{
	struct outcome_stage s;
	uint64_t lines = 0, told = 0;

	stage_outcomes_begin(&s);
	s.proto = PC_PROTO_UDP;
	for (unsigned i = 0; i < 1000; i++) {
		stage_claim(&s, 1, (uint16_t)(20000 + i * 7), PC_HOW_BIND, i * 100);
		while (pc_outcomes_next(s.table, (1000000 + i * 100) * PC_NS_PER_MS, false))
			lines++;
		if (i % every != every / 2)
			continue;
		told += stage_refusal(&s, 1, (uint16_t)(1025 + i * 13), i * 100 + 1);
		stage_claim(&s, 1, (uint16_t)(2000 + i * 31), PC_HOW_BIND, i * 100 + 2);
	}
	assert_int_equal(told, 2);
	assert_in_range(lines, 3, 4); /* one or two, after ten seconds, and a minute later */
	assert_int_equal(pc_outcomes_counters(s.table, 0)->folded, refusals - 2);
	assert_int_equal(pc_outcomes_counters(s.table, 0)->unserved[PC_CAUSE_LISTENER], 0);
	stage_end(&s, 1, 15, 200000);
	assert_true(stage_outcome(&s, 200001, PC_OUTCOME_TOOK_ANOTHER)->hunt);
	assert_int_equal(hunt_counted(&s, PC_OUTCOME_TOOK_ANOTHER), refusals);
	stage_quiet(&s, 200002);
	stage_outcomes_end(&s);
}

/* Refused every two seconds; and so often that nothing settles. */
static void resolver(void **state)
{
	(void)state;
	resolve(20, 50);
	resolve(2, 500);
}

/* A hunter that finds nothing any more is told of. */
static void hunter_in_trouble(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(stage_refusal(&s, 1, (uint16_t)(5000 + i * 1000), i * 10000));
		stage_claim(&s, 1, (uint16_t)(5001 + i * 1000), PC_HOW_BIND, i * 10000 + 1);
		stage_outcome(&s, i * 10000 + 1001, PC_OUTCOME_TOOK_ANOTHER);
	}
	assert_false(stage_refusal(&s, 1, 9000, 40000));
	assert_true(stage_refusal(&s, 1, 80, 40001)); /* no such port is hunted for */
	stage_end(&s, 1, EXITED(1), 40010);
	stage_outcome(&s, 40011, PC_OUTCOME_GAVE_UP);
	stage_outcome(&s, 40011, PC_OUTCOME_GAVE_UP);
	stage_outcomes_end(&s);
}

/* TCP ports far apart, each time at once: the third time shows what it is. */
static void the_third_time(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	for (unsigned i = 0; i < 3; i++) {
		stage_refusal(&s, 1, (uint16_t)(20000 + i * 5000), i * 3000);
		stage_claim(&s, 1, (uint16_t)(22000 + i * 7000), PC_HOW_BIND, i * 3000 + 1);
		if (i < 2)
			stage_quiet(&s, i * 3000 + 2000);
	}
	for (unsigned i = 0; i < 3; i++)
		stage_outcome(&s, 7001, PC_OUTCOME_TOOK_ANOTHER);
	stage_outcomes_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_from_port_to_port),
		cmocka_unit_test(step_overtaken),
		cmocka_unit_test(server_with_two_ports),
		cmocka_unit_test(server_without_one_port),
		cmocka_unit_test(three_neighbours),
		cmocka_unit_test(fails_all_the_same),
		cmocka_unit_test(stands_for_the_refused),
		cmocka_unit_test(resolver),
		cmocka_unit_test(hunter_in_trouble),
		cmocka_unit_test(the_third_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
