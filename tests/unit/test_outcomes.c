// SPDX-License-Identifier: GPL-2.0-only
/* Outcomes of a refused server: it gets its port later, gives up, is started again, still waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "outcome_stage.h"

#define EXITED(status) ((status) << 8)

static uint64_t unserved(struct outcome_stage *s, uint64_t ms)
{
	return pc_outcomes_counters(s->table, (1000000 + ms) * PC_NS_PER_MS)
		->unserved[PC_CAUSE_LISTENER];
}

static uint64_t counted(struct outcome_stage *s, enum pc_outcome_kind kind)
{
	return pc_outcomes_counters(s->table, 0)->outcomes[PC_CAUSE_LISTENER][kind];
}

static void gives_up(void **state)
{
	struct outcome_stage s;
	const struct pc_outcome *o;

	(void)state;
	stage_outcomes_begin(&s);
	stage_refusal(&s, 1, 8080, 0);
	stage_quiet(&s, 1);
	assert_int_equal(unserved(&s, 1), 0);
	stage_end(&s, 1, EXITED(3), 5);
	o = stage_outcome(&s, 6, PC_OUTCOME_GAVE_UP);
	assert_string_equal(o->of, "1-0");
	assert_true(o->status_known && o->status == EXITED(3));
	assert_int_equal(o->time_ns - o->first_ns, 5 * PC_NS_PER_MS);
	assert_int_equal(o->refusals, 1);
	assert_int_equal(o->request.wanted_port, 8080);
	assert_false(o->hunt || o->requester.running);
	stage_quiet(&s, 7);
	assert_int_equal(unserved(&s, 7), 1);
	assert_int_equal(unserved(&s, 300001), 0);
	assert_int_equal(counted(&s, PC_OUTCOME_GAVE_UP), 1);
	stage_outcomes_end(&s);
}

/* A refusal beyond the lines of its user has no line; its outcome has none either, and counts. */
static void without_line(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	stage_repeat(&s, 1, 8080, 0, "");
	stage_end(&s, 1, EXITED(3), 5);
	assert_false(pc_outcome_has_line(stage_outcome(&s, 6, PC_OUTCOME_GAVE_UP)));
	assert_int_equal(counted(&s, PC_OUTCOME_GAVE_UP), 1);
	stage_refusal(&s, 2, 8080, 10);
	stage_end(&s, 2, EXITED(3), 15);
	assert_true(pc_outcome_has_line(stage_outcome(&s, 16, PC_OUTCOME_GAVE_UP)));
	assert_int_equal(counted(&s, PC_OUTCOME_GAVE_UP), 2);
	stage_outcomes_end(&s);
}

/* The end was read before the refusal was looked into; and so was the claim. */
static void read_earlier(void **state)
{
	struct outcome_stage s;
	const struct pc_outcome *o;

	(void)state;
	stage_outcomes_begin(&s);
	stage_end(&s, 1, 9, 5);
	stage_claim(&s, 2, 8080, PC_HOW_BIND, 7);
	stage_claim(&s, 3, 8080, PC_HOW_BIND, 1);
	stage_refusal(&s, 1, 8080, 4);
	assert_int_equal(stage_outcome(&s, 6, PC_OUTCOME_GAVE_UP)->status, 9);
	stage_refusal(&s, 2, 8080, 3);
	o = stage_outcome(&s, 1100, PC_OUTCOME_GOT_LATER);
	assert_int_equal(o->port, 8080);
	stage_refusal(&s, 3, 8080, 3); /* had it before */
	stage_quiet(&s, 1200);
	stage_outcomes_end(&s);
}

static void retries_and_wins(void **state)
{
	struct outcome_stage s;
	const struct pc_outcome *o;

	(void)state;
	stage_outcomes_begin(&s);
	for (unsigned i = 0; i < 10; i++)
		assert_true(stage_refusal(&s, 1, 8080, i * 1000));
	stage_claim(&s, 1, 8080, PC_HOW_BIND, 10000);
	stage_address(&s, 0);
	o = stage_outcome(&s, 10001, PC_OUTCOME_GOT_LATER);
	assert_string_equal(o->of, "1-0");
	assert_int_equal(o->total, 10);
	assert_int_equal(o->time_ns - o->first_ns, 10 * PC_NS_PER_SECOND);
	assert_null(o->winner.who);
	stage_quiet(&s, 60000);
	assert_int_equal(counted(&s, PC_OUTCOME_GOT_LATER), 1);
	stage_outcomes_end(&s);
}

/* named binds port 53 on each address: another address is not the refused one. */
static void another_address(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	s.address = 10;
	stage_refusal(&s, 1, 8080, 0);
	stage_claim(&s, 1, 8080, PC_HOW_BIND, 1);
	stage_address(&s, 11);
	stage_quiet(&s, 5000);
	stage_claim(&s, 1, 8080, PC_HOW_BIND, 6000);
	stage_address(&s, 10);
	stage_outcome(&s, 6001, PC_OUTCOME_GOT_LATER);
	stage_outcomes_end(&s);
}

