// SPDX-License-Identifier: GPL-2.0-only
/* The table of processes: keys, indexes that stay, what is dropped and when, and whose strings
 * are freed (the sanitizers look on). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/processes.h"

static struct pc_process_key key(uint32_t pid, uint64_t start, uint32_t exec)
{
	return (struct pc_process_key){ .start_ns = start, .tgid = pid, .exec_id = exec };
}

static uint32_t put(struct pc_processes *t, struct pc_process_key k, const char *exe)
{
	struct pc_identity who = { .key = k, .exe = strdup(exe), .cmdline = strdup(exe) };
	long index;

	who.cgroup = strdup("/");
	who.unit = strdup("x.service");
	who.container = strdup("0123");
	who.pod = strdup("uid");
	index = pc_processes_put(t, &who);
	assert_true(index > 0);
	return (uint32_t)index;
}

static void empty(void **state)
{
	struct pc_processes *t = pc_processes_new();
	struct pc_process_key k = key(1, 1, 1);

	(void)state;
	assert_int_equal(pc_processes_count(t), 0);
	assert_int_equal(pc_processes_find(t, &k), 0);
	assert_null(pc_processes_get(t, 0));
	assert_null(pc_processes_get(t, 1));
	assert_null(pc_processes_get(t, UINT32_MAX));
	pc_processes_mark(t, 0);
	pc_processes_mark(t, 1);
	pc_processes_mark(t, UINT32_MAX);
	pc_processes_sweep(t, NULL, NULL);
	pc_processes_free(t);
	pc_processes_free(NULL);
}

/* The same pid is another process after it was used again, and after exec(). */
static void keys(void **state)
{
	struct pc_processes *t = pc_processes_new();
	struct pc_process_key k[] = { key(4120, 10, 1), key(4120, 20, 1), key(4120, 10, 2),
				      key(4121, 10, 1) };
	uint32_t index[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		index[i] = put(t, k[i], "/x");
	assert_int_equal(pc_processes_count(t), 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pc_processes_find(t, &k[i]), index[i]);
		assert_memory_equal(&pc_processes_get(t, index[i])->key, &k[i], sizeof(k[i]));
	}
	pc_processes_free(t);
}

static void replaced_in_place(void **state)
{
	struct pc_processes *t = pc_processes_new();
	struct pc_process_key k = key(4120, 10, 1);
	uint32_t index = put(t, k, "/old");
	const struct pc_identity *who = pc_processes_get(t, index);

	(void)state;
	assert_int_equal(put(t, k, "/new"), index);
	assert_ptr_equal(pc_processes_get(t, index), who);
	assert_string_equal(who->exe, "/new");
	assert_int_equal(pc_processes_count(t), 1);
	pc_processes_free(t);
}

static void many(void **state)
{
	struct pc_processes *t = pc_processes_new();
	static uint32_t index[20000];

	(void)state;
	for (uint32_t i = 0; i < 20000; i++)
		index[i] = put(t, key(i, i % 7, i % 3), "/x");
	for (uint32_t i = 0; i < 20000; i++) {
		struct pc_process_key k = key(i, i % 7, i % 3);

		assert_int_equal(pc_processes_find(t, &k), index[i]);
		assert_int_equal(pc_processes_get(t, index[i])->key.tgid, i);
	}
	assert_int_equal(pc_processes_count(t), 20000);
	pc_processes_free(t);
}

struct retired {
	unsigned count;
	struct pc_process_key last;
};

static void retire(void *context, const struct pc_process_key *k)
{
	struct retired *r = context;

	r->count++;
	r->last = *k;
}

