// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the set of wanted sockets: no wanted socket is left out where the set has no slot for it, and the set is empty
 * afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "bpf/wanted.h"

#define CROWD (PC_WANTED_PROBES + 4)

struct wanted_test {
	uint64_t slots[PC_WANTED_SLOTS];
	bool all, with_unix, scars_are_old;
	struct pc_open_files o;
	uint64_t keys[CROWD];
	struct pc_wanted wanted;
};

/* Wants so many keys whose slots begin at the same one, the last of the table. */
static struct wanted_test *wanted_crowd(unsigned count)
{
	static struct wanted_test t;
	unsigned found = 0;

	memset(&t, 0, sizeof(t));
	t.o.wanted_keys = t.slots;
	t.o.wanted_all = &t.all;
	t.o.wanted_unix = &t.with_unix;
	t.o.scars_are_old = &t.scars_are_old;
	for (uint64_t key = 1; found < count; key++)
		if (PC_WANTED_SLOT(key) == PC_WANTED_SLOTS - 1)
			t.keys[found++] = key;
	t.wanted.keys = t.keys;
	t.wanted.count = count;
	return &t;
}

static unsigned wanted_slots_used(const struct wanted_test *t)
{
	unsigned used = 0;

	for (unsigned i = 0; i < PC_WANTED_SLOTS; i++)
		used += t->slots[i] != 0;
	return used;
}

static void assert_nothing_wanted(const struct wanted_test *t)
{
	assert_int_equal(wanted_slots_used(t), 0);
	assert_false(t->all);
	assert_false(t->with_unix);
	assert_false(t->scars_are_old);
}

static void test_wanted_fits(void **state)
{
	struct wanted_test *t = wanted_crowd(PC_WANTED_PROBES);

	(void)state;
	t->wanted.with_unix = true;
	pc_wanted_set(&t->o, &t->wanted);
	assert_false(t->all);
	assert_true(t->with_unix);
	assert_int_equal(wanted_slots_used(t), PC_WANTED_PROBES);
	assert_int_equal(t->slots[0], t->keys[1]);
	pc_wanted_clear(&t->o, &t->wanted);
	assert_nothing_wanted(t);
}

static void test_wanted_overflows(void **state)
{
	struct wanted_test *t = wanted_crowd(CROWD);

	(void)state;
	pc_wanted_set(&t->o, &t->wanted);
	assert_true(t->all);
	assert_false(t->scars_are_old);
	pc_wanted_clear(&t->o, &t->wanted);
	assert_nothing_wanted(t);
	t->wanted.count = 1;
	pc_wanted_set(&t->o, &t->wanted);
	assert_false(t->all);
	pc_wanted_clear(&t->o, &t->wanted);
	assert_nothing_wanted(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wanted_fits),
		cmocka_unit_test(test_wanted_overflows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