static void still_waits(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	stage_refusal(&s, 1, 8080, 0);
	stage_quiet(&s, 29999);
	assert_int_equal(unserved(&s, 29999), 0);
	stage_outcome(&s, 30000, PC_OUTCOME_WAITING);
	assert_int_equal(unserved(&s, 30000), 1);
	stage_quiet(&s, 100000);
	stage_claim(&s, 1, 8080, PC_HOW_BIND, 100001);
	stage_quiet(&s, 100002);
	stage_outcome(&s, 101001, PC_OUTCOME_GOT_LATER);
	assert_int_equal(unserved(&s, 101002), 0);
	stage_outcomes_end(&s);
}

/* The end was not seen: the host knows. */
static void end_unseen(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	stage_refusal(&s, 1, 8080, 0);
	s.gone = true;
	assert_false(stage_outcome(&s, 30000, PC_OUTCOME_GAVE_UP)->status_known);
	stage_outcomes_end(&s);
}

/* A crash loop under systemd: the first end is told, the others counted, and the start that works names
 * the process. */
static void started_again(void **state)
{
	struct outcome_stage s;
	const struct pc_outcome *o;

	(void)state;
	stage_outcomes_begin(&s);
	for (uint32_t pid = 1; pid <= 5; pid++)
		stage_person(&s, pid, "server", "web.service");
	stage_person(&s, 6, "server", "other.service");
	stage_refusal(&s, 1, 8080, 0);
	stage_end(&s, 1, EXITED(1), 5);
	stage_outcome(&s, 10, PC_OUTCOME_GAVE_UP);
	for (uint32_t pid = 2; pid <= 4; pid++) {
		stage_repeat(&s, pid, 8080, pid * 1000, "1-0");
		stage_end(&s, pid, EXITED(1), pid * 1000 + 5);
		stage_quiet(&s, pid * 1000 + 10);
	}
	assert_int_equal(counted(&s, PC_OUTCOME_GAVE_UP), 4);
	assert_int_equal(unserved(&s, 5000), 1);
	stage_claim(&s, 6, 8080, PC_HOW_BIND, 5000);
	stage_quiet(&s, 6500);
	stage_claim(&s, 5, 8080, PC_HOW_BIND, 7000);
	stage_address(&s, 0);
	o = stage_outcome(&s, 7001, PC_OUTCOME_GOT_LATER);
	assert_string_equal(o->of, "1-0");
	assert_int_equal(o->winner.key.tgid, 5);
	assert_int_equal(o->requester.key.tgid, 4);
	assert_int_equal(o->processes, 4);
	assert_int_equal(o->total, 4);
	assert_int_equal(o->refusals, 3);
	assert_int_equal(unserved(&s, 7002), 0);
	stage_outcomes_end(&s);
}

/* All of a crash loop is read in one round: each refusal with what came later. */
static void crash_loop_at_once(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	for (uint32_t pid = 1; pid <= 3; pid++)
		stage_person(&s, pid, "server", "web.service");
	for (uint32_t pid = 1; pid <= 3; pid++)
		stage_end(&s, pid, EXITED(1), pid * 10 + 5);
	for (uint32_t pid = 1; pid <= 3; pid++)
		stage_refusal(&s, pid, 8080, pid * 10);
	assert_int_equal(stage_outcome(&s, 100, PC_OUTCOME_GAVE_UP)->processes, 3);
	stage_quiet(&s, 101);
	assert_int_equal(counted(&s, PC_OUTCOME_GAVE_UP), 3);
	stage_outcomes_end(&s);
}

/* Two refusals and the end of one process, read in one round: it gave up once. */
static void retry_overtaken(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	stage_end(&s, 1, EXITED(1), 30);
	stage_refusal(&s, 1, 8080, 10);
	stage_refusal(&s, 1, 8080, 20);
	assert_int_equal(stage_outcome(&s, 100, PC_OUTCOME_GAVE_UP)->total, 2);
	assert_int_equal(counted(&s, PC_OUTCOME_GAVE_UP), 1);
	stage_outcomes_end(&s);
}

/* A client: the claim of a connect() that fails comes before its refusal, that of one that works stays. */
static void client_connects_later(void **state)
{
	struct outcome_stage s;
	const struct pc_outcome *o;

	(void)state;
	stage_outcomes_begin(&s);
	s.op = PC_OP_CONNECT;
	stage_claim(&s, 1, 0, PC_HOW_CONNECT, 0);
	stage_refusal(&s, 1, 443, 1);
	stage_claim(&s, 1, 0, PC_HOW_CONNECT, 500);
	stage_refusal(&s, 1, 443, 501);
	stage_quiet(&s, 5000);
	stage_claim(&s, 1, 0, PC_HOW_CONNECT, 6000);
	stage_quiet(&s, 6500);
	o = stage_outcome(&s, 7000, PC_OUTCOME_GOT_LATER);
	assert_int_equal(o->total, 2);
	assert_int_equal(o->port, 0);
	stage_outcomes_end(&s);
}

