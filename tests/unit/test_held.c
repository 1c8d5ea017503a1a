// SPDX-License-Identifier: GPL-2.0-only
/* The reader takes the right ones of the claims that wait in the programs' memory, in the right order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/held.h"

struct held_test {
	struct pc_held held;
	struct pc_held_claim *slots;
	uint64_t count;
	uint64_t ended[PC_HOW_COUNT];
	struct pc_claim_record seen[8];
	unsigned seen_count;
};

static void open_test(struct held_test *t)
{
	memset(t, 0, sizeof(*t));
	t->slots = calloc(PC_HELD_SLOTS, sizeof(*t->slots));
	assert_non_null(t->slots);
	pc_held_open(&t->held, t->slots, &t->count, t->ended);
}

static void close_test(struct held_test *t)
{
	pc_held_close(&t->held);
	free(t->slots);
}

/* Writes a claim into its slot, as a program does. */
static struct pc_held_claim *held_write(struct held_test *t, uint64_t cookie, uint64_t time_ns,
					uint32_t tgid)
{
	struct pc_held_claim *slot = &t->slots[cookie % PC_HELD_SLOTS];

	slot->claim = (struct pc_claim_record){
		.header = { PC_RECORD_CLAIM, sizeof(slot->claim) },
		.cookie = cookie,
		.time_ns = time_ns,
		.process = { .start_ns = 1, .tgid = tgid },
	};
	slot->version += 2;
	t->count++;
	return slot;
}

static void held_seen(void *context, const void *data, size_t size)
{
	struct held_test *t = context;

	assert_int_equal(size, sizeof(struct pc_claim_record));
	assert_true(t->seen_count < 8);
	memcpy(&t->seen[t->seen_count++], data, size);
}

/* Looks, and compares the cookies that come. */
static void held_expect(struct held_test *t, bool all, unsigned count, const uint64_t *cookies)
{
	t->seen_count = 0;
	pc_held_look(&t->held, all);
	pc_held_hand_over(&t->held, held_seen, t);
	assert_int_equal(t->seen_count, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(t->seen[i].cookie, cookies[i]);
}

static void test_taken_once_and_in_order(void **state)
{
	struct held_test t;

	(void)state;
	open_test(&t);
	held_write(&t, 7, 30, 1);
	held_write(&t, 900, 10, 1);
	held_write(&t, 8, 20, 2);
	held_expect(&t, false, 3, (uint64_t[]){ 900, 8, 7 });
	held_expect(&t, true, 0, NULL);
	held_write(&t, 7 + PC_HELD_SLOTS, 40, 1);
	held_expect(&t, false, 1, (uint64_t[]){ 7 + PC_HELD_SLOTS });
	close_test(&t);
}

static void test_half_written_is_left(void **state)
{
	struct held_test t;
	struct pc_held_claim *slot;

	(void)state;
	open_test(&t);
	slot = held_write(&t, 7, 30, 1);
	slot->version++;
	held_expect(&t, true, 0, NULL);
	slot->version++;
	t.count++;
	held_expect(&t, false, 1, (uint64_t[]){ 7 });
	close_test(&t);
}

/* A program that is preempted has a slot for long. The next look comes back, though no claim has come since. */
static void test_slot_of_a_program_is_left(void **state)
{
	struct held_test t;
	struct pc_held_claim *slot;

	(void)state;
	open_test(&t);
	slot = held_write(&t, 7, 30, 1);
	held_write(&t, 8, 40, 1);
	slot->users = 1;
	held_expect(&t, false, 1, (uint64_t[]){ 8 });
	assert_int_equal(slot->users, 1);
	slot->users = 0;
	held_expect(&t, false, 1, (uint64_t[]){ 7 });
	assert_int_equal(slot->users, 0);
	close_test(&t);
}

static void test_ended_is_taken_for_a_refusal(void **state)
{
	struct held_test t;
	struct pc_held_claim *slot;

	(void)state;
	open_test(&t);
	slot = held_write(&t, 7, 30, 1);
	slot->ended = slot->version;
	held_write(&t, 8, 40, 1);
	held_expect(&t, false, 1, (uint64_t[]){ 8 });
	assert_int_equal(t.seen[0].flags & PC_CLAIM_ENDED, 0);
	held_expect(&t, true, 1, (uint64_t[]){ 7 });
	assert_int_equal(t.seen[0].flags & PC_CLAIM_ENDED, PC_CLAIM_ENDED);
	held_expect(&t, true, 0, NULL);
	close_test(&t);
}

/* The end of a process comes behind its claims, not behind those of others. */
static void test_claims_before_the_end(void **state)
{
	struct held_test t;
	struct pc_end_record end = {
		.header = { PC_RECORD_END, sizeof(end) },
		.process = { .start_ns = 1, .tgid = 2 },
	};

	(void)state;
	open_test(&t);
	held_write(&t, 7, 10, 1);
	held_write(&t, 8, 20, 2);
	held_write(&t, 9, 30, 2);
	pc_held_look(&t.held, false);
	pc_held_before(&t.held, &t.slots[7].claim, held_seen, &t);
	assert_int_equal(t.seen_count, 0);
	pc_held_before(&t.held, &end, held_seen, &t);
	assert_int_equal(t.seen_count, 2);
	assert_int_equal(t.seen[0].cookie, 8);
	assert_int_equal(t.seen[1].cookie, 9);
	pc_held_hand_over(&t.held, held_seen, &t);
	assert_int_equal(t.seen_count, 3);
	assert_int_equal(t.seen[2].cookie, 7);
	close_test(&t);
}

static void test_counts(void **state)
{
	struct held_test t;
	uint64_t counts[PC_HOW_COUNT];

	(void)state;
	open_test(&t);
	t.ended[PC_HOW_AUTOBIND] = 5;
	pc_held_ended(&t.held, counts);
	assert_int_equal(counts[PC_HOW_AUTOBIND], 5);
	assert_int_equal(counts[PC_HOW_BIND], 0);
	close_test(&t);
	pc_held_ended(&t.held, counts);
	assert_int_equal(counts[PC_HOW_AUTOBIND], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken_once_and_in_order),
		cmocka_unit_test(test_half_written_is_left),
		cmocka_unit_test(test_slot_of_a_program_is_left),
		cmocka_unit_test(test_ended_is_taken_for_a_refusal),
		cmocka_unit_test(test_claims_before_the_end),
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