/* The first sweep without a mark retires, the second drops; a mark in between saves. */
static void two_sweeps(void **state)
{
	struct pc_processes *t = pc_processes_new();
	struct pc_process_key a = key(1, 1, 1), b = key(2, 1, 1);
	uint32_t ia = put(t, a, "/a"), ib = put(t, b, "/b");
	struct retired r = { 0 };

	(void)state;
	pc_processes_mark(t, ia);
	pc_processes_sweep(t, retire, &r);
	assert_int_equal(r.count, 1);
	assert_memory_equal(&r.last, &b, sizeof(b));
	assert_string_equal(pc_processes_get(t, ib)->exe, "/b"); /* still there */

	pc_processes_mark(t, ia);
	pc_processes_mark(t, ib);
	pc_processes_sweep(t, retire, &r);
	assert_int_equal(r.count, 1);
	assert_int_equal(pc_processes_count(t), 2);

	pc_processes_sweep(t, retire, &r);
	assert_int_equal(r.count, 3);
	pc_processes_sweep(t, retire, &r);
	assert_int_equal(r.count, 3);
	assert_int_equal(pc_processes_count(t), 0);
	assert_int_equal(pc_processes_find(t, &a), 0);
	assert_null(pc_processes_get(t, ia));
	pc_processes_free(t);
}

/* It is not looked at again when it is gone. */
static void found_last(void **state)
{
	struct pc_processes *t = pc_processes_new();
	struct pc_process_key k = key(1, 1, 1);
	uint32_t index = put(t, k, "/a");

	(void)state;
	assert_int_equal(pc_processes_find(t, &k), index);
	pc_processes_sweep(t, NULL, NULL);
	pc_processes_sweep(t, NULL, NULL);
	assert_int_equal(pc_processes_count(t), 0);
	assert_int_equal(pc_processes_find(t, &k), 0);
	pc_processes_free(t);
}

/* Described again after it was retired: it starts anew. */
static void comes_back(void **state)
{
	struct pc_processes *t = pc_processes_new();
	struct pc_process_key k = key(1, 1, 1);
	uint32_t index = put(t, k, "/a");

	(void)state;
	pc_processes_sweep(t, NULL, NULL);
	assert_int_equal(put(t, k, "/a"), index);
	pc_processes_sweep(t, NULL, NULL);
	assert_int_equal(pc_processes_find(t, &k), index);
	pc_processes_free(t);
}

/* Indexes are used again, and never by two at once. */
static void indexes(void **state)
{
	struct pc_processes *t = pc_processes_new();

	(void)state;
	srand(3);
	for (uint32_t pid = 1; pid < 20000; pid++) {
		uint32_t index = put(t, key(pid, 1, 1), "/x");

		assert_in_range(index, 1, 4095); /* no more than were alive at once */
		assert_int_equal(pc_processes_get(t, index)->key.tgid, pid);
		if (pid % 500)
			continue;
		for (uint32_t i = 1; i < 4096; i++) {
			const struct pc_identity *who = pc_processes_get(t, i);

			if (!who)
				continue;
			assert_int_equal(pc_processes_find(t, &who->key), i);
			if (rand() % 3 == 0)
				pc_processes_mark(t, i);
		}
		pc_processes_sweep(t, NULL, NULL);
		pc_processes_sweep(t, NULL, NULL);
	}
	pc_processes_free(t);
}

/* By number alone: those that claim nothing must go too. */
static void wants_sweep(void **state)
{
	struct pc_processes *t = pc_processes_new();
	uint32_t pid = 1;

	(void)state;
	for (; pid < PC_PROCESSES_SWEEP_MIN; pid++)
		put(t, key(pid, 1, 1), "/x");
	assert_false(pc_processes_wants_sweep(t));
	put(t, key(pid++, 1, 1), "/x");
	assert_true(pc_processes_wants_sweep(t));
	pc_processes_sweep_failed(t);
	assert_false(pc_processes_wants_sweep(t));
	for (; pid <= 100000; pid++) {
		put(t, key(pid, 1, 1), "/x");
		if (pc_processes_wants_sweep(t))
			pc_processes_sweep(t, NULL, NULL);
		assert_in_range(pc_processes_count(t), 1, 4 * PC_PROCESSES_SWEEP_MIN);
	}
	pc_processes_free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(keys),
		cmocka_unit_test(replaced_in_place),
		cmocka_unit_test(many),
		cmocka_unit_test(two_sweeps),
		cmocka_unit_test(found_last),
		cmocka_unit_test(comes_back),
		cmocka_unit_test(indexes),
		cmocka_unit_test(wants_sweep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
