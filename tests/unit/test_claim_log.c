// SPDX-License-Identifier: GPL-2.0-only
/* The reader takes the right claims of the log in the programs' memory, in the right order, and each once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/claim_log.h"
#include "core/join/record.h"

#define SEEN 8

struct log_test {
	struct pc_claim_log log;
	struct pc_log_part parts[PC_LOG_PARTS];
	struct pc_logged_claim claims[PC_LOG_CLAIMS];
	struct pc_claim_record seen[SEEN];
	unsigned seen_count;
	uint64_t next_cookie; /* expected; 0: any */
	struct pc_taker taker;
};

static void log_seen(void *context, const void *data, size_t size)
{
	struct log_test *t = context;

	assert_int_equal(size, sizeof(struct pc_claim_record));
	if (t->next_cookie)
		assert_int_equal(((const struct pc_claim_record *)data)->cookie, t->next_cookie++);
	if (t->seen_count < SEEN)
		memcpy(&t->seen[t->seen_count], data, size);
	t->seen_count++;
}

/* Claims come as they are in the log only if their sockets are open. */
static void log_seen_logged(void *context, const struct pc_logged_claim *claims, size_t count)
{
	struct pc_claim_record record;

	assert_true(count > 0);
	for (size_t i = 0; i < count; i++) {
		pc_record_of_logged(&claims[i], 0, &record);
		log_seen(context, &record, sizeof(record));
	}
}

static int open_test(void **state)
{
	struct log_test *t = calloc(1, sizeof(*t));

	*state = t;
	if (!t)
		return -1;
	pc_claim_log_open(&t->log, t->parts, t->claims, pc_claim_log_shift(2));
	t->taker = (struct pc_taker){ .to = t, .record = log_seen };
	return 0;
}

static int open_logged_test(void **state)
{
	int err = open_test(state);
	struct log_test *t = *state;

	if (!err)
		t->taker.logged = log_seen_logged;
	return err;
}

static int close_test(void **state)
{
	free(*state);
	return 0;
}

/* Writes a claim into a part, as a program does. */
static struct pc_logged_claim *log_writes(struct log_test *t, unsigned part, uint64_t cookie,
					  uint64_t time_ns, uint32_t tgid)
{
	unsigned size = 1U << t->log.shift;
	struct pc_log_part *p = &t->parts[part];
	struct pc_logged_claim *c = &t->claims[part * size + p->written % size];

	assert_true(p->written - p->read < size);
	*c = (struct pc_logged_claim){
		.cookie = cookie,
		.time_ns = time_ns,
		.process = { .start_ns = 1, .tgid = tgid },
		.how = PC_HOW_BIND_ZERO,
	};
	p->written++;
	return c;
}

/* Compares the first cookies that come after a look, and how many come. */
static void expect_handed_over(struct log_test *t, unsigned count, const uint64_t *cookies)
{
	t->seen_count = 0;
	pc_claim_log_hand_over(&t->log, &t->taker);
	assert_int_equal(t->seen_count, count);
	for (unsigned i = 0; i < count && i < SEEN; i++)
		assert_int_equal(t->seen[i].cookie, cookies[i]);
}

static void expect_claims(struct log_test *t, bool all, unsigned count, const uint64_t *cookies)
{
	pc_claim_log_look(&t->log, all);
	expect_handed_over(t, count, cookies);
}

static void test_parts_share_all_places(void **state)
{
	(void)state;
	assert_int_equal(PC_LOG_CLAIMS >> pc_claim_log_shift(1), 1);
	assert_int_equal(PC_LOG_CLAIMS >> pc_claim_log_shift(3), 4);
	assert_int_equal(PC_LOG_CLAIMS >> pc_claim_log_shift(16), 16);
	assert_int_equal(PC_LOG_CLAIMS >> pc_claim_log_shift(1000), PC_LOG_PARTS);
}

static void test_taken_once_and_in_order(void **state)
{
	struct log_test *t = *state;

	log_writes(t, 0, 7, 20, 1);
	log_writes(t, 0, 8, 40, 1);
	log_writes(t, 1, 900, 10, 1);
	log_writes(t, 1, 901, 30, 2);
	expect_claims(t, false, 4, (uint64_t[]){ 900, 7, 901, 8 });
	expect_claims(t, true, 0, NULL);
	log_writes(t, 1, 9, 50, 1);
	expect_claims(t, false, 1, (uint64_t[]){ 9 });
}

/* A claim that a program writes after the look comes with the next one. */
static void test_a_look_has_an_end(void **state)
{
	struct log_test *t = *state;

	log_writes(t, 0, 7, 20, 1);
	pc_claim_log_look(&t->log, false);
	log_writes(t, 0, 8, 30, 1);
	expect_handed_over(t, 1, (uint64_t[]){ 7 });
	expect_claims(t, false, 1, (uint64_t[]){ 8 });
}

