// SPDX-License-Identifier: GPL-2.0-only
/* The ledger: that it finds what was put, never forgets what is alive, drops what is not, and
 * stops at its limit. Also against a plain array, with random calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "core/memory/ledger.h"

static struct pc_entry entry(uint64_t cookie, uint64_t time_ns)
{
	return (struct pc_entry){
		.cookie = cookie,
		.time_ns = time_ns,
		.process = (uint32_t)cookie + 1,
		.tid = cookie & 0x3fffff,
		.how = cookie % 6,
	};
}

static void ledger_put(struct pc_ledger *l, uint64_t cookie, uint64_t time_ns)
{
	struct pc_entry e = entry(cookie, time_ns);

	assert_int_equal(pc_ledger_put(l, &e), 0);
}

static void assert_has(const struct pc_ledger *l, uint64_t cookie, uint64_t time_ns)
{
	const struct pc_entry *e = pc_ledger_find(l, cookie);
	struct pc_entry want = entry(cookie, time_ns);

	assert_non_null(e);
	assert_int_equal(e->cookie, cookie);
	assert_int_equal(e->time_ns, time_ns);
	assert_int_equal(e->process, want.process);
	assert_int_equal(e->tid, want.tid);
	assert_int_equal(e->how, want.how);
}

static void ledger_empty(void **state)
{
	struct pc_ledger *l = pc_ledger_new();

	(void)state;
	assert_int_equal(pc_ledger_count(l), 0);
	assert_null(pc_ledger_find(l, 1));
	assert_null(pc_ledger_find(l, 0));
	assert_false(pc_ledger_wants_sweep(l));
	pc_ledger_mark(l, 0);
	pc_ledger_mark(l, 1);
	assert_int_equal(pc_ledger_count(l), 0);
	assert_int_equal(pc_ledger_sweep(l, 0, NULL, NULL), 0);
	pc_ledger_free(l);
	pc_ledger_free(NULL);
}

static void cookie_zero(void **state)
{
	struct pc_ledger *l = pc_ledger_new();
	struct pc_entry e = entry(0, 1);

	(void)state;
	assert_int_equal(pc_ledger_put(l, &e), -EINVAL);
	assert_int_equal(pc_ledger_count(l), 0);
	pc_ledger_free(l);
}

static void replaces(void **state)
{
	struct pc_ledger *l = pc_ledger_new();
	struct pc_entry e = entry(7, 1);

	(void)state;
	ledger_put(l, 7, 1);
	e.how = 5;
	e.tid = 0x3fffff;
	e.time_ns = 2;
	assert_int_equal(pc_ledger_put(l, &e), 0);
	assert_int_equal(pc_ledger_count(l), 1);
	assert_int_equal(pc_ledger_find(l, 7)->how, 5);
	assert_int_equal(pc_ledger_find(l, 7)->tid, 0x3fffff);
	pc_ledger_free(l);
}

/* Cookies are numbered through, per CPU in blocks; others are far apart. */
static void remembers_all(void **state)
{
	struct pc_ledger *l = pc_ledger_new();
	const uint64_t count = 300000;

	(void)state;
	for (uint64_t i = 1; i <= count; i++) {
		ledger_put(l, i, i);
		ledger_put(l, i << 40, i);
	}
	assert_int_equal(pc_ledger_count(l), 2 * count);
	assert_true(pc_ledger_bytes(l) >= 2 * count * sizeof(struct pc_entry));
	for (uint64_t i = 1; i <= count; i++) {
		assert_has(l, i, i);
		assert_has(l, i << 40, i);
	}
	assert_null(pc_ledger_find(l, count + 1));
	pc_ledger_free(l);
}

/* The promise of the header: entries at most, further ones are refused. */
static void limit(void **state)
{
	struct pc_ledger *l = pc_ledger_new();
	uint64_t cookie = 0;
	int err = 0;

	(void)state;
	while (!err && cookie < 3 * (uint64_t)PC_LEDGER_MAX) {
		struct pc_entry e = entry(++cookie, 1);

		err = pc_ledger_put(l, &e);
	}
	assert_int_equal(err, -ENOSPC);
	ledger_put(l, 1, 2); /* replacing still works */
	assert_has(l, 1, 2);
	assert_null(pc_ledger_find(l, cookie));
	assert_int_equal(pc_ledger_count(l), cookie - 1);
	if (pc_ledger_count(l) > PC_LEDGER_MAX)
		fail_msg("%zu entries, %zu MiB, above the limit of %d", pc_ledger_count(l),
			 pc_ledger_bytes(l) >> 20, PC_LEDGER_MAX);
	pc_ledger_free(l);
}

