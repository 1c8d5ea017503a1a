// SPDX-License-Identifier: GPL-2.0-only
/* The flight recorder in memory: what it keeps when it is full, when its agent is killed, and when bytes of it are
 * changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"
#include "core/base/time.h"
#include "core/flight/answer.h"
#include "core/flight/flight.h"

static const struct pc_flight_losses nothing_lost;

#define NOW (UINT64_C(1796045400) * PC_NS_PER_SECOND)
#define BOOT (NOW - 5000 * PC_NS_PER_SECOND) /* when the machine was started */
#define SLOTS 64
#define SIZE (PC_FLIGHT_SLOTS_AT + SLOTS * PC_FLIGHT_SLOT)
#define KEEP (3600 * PC_NS_PER_SECOND)

struct recorder {
	_Alignas(8) uint8_t map[SIZE];
	struct pc_flight *flight;
	uint64_t ports[PC_PORT_WORDS];
};

static struct recorder *recorder_new(void)
{
	struct recorder *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->flight = pc_flight_new(r->map, SIZE, KEEP, NOW);
	assert_non_null(r->flight);
	pc_flight_begin(r->flight, NOW);
	return r;
}

static void recorder_free(struct recorder *r)
{
	pc_flight_free(r->flight);
	free(r);
}

/* A connect() of user `uid` from `port`, so long after NOW; its cookie is the port. */
static void claim_of(struct recorder *r, uint32_t uid, uint16_t port, uint64_t seconds)
{
	struct pc_identity who = { .key = { .tgid = 1000 + port }, .uid = uid, .comm = "curl" };
	struct pc_claim c = {
		.time_ns = NOW + seconds * PC_NS_PER_SECOND - BOOT,
		.cookie = port,
		.netns = 7,
		.how = PC_HOW_CONNECT,
		.proto = PC_PROTO_TCP,
		.family = PC_FAMILY_V4,
		.claimer = { .who = &who, .key = who.key },
		.ends_known = true,
		.ends = { .lport = port, .rport = 443, .family = PC_FAMILY_V4 },
	};

	who.unit = (char *)"backup.service";
	who.exe = (char *)"/usr/bin/curl";
	pc_flight_claim(r->flight, &c, BOOT);
}

static struct pc_flight_answer answer_at(struct recorder *r, uint16_t port, uint64_t seconds)
{
	struct pc_flight_question q = { .ports = r->ports,
					.from_ns = NOW + seconds * PC_NS_PER_SECOND,
					.to_ns = NOW + (seconds + 1) * PC_NS_PER_SECOND - 1 };
	struct pc_flight_answer a;

	memset(r->ports, 0, sizeof(r->ports));
	pc_ports_add(r->ports, port);
	assert_null(pc_flight_wrong(r->map, SIZE));
	pc_flight_ask(r->map, SIZE, &q, &a);
	return a;
}

static void round_at(struct recorder *r, uint64_t seconds)
{
	pc_flight_round(r->flight, &nothing_lost, NOW + seconds * PC_NS_PER_SECOND);
}

static void a_closed_connection_is_found(void **state)
{
	struct recorder *r = recorder_new();
	struct pc_flight_answer a;

	(void)state;
	claim_of(r, 1000, 43409, 10);
	pc_flight_end(r->flight, 43409, PC_STATE_LAST_ACK, NOW + 20 * PC_NS_PER_SECOND);
	claim_of(r, 1000, 43409, 30);
	round_at(r, 40);
	a = answer_at(r, 43409, 15);
	assert_int_equal(a.count, 1);
	assert_int_equal(a.held[0]->pid, 1000 + 43409);
	assert_string_equal(a.held[0]->unit, "backup.service");
	assert_string_equal(a.held[0]->exe, "/usr/bin/curl");
	assert_int_equal(a.held[0]->remote_port, 443);
	assert_int_equal(a.reach, PC_FLIGHT_REACHED);
	a = answer_at(r, 43409, 25);
	assert_int_equal(a.count, 0);
	assert_non_null(a.before);
	assert_non_null(a.after);
	assert_true(a.before->end_ns == NOW + 20 * PC_NS_PER_SECOND);
	assert_true(a.after->time_ns == NOW + 30 * PC_NS_PER_SECOND);
	assert_int_equal(answer_at(r, 43409, 35).count, 1);
	assert_int_equal(answer_at(r, 43410, 35).count, 0);
	assert_int_equal(answer_at(r, 43409, 50).reach, PC_FLIGHT_TOO_LATE);
	recorder_free(r);
}