static void test_places_are_free_again(void **state)
{
	struct log_test *t = *state;
	unsigned size = 1U << t->log.shift;

	for (unsigned n = 1; n <= 5 * size; n++) {
		log_writes(t, 0, n, n, 1);
		if (n % 8 == 0)
			expect_claims(
				t, false, 8,
				(uint64_t[]){ n - 7, n - 6, n - 5, n - 4, n - 3, n - 2, n - 1, n });
	}
	assert_int_equal(t->parts[0].read, 5 * size);
}

/* The refusal was recorded before its holder was closed, and is read only after the look that left the holder out. */
static void test_ended_is_taken_for_a_refusal(void **state)
{
	struct log_test *t = *state;

	log_writes(t, 0, 7, 30, 1)->ended = 7;
	log_writes(t, 0, 8, 40, 1);
	expect_claims(t, false, 1, (uint64_t[]){ 8 });
	assert_int_equal(t->seen[0].flags & PC_CLAIM_ENDED, 0);
	assert_int_equal(t->log.ended[PC_HOW_BIND_ZERO], 1);
	log_writes(t, 0, 9, 50, 1);
	expect_claims(t, true, 2, (uint64_t[]){ 7, 9 });
	assert_int_equal(t->seen[0].flags & PC_CLAIM_ENDED, PC_CLAIM_ENDED);
	expect_claims(t, true, 0, NULL);
	assert_int_equal(t->log.ended[PC_HOW_BIND_ZERO], 1);
}

/* The ports that a process had before it was refused one can have been left out by several looks. */
static void test_looks_before_the_refusal(void **state)
{
	struct log_test *t = *state;

	for (uint64_t cookie = 1; cookie <= 4; cookie++) {
		log_writes(t, 0, cookie, cookie, 1)->ended = (uint32_t)cookie;
		expect_claims(t, false, 0, NULL);
	}
	expect_claims(t, false, 0, NULL);
	expect_claims(t, true, 4, (uint64_t[]){ 1, 2, 3, 4 });
	expect_claims(t, true, 0, NULL);
	log_writes(t, 0, 5, 5, 1)->ended = 5;
	expect_claims(t, false, 0, NULL);
	log_writes(t, 0, 6, 6, 1);
	expect_claims(t, true, 2, (uint64_t[]){ 5, 6 });
}

/* A look for all goes so far back, and no further than to the look before where this one left out more. */
static void test_how_far_back(void **state)
{
	struct log_test *t = *state;
	uint64_t cookie = 0;

	while (cookie < 2 * PC_LOG_BACK) {
		cookie++;
		log_writes(t, 1, cookie, cookie, 1)->ended = (uint32_t)cookie;
		expect_claims(t, false, 0, NULL);
	}
	expect_claims(t, true, PC_LOG_BACK,
		      (uint64_t[]){ PC_LOG_BACK + 1, PC_LOG_BACK + 2, PC_LOG_BACK + 3,
				    PC_LOG_BACK + 4, PC_LOG_BACK + 5, PC_LOG_BACK + 6,
				    PC_LOG_BACK + 7, PC_LOG_BACK + 8 });
	for (unsigned n = 0; n < 2 * PC_LOG_BACK; n++) {
		cookie++;
		log_writes(t, 1, cookie, cookie, 1)->ended = (uint32_t)cookie;
	}
	expect_claims(t, false, 0, NULL);
	t->next_cookie = 2 * PC_LOG_BACK + 1;
	pc_claim_log_look(&t->log, true);
	t->seen_count = 0;
	pc_claim_log_hand_over(&t->log, &t->taker);
	assert_int_equal(t->seen_count, 2 * PC_LOG_BACK);
}

/* A claim that was left out is not asked for if another claim has its place, or is being written there. */
static void test_a_place_is_taken_again(void **state)
{
	struct log_test *t = *state;
	unsigned size = 1U << t->log.shift;
	uint64_t first[SEEN] = { 101, 102, 103, 104, 105, 106, 107, 108 };

	log_writes(t, 0, 7, 30, 1)->ended = 7;
	log_writes(t, 0, 8, 31, 1)->ended = 8;
	expect_claims(t, false, 0, NULL);
	assert_int_equal(t->parts[0].read, 2);
	for (unsigned n = 1; n < size; n++)
		log_writes(t, 0, 100 + n, 100 + n, 1);
	expect_claims(t, true, size - 1, first);
	assert_int_equal(t->log.ended[PC_HOW_BIND_ZERO], 2);
}

