// SPDX-License-Identifier: GPL-2.0-only
/* The table of processes: processes_keys, indexes that stay, what is dropped and when, and whose strings
 * are freed (the sanitizers look on). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory/process_budget.h"
#include "core/memory/processes.h"
#include "core/process/identity.h"

static struct pc_process_key key(uint32_t pid, uint64_t start, uint32_t exec)
{
	return (struct pc_process_key){ .start_ns = start, .tgid = pid, .exec_id = exec };
}

static uint32_t processes_put(struct pc_processes *t, struct pc_process_key k, const char *exe)
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

static void processes_empty(void **state)
{
	struct pc_processes *t = pc_processes_new(PC_PROCESSES_MAX);
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
static void processes_keys(void **state)
{
	struct pc_processes *t = pc_processes_new(PC_PROCESSES_MAX);
	struct pc_process_key k[] = { key(4120, 10, 1), key(4120, 20, 1), key(4120, 10, 2),
				      key(4121, 10, 1) };
	uint32_t index[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		index[i] = processes_put(t, k[i], "/x");
	assert_int_equal(pc_processes_count(t), 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pc_processes_find(t, &k[i]), index[i]);
		assert_memory_equal(&pc_processes_get(t, index[i])->key, &k[i], sizeof(k[i]));
	}
	pc_processes_free(t);
}

static void replaced_in_place(void **state)
{
	struct pc_processes *t = pc_processes_new(PC_PROCESSES_MAX);
	struct pc_process_key k = key(4120, 10, 1);
	uint32_t index = processes_put(t, k, "/old");
	const struct pc_identity *who = pc_processes_get(t, index);

	(void)state;
	assert_int_equal(processes_put(t, k, "/new"), index);
	assert_ptr_equal(pc_processes_get(t, index), who);
	assert_string_equal(who->exe, "/new");
	assert_int_equal(pc_processes_count(t), 1);
	pc_processes_free(t);
}

static void many(void **state)
{
	struct pc_processes *t = pc_processes_new(PC_PROCESSES_MAX);
	static uint32_t index[20000];

	(void)state;
	for (uint32_t i = 0; i < 20000; i++)
		index[i] = processes_put(t, key(i, i % 7, i % 3), "/x");
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
	struct pc_processes *t = pc_processes_new(PC_PROCESSES_MAX);
	struct pc_process_key a = key(1, 1, 1), b = key(2, 1, 1);
	uint32_t ia = processes_put(t, a, "/a"), ib = processes_put(t, b, "/b");
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

/* A process that is gone is not looked at again. */
static void found_last(void **state)
{
	struct pc_processes *t = pc_processes_new(PC_PROCESSES_MAX);
	struct pc_process_key k = key(1, 1, 1);
	uint32_t index = processes_put(t, k, "/a");

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
	struct pc_processes *t = pc_processes_new(PC_PROCESSES_MAX);
	struct pc_process_key k = key(1, 1, 1);
	uint32_t index = processes_put(t, k, "/a");

	(void)state;
	pc_processes_sweep(t, NULL, NULL);
	assert_int_equal(processes_put(t, k, "/a"), index);
	pc_processes_sweep(t, NULL, NULL);
	assert_int_equal(pc_processes_find(t, &k), index);
	pc_processes_free(t);
}