/* The end that closed first keeps the port for a minute. */
static void a_time_wait_is_told(void **state)
{
	struct recorder *r = recorder_new();

	(void)state;
	claim_of(r, 1000, 43409, 10);
	pc_flight_end(r->flight, 43409, PC_STATE_FIN_WAIT2, NOW + 20 * PC_NS_PER_SECOND);
	round_at(r, 100);
	assert_int_equal(answer_at(r, 43409, 79).count, 1);
	assert_true(pc_flight_lingered(answer_at(r, 43409, 79).held[0]));
	assert_int_equal(answer_at(r, 43409, 81).count, 0);
	recorder_free(r);
}

/* A socket that connects anew has left its former port. */
static void a_socket_that_connects_again_has_left_its_port(void **state)
{
	struct recorder *r = recorder_new();

	(void)state;
	claim_of(r, 1000, 43409, 10);
	claim_of(r, 1000, 43409, 20);
	round_at(r, 40);
	assert_int_equal(answer_at(r, 43409, 15).count, 1);
	assert_int_equal(answer_at(r, 43409, 30).count, 1);
	recorder_free(r);
}

static void a_full_recorder_wraps_round(void **state)
{
	struct recorder *r = recorder_new();
	struct pc_flight_answer a;

	(void)state;
	for (uint16_t i = 0; i < 3 * SLOTS + 5; i++)
		claim_of(r, 1000, 20000 + i, i);
	round_at(r, 3 * SLOTS + 5);
	a = answer_at(r, 20000 + 3 * SLOTS + 4, 3 * SLOTS + 4);
	assert_int_equal(a.count, 1);
	assert_int_equal(a.whole, SLOTS);
	assert_int_equal(a.state->overwritten, 2 * SLOTS + 5);
	assert_int_equal(a.state->losers[0].uid, 1000);
	assert_int_equal(a.state->losers[0].overwritten, 2 * SLOTS + 5);
	assert_true(a.since_ns == NOW + (2 * SLOTS + 4) * PC_NS_PER_SECOND);
	assert_int_equal(answer_at(r, 20000 + 2 * SLOTS + 5, 2 * SLOTS + 5).count, 1);
	a = answer_at(r, 20000 + 2 * SLOTS + 3, 2 * SLOTS + 3);
	assert_int_equal(a.count, 0);
	assert_int_equal(a.reach, PC_FLIGHT_TOO_EARLY);
	recorder_free(r);
}

/* The attack: one user makes claims without end, under many user ids of his own too. */
static void a_flood_pushes_out_its_own_claims(void **state)
{
	struct recorder *r = recorder_new();
	struct pc_flight_answer a;

	(void)state;
	for (uint16_t i = 0; i < SLOTS / 4; i++)
		claim_of(r, 990, 8000 + i, 1);
	for (uint16_t i = 0; i < 20 * SLOTS; i++)
		claim_of(r, 100000 + i, 20000 + i, 2);
	for (uint16_t i = 0; i < SLOTS / 4; i++)
		claim_of(r, 0, 9000 + i, 3);
	round_at(r, 5);
	for (uint16_t i = 0; i < SLOTS / 4; i++) {
		assert_int_equal(answer_at(r, 8000 + i, 4).count, 1);
		assert_int_equal(answer_at(r, 9000 + i, 4).count, 1);
	}
	a = answer_at(r, 8000, 4);
	assert_int_equal(a.whole, SLOTS);
	assert_int_equal(a.state->losers[0].uid, 100000);
	assert_int_equal(a.state->losers[0].overwritten, a.state->overwritten);
	recorder_free(r);
}

/* More users than there are shares: those beyond have one together. */
static void users_beyond_the_shares_have_one_together(void **state)
{
	struct recorder *r = recorder_new();

	(void)state;
	for (uint16_t i = 0; i < 4 * PC_FLIGHT_SHARES; i++)
		claim_of(r, i, 8000 + i, 1);
	round_at(r, 2);
	assert_int_equal(answer_at(r, 8000 + 4 * PC_FLIGHT_SHARES - 1, 1).count, 1);
	assert_int_equal(answer_at(r, 8000, 1).whole, SLOTS);
	recorder_free(r);
}