/* The limit is on what is alive: a sweep makes room again. */
static void room_after_sweep(void **state)
{
	struct pc_ledger *l = pc_ledger_new();
	uint64_t cookie = 0;
	struct pc_entry e;

	(void)state;
	do {
		e = entry(++cookie, 1);
	} while (!pc_ledger_put(l, &e));
	assert_true(pc_ledger_wants_sweep(l));
	pc_ledger_mark(l, 5);
	assert_int_equal(pc_ledger_sweep(l, 2, NULL, NULL), cookie - 2);
	ledger_put(l, cookie, 3);
	assert_has(l, 5, 1);
	assert_true(pc_ledger_bytes(l) < 1 << 20);
	pc_ledger_free(l);
}

struct kept {
	unsigned count;
	unsigned marked;
	uint64_t sum;
};

static void ledger_keep(void *context, const struct pc_entry *e)
{
	struct kept *kept = context;

	kept->count++;
	kept->marked += !!(e->flags & PC_ENTRY_MARKED);
	kept->sum += e->cookie;
}

static void a_newer_claim_of_another_port_stays(void **state)
{
	struct pc_ledger *l = pc_ledger_new();
	struct pc_entry newer = entry(1, 20), older = entry(1, 10), none = entry(0, 10);

	(void)state;
	newer.port = 5000;
	older.port = 4000;
	assert_int_equal(pc_ledger_put_newer(l, &none), -EINVAL);
	assert_int_equal(pc_ledger_put_newer(l, &newer), 0);
	assert_int_equal(pc_ledger_put_newer(l, &older), 0);
	assert_int_equal(pc_ledger_find(l, 1)->port, 5000);
	older.port = 5000;
	assert_int_equal(pc_ledger_put_newer(l, &older), 0);
	assert_has(l, 1, 10);
	newer.port = 6000;
	assert_int_equal(pc_ledger_put_newer(l, &newer), 0);
	assert_int_equal(pc_ledger_find(l, 1)->port, 6000);
	assert_int_equal(pc_ledger_count(l), 1);
	pc_ledger_free(l);
}

static void sweep_drops_the_dead(void **state)
{
	struct pc_ledger *l = pc_ledger_new();
	struct pc_entry older = entry(4, 0);
	struct kept kept = { 0 };

	(void)state;
	older.flags = PC_ENTRY_OLDER | PC_ENTRY_LATE;
	ledger_put(l, 1, 10); /* neither marked nor new: dropped */
	ledger_put(l, 2, 10);
	ledger_put(l, 3, 20); /* claimed as the sweep began: stays */
	assert_int_equal(pc_ledger_put(l, &older), 0);
	pc_ledger_mark(l, 2);
	pc_ledger_mark(l, 2);
	pc_ledger_mark(l, 4);
	pc_ledger_mark(l, 99);
	assert_int_equal(pc_ledger_sweep(l, 20, ledger_keep, &kept), 1);
	assert_int_equal(pc_ledger_count(l), 3);
	assert_null(pc_ledger_find(l, 1));
	assert_has(l, 2, 10);
	assert_has(l, 3, 20);
	assert_int_equal(pc_ledger_find(l, 4)->flags, PC_ENTRY_OLDER | PC_ENTRY_LATE);
	assert_int_equal(kept.count, 3);
	assert_int_equal(kept.marked, 0);
	assert_int_equal(kept.sum, 2 + 3 + 4);
	/* The marks are gone: the next sweep drops what is not marked again. */
	assert_int_equal(pc_ledger_sweep(l, 30, NULL, NULL), 3);
	assert_int_equal(pc_ledger_count(l), 0);
	pc_ledger_free(l);
}

static void sweep_failed(void **state)
{
	struct pc_ledger *l = pc_ledger_new();

	(void)state;
	ledger_put(l, 1, 10);
	pc_ledger_mark(l, 1);
	pc_ledger_sweep_failed(l);
	assert_has(l, 1, 10);
	assert_int_equal(pc_ledger_sweep(l, 20, NULL, NULL), 1); /* the mark was cleared */
	pc_ledger_free(l);
}

/* Doubled, and grown by the minimum. */
static void when_to_sweep(void **state)
{
	struct pc_ledger *l = pc_ledger_new();
	const uint64_t many = 100000;
	uint64_t cookie = 0;

	(void)state;
	while (cookie < PC_LEDGER_SWEEP_MIN - 1)
		ledger_put(l, ++cookie, 1);
	assert_false(pc_ledger_wants_sweep(l));
	ledger_put(l, ++cookie, 1);
	assert_true(pc_ledger_wants_sweep(l));
	while (cookie < many)
		ledger_put(l, ++cookie, 1);
	assert_int_equal(pc_ledger_sweep(l, 1, NULL, NULL), 0);
	assert_false(pc_ledger_wants_sweep(l));
	while (cookie < many + many - 1)
		ledger_put(l, ++cookie, 1);
	assert_false(pc_ledger_wants_sweep(l));
	ledger_put(l, ++cookie, 1);
	assert_true(pc_ledger_wants_sweep(l));
	pc_ledger_sweep_failed(l);
	assert_false(pc_ledger_wants_sweep(l));
	pc_ledger_free(l);
}

