// SPDX-License-Identifier: GPL-2.0-only
/* The join when much happens: backlog, sweeps, and what comes in the middle of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/memory/ledger.h"
#include "theft.h"
/* 16 refusals more than a batch takes: all are told, the same round, in order. */
static void test_backlog(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	theft_put(&t);
	for (int i = 1; i < 80; i++) {
		t.refusal.time_ns++;
		fake_put(t.f, &t.refusal);
	}
	fake_round(t.f);
	assert_int_equal(t.f->verdicts_count, 80);
	for (unsigned i = 1; i < 80; i++)
		assert_true(t.f->verdicts[i].time_ns > t.f->verdicts[i - 1].time_ns);
	fake_free(t.f);
}

/* The end comes while refusals wait: they are counted as lost. */
static void test_stop_counts(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	for (int i = 0; i < 80; i++)
		fake_put(t.f, &t.refusal);
	pc_join_read(t.f->join, t.f->now_ns);
	assert_true(pc_join_finish(t.f->join, t.f->now_ns));
	pc_join_stop(t.f->join, t.f->now_ns);
	assert_false(pc_join_waits(t.f->join));
	assert_int_equal(t.f->verdicts_count, 64);
	assert_int_equal(pc_join_counters(t.f->join)->lost[PC_STAT_REFUSALS_LOST], 16);
	fake_free(t.f);
}

static void put_many_claims(struct theft *t, uint64_t first, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct pc_claim_record c = fake_claim(t->thief, first + i, 0, PC_HOW_CONNECT);

		fake_put(t->f, &c);
		if (i % 8000 == 7999)
			fake_round(t->f);
	}
	fake_round(t->f);
}

/* A sweep forgets what is closed, and keeps what is alive. */
static void test_sweep(void **state)
{
	struct theft t = theft_after_start();
	const struct pc_counters *c;

	(void)state;
	put_many_claims(&t, 1000, PC_LEDGER_SWEEP_MIN - 1);
	t.f->alive[t.f->alive_count++] = 1;
	theft_put(&t);
	t.f->rings[PC_RING_REFUSALS].size = 0;
	t.f->now_ns += 5000000000;
	fake_round(t.f);
	c = pc_join_counters(t.f->join);
	assert_int_equal(c->ledger_sweeps, 1);
	assert_int_equal(c->ledger_claims, 1);
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	theft_assert(&t);
	fake_free(t.f);
}

/* The holder of a refusal that comes in the middle of a sweep is closed by then: its claim must stay. */
static struct theft *swept;

static void refuse_in_sweep(struct fake *f, enum fake_op op)
{
	if (op == FAKE_SWEEP_FILES)
		fake_put(f, &swept->refusal);
}

static void test_refusal_in_sweep(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	put_many_claims(&t, 1000, PC_LEDGER_SWEEP_MIN - 1);
	theft_put(&t);
	t.f->rings[PC_RING_REFUSALS].size = 0;
	t.f->owners_count = 0;
	swept = &t;
	t.f->on_op = refuse_in_sweep;
	t.f->now_ns += 5000000000;
	fake_round(t.f);
	assert_int_equal(pc_join_counters(t.f->join)->ledger_sweeps, 1);
	t.f->on_op = NULL;
	fake_round(t.f);
	theft_assert(&t);
	assert_int_equal(theft_holder(t.f, 0)->since_ns, t.claim.time_ns);
	fake_free(t.f);
}

/* A sweep that could not see every socket forgets nothing. */
static void join_sweep_test_sweep_fails(void **state)
{
	struct theft t = theft_after_start();
	const struct pc_counters *c;

	(void)state;
	put_many_claims(&t, 1000, PC_LEDGER_SWEEP_MIN - 1);
	theft_put(&t);
	t.f->rings[PC_RING_REFUSALS].size = 0;
	t.f->sweep_error = -75;
	t.f->now_ns += 5000000000;
	fake_round(t.f);
	c = pc_join_counters(t.f->join);
	assert_int_equal(c->ledger_sweeps, 0);
	assert_int_equal(c->ledger_sweeps_failed, 1);
	assert_int_equal(c->ledger_claims, PC_LEDGER_SWEEP_MIN);
	fake_free(t.f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backlog),
		cmocka_unit_test(test_stop_counts),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_refusal_in_sweep),
		cmocka_unit_test(join_sweep_test_sweep_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