static void old_claims_are_wiped(void **state)
{
	struct recorder *r = recorder_new();
	static const char unit[] = "backup.service";
	struct pc_flight_answer a;

	(void)state;
	claim_of(r, 1000, 43409, 0);
	claim_of(r, 1000, 43410, 100);
	round_at(r, 3650);
	a = answer_at(r, 43410, 100);
	assert_int_equal(a.count, 1);
	assert_int_equal(a.whole, 1);
	assert_int_equal(a.state->expired, 1);
	assert_int_equal(answer_at(r, 43409, 0).count, 0);
	pc_flight_round(r->flight, &nothing_lost, NOW + 2 * KEEP);
	for (size_t i = PC_FLIGHT_SLOTS_AT; i + sizeof(unit) < SIZE; i++)
		assert_memory_not_equal(r->map + i, unit, sizeof(unit));
	recorder_free(r);
}

/* A kill leaves the map as it is at that instant. The next agent goes on with it. */
static void a_killed_agent_leaves_its_claims(void **state)
{
	struct recorder *r = recorder_new();
	struct pc_flight_slot *slots = (void *)(r->map + PC_FLIGHT_SLOTS_AT);
	struct pc_flight_answer a;

	(void)state;
	claim_of(r, 1000, 43409, 10);
	claim_of(r, 1000, 43410, 11);
	claim_of(r, 1000, 43411, 12);
	round_at(r, 12);
	/* The agent was killed while it wrote the second one: no mark yet, and half of its text. */
	slots[1].sequence = 0;
	memset(slots[1].exe, 0, sizeof(slots[1].exe));
	a = answer_at(r, 43409, 11);
	assert_int_equal(a.count, 1);
	assert_int_equal(a.whole, 2);
	assert_int_equal(a.torn, 1);
	assert_int_equal(answer_at(r, 43410, 11).count, 0);
	pc_flight_free(r->flight);
	r->flight = pc_flight_new(r->map, SIZE, KEEP, NOW + 30 * PC_NS_PER_SECOND);
	pc_flight_begin(r->flight, NOW + 30 * PC_NS_PER_SECOND);
	claim_of(r, 1000, 43412, 31);
	round_at(r, 35);
	a = answer_at(r, 43409, 11);
	assert_int_equal(a.count, 1);
	assert_int_equal(a.whole, 3);
	assert_int_equal(a.torn, 0);
	assert_int_equal(a.state->damaged, 1);
	assert_int_equal(a.state->runs_count, 2);
	assert_int_equal(a.state->runs[0].closed, 0);
	/* The claim that is lost may have been of any time until the kill. */
	assert_int_equal(a.reach, PC_FLIGHT_TOO_EARLY);
	assert_true(a.since_ns == NOW + 13 * PC_NS_PER_SECOND);
	assert_int_equal(answer_at(r, 43409, 20).reach, PC_FLIGHT_NOT_WATCHED);
	assert_int_equal(answer_at(r, 43412, 32).count, 1);
	recorder_free(r);
}

/* A state knows so many runs; of the time before them it knows nothing. */
static void a_forgotten_run_is_no_gap(void **state)
{
	struct recorder *r = recorder_new();

	(void)state;
	round_at(r, 10);
	for (unsigned run = 1; run <= PC_FLIGHT_RUNS; run++) {
		if (run == PC_FLIGHT_RUNS - 1)
			assert_int_equal(answer_at(r, 80, -100).reach, PC_FLIGHT_NOT_WATCHED);
		pc_flight_begin(r->flight, NOW + run * 100 * PC_NS_PER_SECOND);
		round_at(r, run * 100 + 10);
	}
	assert_int_equal(answer_at(r, 80, 5).reach, PC_FLIGHT_TOO_EARLY);
	assert_int_equal(answer_at(r, 80, 150).reach, PC_FLIGHT_NOT_WATCHED);
	recorder_free(r);
}