/* A client without an IPv6 address goes on by IPv4: that is not what it asked for. */
static void client_goes_on_by_v4(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	s.op = PC_OP_CONNECT;
	s.cause = PC_CAUSE_NO_SOURCE_ADDRESS;
	stage_refusal(&s, 1, 443, 0);
	stage_claim(&s, 1, 0, PC_HOW_CONNECT, 500);
	stage_quiet(&s, 5000);
	stage_end(&s, 1, EXITED(0), 6000);
	stage_outcome(&s, 7000, PC_OUTCOME_GAVE_UP);
	stage_outcomes_end(&s);
}

/* A listen() that succeeds later on the same socket is no claim: nothing is said of waiting. */
static void listen_is_unsure(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	s.op = PC_OP_LISTEN;
	stage_refusal(&s, 1, 8080, 0);
	stage_quiet(&s, 60000);
	stage_end(&s, 1, EXITED(1), 60001);
	stage_outcome(&s, 60002, PC_OUTCOME_GAVE_UP);
	stage_outcomes_end(&s);
}

/* More claims than are kept come between a refusal and the look into it. */
static void stage_claims_of_another(struct outcome_stage *s)
{
	for (uint32_t i = 0; i < 3 * PC_EVENTS_MAX; i++)
		stage_claim(s, 2, (uint16_t)(1024 + i), PC_HOW_BIND, 1);
}

/* Claims of another process do not keep a refused one from being reported as waiting. */
static void flood_of_claims(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	stage_claims_of_another(&s);
	stage_refusal(&s, 1, 80, 0);
	stage_outcome(&s, 60000, PC_OUTCOME_WAITING);
	stage_outcomes_end(&s);
}

/* The process may have taken the port in a claim that gave way, or another one may have. */
static void flood_hides_own_claim(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	stage_claim(&s, 1, 81, PC_HOW_BIND, 1);
	stage_claim(&s, 3, 8080, PC_HOW_BIND, 1);
	stage_claims_of_another(&s);
	stage_refusal(&s, 1, 80, 0);
	stage_refusal(&s, 4, 8080, 0);
	stage_quiet(&s, 60000);
	stage_outcomes_end(&s);
}

/* An unprivileged user floods the table with refused processes: his own give way, not another's. */
static void flood_of_one_user(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	stage_refusal(&s, 1, 80, 0);
	s.uid = 1000;
	for (uint32_t pid = 2; pid < 20000; pid++)
		stage_refusal(&s, pid, 8080, 1);
	stage_end(&s, 1, EXITED(1), 2);
	assert_int_equal(stage_outcome(&s, 3, PC_OUTCOME_GAVE_UP)->request.wanted_port, 80);
	assert_in_range(pc_outcomes_counters(s.table, 0)->evicted, 10000, 19999);
	assert_int_equal(pc_outcomes_counters(s.table, 0)->open +
				 pc_outcomes_counters(s.table, 0)->evicted,
			 19998);
	stage_outcomes_end(&s);
}

/* A user with subordinate ids is 20,000 users. */
static void flood_of_many_users(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	stage_refusal(&s, 1, 80, 0);
	for (uint32_t pid = 2; pid < 20000; pid++) {
		s.uid = 100000 + pid;
		stage_refusal(&s, pid, 8080, 1);
	}
	stage_end(&s, 1, EXITED(1), 2);
	assert_int_equal(stage_outcome(&s, 3, PC_OUTCOME_GAVE_UP)->request.wanted_port, 80);
	stage_outcomes_end(&s);
}

/* The flood is of the same user as the victim, which is in a unit. */
static void flood_beside_unit(void **state)
{
	struct outcome_stage s;

	(void)state;
	stage_outcomes_begin(&s);
	stage_person(&s, 1, "web", "web.service");
	stage_refusal(&s, 1, 80, 0);
	for (uint32_t pid = 2; pid < 20000; pid++)
		stage_refusal(&s, pid, 8080, 1);
	stage_end(&s, 1, EXITED(1), 2);
	assert_int_equal(stage_outcome(&s, 3, PC_OUTCOME_GAVE_UP)->request.wanted_port, 80);
	stage_outcomes_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_up),
		cmocka_unit_test(without_line),
		cmocka_unit_test(read_earlier),
		cmocka_unit_test(retries_and_wins),
		cmocka_unit_test(another_address),
		cmocka_unit_test(still_waits),
		cmocka_unit_test(end_unseen),
		cmocka_unit_test(started_again),
		cmocka_unit_test(crash_loop_at_once),
		cmocka_unit_test(retry_overtaken),
		cmocka_unit_test(client_connects_later),
		cmocka_unit_test(listen_is_unsure),
		cmocka_unit_test(flood_of_claims),
		cmocka_unit_test(flood_hides_own_claim),
		cmocka_unit_test(flood_of_one_user),
		cmocka_unit_test(flood_of_many_users),
		cmocka_unit_test(flood_beside_unit),
		cmocka_unit_test(client_goes_on_by_v4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
