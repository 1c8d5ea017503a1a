// SPDX-License-Identifier: GPL-2.0-only
/* Claims that are put into the ledger together are like claims that are put one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "core/memory/ledger.h"

#define MANY 300

static void assert_same_entries(const struct pc_ledger *one, const struct pc_ledger *other,
				uint64_t cookies)
{
	assert_int_equal(pc_ledger_count(one), pc_ledger_count(other));
	assert_int_equal(pc_ledger_wants_sweep(one), pc_ledger_wants_sweep(other));
	for (uint64_t cookie = 1; cookie <= cookies; cookie++) {
		const struct pc_entry *e = pc_ledger_find(one, cookie);
		const struct pc_entry *same = pc_ledger_find(other, cookie);

		assert_int_equal(!e, !same);
		if (e)
			assert_memory_equal(e, same, sizeof(*e));
	}
}

/* Entries that are put at once, new ones and known ones, without a cookie and at the limit of the room. */
static void many_entries_like_one(void **state)
{
	struct pc_ledger *one = pc_ledger_new(), *other = pc_ledger_new();
	struct pc_entry entries[MANY];
	uint64_t next = 1;

	(void)state;
	srand(5);
	for (unsigned round = 0; round < 500; round++) {
		size_t count = (size_t)rand() % MANY, refused = 0;

		for (size_t i = 0; i < count; i++) {
			uint64_t cookie = rand() % 4 ? next++ : (uint64_t)rand() % next;

			entries[i] = pc_entry_of(cookie, 1000 + round + (uint64_t)rand() % 50,
						 (uint32_t)rand(), (uint32_t)rand(), 1 + rand() % 5,
						 (uint16_t)(rand() % 3));
			refused += pc_ledger_put_newer(one, &entries[i]) != 0;
		}
		assert_int_equal(pc_ledger_put_claims(other, entries, count), refused);
		if (round % 100)
			continue;
		assert_same_entries(one, other, next);
		for (uint64_t cookie = round; cookie < next; cookie += 3) {
			pc_ledger_mark(one, cookie);
			pc_ledger_mark(other, cookie);
		}
		assert_int_equal(pc_ledger_sweep(one, 900 + round, NULL, NULL),
				 pc_ledger_sweep(other, 900 + round, NULL, NULL));
	}
	assert_same_entries(one, other, next);
	assert_true(next > 40000);
	pc_ledger_free(one);
	pc_ledger_free(other);
}

/* Each field has its bits, whatever the others are. */
static void entry_has_its_bits(void **state)
{
	const struct pc_entry none = pc_entry_of(1, 0, 0, 0, 0, 0);
	const struct pc_entry all = pc_entry_of(2, UINT64_MAX, UINT32_MAX, UINT32_MAX, 15, 65535);
	const struct pc_entry some = pc_entry_of(3, 5000000000, 4711, 815, 3, 8080);

	(void)state;
	assert_int_equal(none.words[0] | none.words[1], 0);
	assert_int_equal(all.time_ns, (1ULL << 59) - 1);
	assert_int_equal(all.process, (1 << 22) - 1);
	assert_int_equal(all.tid, (1 << 22) - 1);
	assert_int_equal(all.how, 15);
	assert_int_equal(all.port, 65535);
	assert_int_equal(all.flags | all.lost, 0);
	assert_int_equal(some.cookie, 3);
	assert_int_equal(some.time_ns, 5000000000);
	assert_int_equal(some.process, 4711);
	assert_int_equal(some.tid, 815);
	assert_int_equal(some.how, 3);
	assert_int_equal(some.port, 8080);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_entries_like_one),
		cmocka_unit_test(entry_has_its_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