/* A claim of the far future would keep all later ones of its user from being wiped. */
static void a_clock_that_was_set_back_keeps_nothing(void **state)
{
	struct recorder *r = recorder_new();
	struct pc_flight_answer a;

	(void)state;
	claim_of(r, 1000, 43409, 100000);
	claim_of(r, 1000, 43410, 0);
	claim_of(r, 1000, 43411, 3650);
	round_at(r, 3700);
	a = answer_at(r, 43411, 3660);
	assert_int_equal(a.count, 1);
	assert_int_equal(a.whole, 1);
	assert_int_equal(a.state->expired, 2);
	assert_true(a.since_ns <= NOW + 3700 * PC_NS_PER_SECOND);
	recorder_free(r);
}

/* No changed byte makes another answer: the slot is not believed. */
static void each_changed_byte_of_a_claim_is_noticed(void **state)
{
	struct recorder *r = recorder_new();
	uint8_t *slot = r->map + PC_FLIGHT_SLOTS_AT;

	(void)state;
	claim_of(r, 1000, 43409, 10);
	round_at(r, 12);
	for (size_t i = 0; i < PC_FLIGHT_SLOT; i++) {
		struct pc_flight_answer a;

		slot[i] ^= 1;
		a = answer_at(r, 43409, 11);
		assert_int_equal(a.count, 0);
		assert_int_equal(a.torn, 1);
		slot[i] ^= 1;
	}
	assert_int_equal(answer_at(r, 43409, 11).count, 1);
	recorder_free(r);
}

static void expect_wrong(struct recorder *r, size_t at, const char *sentence)
{
	r->map[at] ^= 1;
	assert_non_null(pc_flight_wrong(r->map, SIZE));
	assert_non_null(strstr(pc_flight_wrong(r->map, SIZE), sentence));
	r->map[at] ^= 1;
}

static void a_damaged_head_is_said(void **state)
{
	struct recorder *r = recorder_new();

	(void)state;
	claim_of(r, 1000, 43409, 10);
	round_at(r, 12);
	round_at(r, 14);
	expect_wrong(r, 0, "is no flight recorder");
	for (size_t i = 8; i < sizeof(struct pc_flight_head); i++)
		expect_wrong(r, i, "is damaged");
	/* A state has two copies. */
	r->map[PC_FLIGHT_STATE_AT] ^= 1;
	assert_null(pc_flight_wrong(r->map, SIZE));
	expect_wrong(r, PC_FLIGHT_STATE_AT + PC_FLIGHT_STATE_STEP, "is damaged: its state");
	assert_non_null(strstr(pc_flight_wrong(r->map, SIZE - 256), "is damaged"));
	assert_non_null(strstr(pc_flight_wrong(r->map, 0), "is empty"));
	assert_non_null(strstr(pc_flight_wrong("short", 5), "is no flight recorder"));
	memset(r->map, 0, SIZE);
	assert_non_null(strstr(pc_flight_wrong(r->map, SIZE), "is empty"));
	recorder_free(r);
}

static void what_is_not_known_is_counted(void **state)
{
	struct recorder *r = recorder_new();
	struct pc_claim c = { .time_ns = 1, .how = PC_HOW_AUTOBIND, .proto = PC_PROTO_UDP };

	(void)state;
	pc_flight_claim(r->flight, &c, BOOT);
	pc_flight_round(r->flight, &(struct pc_flight_losses){ 12, 12 },
			NOW + 2 * PC_NS_PER_SECOND);
	assert_int_equal(answer_at(r, 1, 1).state->portless, 1);
	assert_int_equal(answer_at(r, 1, 1).state->lost, 12);
	assert_int_equal(answer_at(r, 1, 1).whole, 0);
	recorder_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_closed_connection_is_found),
		cmocka_unit_test(a_time_wait_is_told),
		cmocka_unit_test(a_socket_that_connects_again_has_left_its_port),
		cmocka_unit_test(a_full_recorder_wraps_round),
		cmocka_unit_test(a_flood_pushes_out_its_own_claims),
		cmocka_unit_test(users_beyond_the_shares_have_one_together),
		cmocka_unit_test(old_claims_are_wiped),
		cmocka_unit_test(a_killed_agent_leaves_its_claims),
		cmocka_unit_test(a_forgotten_run_is_no_gap),
		cmocka_unit_test(a_clock_that_was_set_back_keeps_nothing),
		cmocka_unit_test(each_changed_byte_of_a_claim_is_noticed),
		cmocka_unit_test(a_damaged_head_is_said),
		cmocka_unit_test(what_is_not_known_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