/* Indexes are used again, and never by two at once. */
static void indexes(void **state)
{
	struct pc_processes *t = pc_processes_new(PC_PROCESSES_MAX);

	(void)state;
	srand(3);
	for (uint32_t pid = 1; pid < 20000; pid++) {
		uint32_t index = processes_put(t, key(pid, 1, 1), "/x");

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

/* The number alone triggers a sweep: processes that claim nothing must go too. */
static void wants_sweep(void **state)
{
	struct pc_processes *t = pc_processes_new(PC_PROCESSES_MAX);
	uint32_t pid = 1;

	(void)state;
	for (; pid < PC_PROCESSES_SWEEP_MIN; pid++)
		processes_put(t, key(pid, 1, 1), "/x");
	assert_false(pc_processes_wants_sweep(t));
	processes_put(t, key(pid++, 1, 1), "/x");
	assert_true(pc_processes_wants_sweep(t));
	pc_processes_sweep_failed(t);
	assert_false(pc_processes_wants_sweep(t));
	for (; pid <= 100000; pid++) {
		processes_put(t, key(pid, 1, 1), "/x");
		if (pc_processes_wants_sweep(t))
			pc_processes_sweep(t, NULL, NULL);
		assert_in_range(pc_processes_count(t), 1, 4 * PC_PROCESSES_SWEEP_MIN);
	}
	pc_processes_free(t);
}

/* Many processes of one user, each with the longest command line and path. */
static void put_flood(struct pc_processes *t, uint32_t uid, uint32_t first_pid, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct pc_identity who = { .key = key(first_pid + i, 7, 1), .uid = uid };

		who.cmdline = malloc(PC_CMDLINE_MAX + 1);
		memset(who.cmdline, 'x', PC_CMDLINE_MAX);
		who.cmdline[PC_CMDLINE_MAX] = '\0';
		who.exe = strdup(who.cmdline);
		assert_true(pc_processes_put(t, &who) > 0);
	}
}

static size_t bytes_of_all(const struct pc_processes *t)
{
	size_t sum = 0;

	for (uint32_t i = 1; i <= pc_processes_count(t); i++)
		sum += pc_budget_bytes(pc_processes_get(t, i));
	return sum;
}

/* A user who floods the table loses his own strings, the oldest first; nobody else loses any. */
static void flood_by_one_user(void **state)
{
	struct pc_processes *t = pc_processes_new(PC_PROCESSES_MAX);
	uint32_t victim = processes_put(t, key(1, 1, 1), "/usr/sbin/nginx"), newest;
	const struct pc_identity *who;

	(void)state;
	put_flood(t, 65534, 1000, 3000);
	assert_true(bytes_of_all(t) > PC_PROCESSES_BYTES);
	pc_processes_shed(t);
	assert_true(bytes_of_all(t) <= PC_PROCESSES_BYTES);
	assert_string_equal(pc_processes_get(t, victim)->exe, "/usr/sbin/nginx");
	assert_string_equal(pc_processes_get(t, victim)->unit, "x.service");
	newest = pc_processes_find(t, &(struct pc_process_key){ 7, 3999, 1 });
	assert_non_null(pc_processes_get(t, newest)->cmdline);
	who = pc_processes_get(t, pc_processes_find(t, &(struct pc_process_key){ 7, 1000, 1 }));
	assert_null(who->cmdline);
	assert_int_equal(who->uid, 65534);
	assert_int_equal(who->key.tgid, 1000);
	assert_true(pc_processes_shed_count(t) > 0);
	assert_true(pc_processes_shed_count(t) < 3000);
	pc_processes_free(t);
}

/* A name that the user made is no share of its own: many groups do not make him small. */
static void flood_in_many_groups(void **state)
{
	struct pc_processes *t = pc_processes_new(PC_PROCESSES_MAX);
	struct pc_identity who = { .uid = 1000, .below_user = true, .manager_user = 1000 };
	char name[PC_BUDGET_NAME];

	(void)state;
	who.unit = strdup("user@1000.service");
	who.inner_unit = strdup("nginx.service");
	who.container = strdup("0123");
	who.container_word = PC_WORD_USER;
	pc_budget_name(&who, name);
	assert_string_equal(name, "user 1000");
	who.manager_user = 0;
	pc_budget_name(&who, name);
	assert_string_equal(name, "user 0");
	who.manager_user = UINT32_MAX;
	pc_budget_name(&who, name);
	assert_string_equal(name, "user 4294936224"); /* the first of its user (pc_subuid_first()) */
	pc_identity_free(&who);

	put_flood(t, 1, 1000, 900);
	put_flood(t, 2, 3000, 300);
	pc_processes_shed(t);
	assert_true(pc_processes_shed_count(t) > 0);
	who = *pc_processes_get(t, pc_processes_find(t, &(struct pc_process_key){ 7, 3000, 1 }));
	assert_non_null(who.cmdline);
	pc_processes_free(t);
}

static void put_flood_of_many(struct pc_processes *t, uint32_t first_uid)
{
	for (unsigned i = 0; i < 1100; i++)
		put_flood(t, first_uid + i, 1000 + i, 1);
	assert_true(bytes_of_all(t) > PC_PROCESSES_BYTES);
	pc_processes_shed(t);
	assert_true(bytes_of_all(t) <= PC_PROCESSES_BYTES);
}

/* Thousands of users with equal shares: the budget holds. */
static void flood_by_many_users(void **state)
{
	struct pc_processes *t = pc_processes_new(PC_PROCESSES_MAX);

	(void)state;
	put_flood_of_many(t, 1000);
	assert_true(bytes_of_all(t) <= PC_PROCESSES_BYTES / 4 * 3);
	pc_processes_free(t);
}

/* A user namespace gives one user thousands of ids, and all have one share: the oldest process of another user
 * keeps its strings. */
static void flood_by_subordinates(void **state)
{
	struct pc_processes *t = pc_processes_new(PC_PROCESSES_MAX);

	(void)state;
	put_flood(t, 33, 1, 1);
	put_flood_of_many(t, 100000);
	assert_non_null(pc_processes_get(t, 1)->cmdline);
	pc_processes_free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes_empty),	cmocka_unit_test(processes_keys),
		cmocka_unit_test(replaced_in_place),	cmocka_unit_test(many),
		cmocka_unit_test(two_sweeps),		cmocka_unit_test(found_last),
		cmocka_unit_test(comes_back),		cmocka_unit_test(indexes),
		cmocka_unit_test(wants_sweep),		cmocka_unit_test(flood_by_one_user),
		cmocka_unit_test(flood_in_many_groups), cmocka_unit_test(flood_by_many_users),
		cmocka_unit_test(flood_by_subordinates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