/* The mark of a socket whose place another one has by now says nothing about that one. */
static void test_anothers_mark(void **state)
{
	struct log_test *t = *state;

	log_writes(t, 0, 7, 30, 1)->ended = 6;
	expect_claims(t, false, 1, (uint64_t[]){ 7 });
	assert_int_equal(t->log.ended[PC_HOW_BIND_ZERO], 0);
}

/* The end of a process comes behind its claims, not behind those of others. */
static void test_claims_before_the_end(void **state)
{
	struct log_test *t = *state;
	struct pc_end_record end = {
		.header = { PC_RECORD_END, sizeof(end) },
		.process = { .start_ns = 1, .tgid = 2 },
	};
	struct pc_claim_record other = { .header = { PC_RECORD_CLAIM, sizeof(other) } };

	log_writes(t, 0, 7, 10, 1);
	log_writes(t, 0, 8, 20, 2)->ended = 8;
	log_writes(t, 0, 9, 30, 2);
	log_writes(t, 1, 10, 25, 2);
	pc_claim_log_look(&t->log, false);
	pc_claim_log_before(&t->log, &other, &t->taker);
	assert_int_equal(t->seen_count, 0);
	pc_claim_log_before(&t->log, &end, &t->taker);
	assert_int_equal(t->seen_count, 2);
	assert_int_equal(t->seen[0].cookie, 10);
	assert_int_equal(t->seen[1].cookie, 9);
	expect_handed_over(t, 1, (uint64_t[]){ 7 });
	assert_int_equal(t->log.ended[PC_HOW_BIND_ZERO], 1);
}

/* Two processes end, of which the ids have the same low bits. */
static void test_ends_of_alike_ids(void **state)
{
	struct log_test *t = *state;
	struct pc_end_record end = {
		.header = { PC_RECORD_END, sizeof(end) },
		.process = { .start_ns = 1, .tgid = 2 },
	};

	log_writes(t, 0, 7, 10, 2);
	log_writes(t, 0, 8, 20, 2 + 4096);
	pc_claim_log_look(&t->log, false);
	pc_claim_log_before(&t->log, &end, &t->taker);
	assert_int_equal(t->seen_count, 1);
	end.process.tgid = 2 + 4096;
	pc_claim_log_before(&t->log, &end, &t->taker);
	assert_int_equal(t->seen_count, 2);
	assert_int_equal(t->seen[1].cookie, 8);
}

/* Claims of many processors, of which some wrap around the end of their part: all come, in the order of time, and those
 * that ended come in their turn. */
static void test_many_parts_in_order(void **state)
{
	struct log_test *t = *state;
	uint64_t cookie = 0;

	pc_claim_log_open(&t->log, t->parts, t->claims, pc_claim_log_shift(16));
	srand(3);
	for (unsigned round = 0; round < 200; round++) {
		uint64_t first = cookie + 1;
		bool all = round % 3;

		for (unsigned n = rand() % 2000, part = 0; n > 0; n--) {
			struct pc_log_part *p;

			/* runs of all lengths */
			part = rand() % 64 < 8 * (int)(round % 8 + 1) ? (unsigned)rand() % 16 :
									part;
			p = &t->parts[part];
			if (p->written - p->read == 1U << t->log.shift)
				break;
			cookie++;
			log_writes(t, part, cookie, cookie, 1)->ended =
				all && rand() % 9 == 0 ? (uint32_t)cookie : 0;
		}
		t->next_cookie = first;
		t->seen_count = 0;
		pc_claim_log_look(&t->log, all);
		pc_claim_log_hand_over(&t->log, &t->taker);
		assert_int_equal(t->seen_count, cookie + 1 - first);
		t->next_cookie = 0;
	}
	assert_true(cookie > 50000);
}

static void test_no_log(void **state)
{
	struct pc_claim_log none = { 0 };

	(void)state;
	pc_claim_log_look(&none, true);
	pc_claim_log_hand_over(&none, &(struct pc_taker){ .record = log_seen });
}

/* Each test with claims that come as records, and as they are. */
#define LOG_TEST(f)                                                \
	cmocka_unit_test_setup_teardown(f, open_test, close_test), \
		cmocka_unit_test_setup_teardown(f, open_logged_test, close_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_share_all_places),
		LOG_TEST(test_taken_once_and_in_order),
		LOG_TEST(test_a_look_has_an_end),
		LOG_TEST(test_places_are_free_again),
		LOG_TEST(test_ended_is_taken_for_a_refusal),
		LOG_TEST(test_looks_before_the_refusal),
		LOG_TEST(test_how_far_back),
		LOG_TEST(test_a_place_is_taken_again),
		LOG_TEST(test_anothers_mark),
		LOG_TEST(test_claims_before_the_end),
		LOG_TEST(test_ends_of_alike_ids),
		LOG_TEST(test_many_parts_in_order),
		cmocka_unit_test(test_no_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