static void ledger_fill(struct pc_ledger *l, uint64_t *cookie)
{
	int err = 0;

	while (!err) {
		struct pc_entry e = entry(++*cookie, 1);

		err = pc_ledger_put(l, &e);
	}
}

/* More than half of the limit is alive: the next sweep is at the limit, not at twice as many; and
 * not again and again when there is nothing to forget. */
static void sweep_at_the_limit(void **state)
{
	const uint64_t alive = PC_LEDGER_MAX / 3 * 2;
	struct pc_ledger *l = pc_ledger_new();
	uint64_t cookie = 0;

	(void)state;
	ledger_fill(l, &cookie);
	assert_true(pc_ledger_wants_sweep(l));
	for (uint64_t i = 1; i <= alive; i++)
		pc_ledger_mark(l, i);
	assert_int_equal(pc_ledger_sweep(l, 2, NULL, NULL), PC_LEDGER_MAX - alive);
	assert_false(pc_ledger_wants_sweep(l));
	ledger_fill(l, &cookie);
	assert_true(pc_ledger_wants_sweep(l));
	pc_ledger_sweep_failed(l);
	assert_false(pc_ledger_wants_sweep(l));
	for (int i = 1; i < PC_LEDGER_SWEEP_MIN; i++)
		ledger_fill(l, &cookie);
	assert_false(pc_ledger_wants_sweep(l));
	ledger_fill(l, &cookie);
	assert_true(pc_ledger_wants_sweep(l));
	pc_ledger_free(l);
}

/* A plain array that does the same, slowly. More than the smallest ledger has lists for. */
#define MODEL 1500

struct model {
	uint64_t time_ns[MODEL]; /* 0: none */
	bool marked[MODEL];
	unsigned count;
};

static void assert_like(const struct model *m, const struct pc_ledger *l)
{
	assert_int_equal(pc_ledger_count(l), m->count);
	for (int i = 0; i < MODEL; i++) {
		uint64_t cookie = (uint64_t)(i + 1) * 4096;

		if (m->time_ns[i])
			assert_has(l, cookie, m->time_ns[i]);
		else
			assert_null(pc_ledger_find(l, cookie));
	}
}

static void model_sweep(struct model *m, struct pc_ledger *l, uint64_t started)
{
	size_t dropped = 0;

	for (int i = 0; i < MODEL; i++) {
		if (m->time_ns[i] && !m->marked[i] && m->time_ns[i] < started) {
			m->time_ns[i] = 0;
			m->count--;
			dropped++;
		}
		m->marked[i] = false;
	}
	assert_int_equal(pc_ledger_sweep(l, started, NULL, NULL), dropped);
	assert_like(m, l);
}

static void model_step(struct model *m, struct pc_ledger *l, uint64_t now)
{
	int i = rand() % MODEL;
	uint64_t cookie = (uint64_t)(i + 1) * 4096;

	switch (rand() % 8) {
	case 0:
		if (rand() % 50 == 0)
			model_sweep(m, l, now - (uint64_t)(rand() % 200));
		break;
	case 1:
	case 2:
		pc_ledger_mark(l, cookie);
		m->marked[i] = m->time_ns[i];
		break;
	default:
		ledger_put(l, cookie, now);
		m->count += !m->time_ns[i];
		m->time_ns[i] = now;
		m->marked[i] = false; /* an entry that is replaced is a new one */
	}
}

static void against_a_model(void **state)
{
	struct pc_ledger *l = pc_ledger_new();
	struct model m = { 0 };

	(void)state;
	srand(2);
	for (uint64_t now = 1000; now < 101000; now++) {
		model_step(&m, l, now);
		assert_int_equal(pc_ledger_count(l), m.count);
	}
	assert_like(&m, l);
	pc_ledger_free(l);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ledger_empty),
		cmocka_unit_test(cookie_zero),
		cmocka_unit_test(replaces),
		cmocka_unit_test(remembers_all),
		cmocka_unit_test(limit),
		cmocka_unit_test(room_after_sweep),
		cmocka_unit_test(a_newer_claim_of_another_port_stays),
		cmocka_unit_test(sweep_drops_the_dead),
		cmocka_unit_test(sweep_failed),
		cmocka_unit_test(when_to_sweep),
		cmocka_unit_test(sweep_at_the_limit),
		cmocka_unit_test(against_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
