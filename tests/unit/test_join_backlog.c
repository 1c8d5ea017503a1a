// SPDX-License-Identifier: GPL-2.0-only
/* Refusals that come faster than they become verdicts: their order, the limit, what is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/time.h"
#include "theft.h"

#define BATCH 64
#define BACKLOG_BYTES (2 * 1024 * 1024)

/* The time of refusals for which there is no room. */
#define TOO_LATE 1000000

/* Puts refusals with that many holders, numbered by their time from `first` on. */
static void join_backlog_put_refusals(struct theft *t, uint64_t first, unsigned count,
				      unsigned holders)
{
	struct pc_refusal_record r = fake_refusal(t->server, 35000);

	for (uint64_t cookie = 1; cookie <= holders; cookie++)
		fake_holder(&r, cookie, PC_STATE_ESTABLISHED);
	for (unsigned i = 0; i < count; i++) {
		r.time_ns = first + i;
		fake_put(t->f, &r);
	}
}

static uint64_t refusals_lost(struct theft *t)
{
	return pc_join_counters(t->f->join)->lost[PC_STAT_REFUSALS_LOST];
}

static void assert_times(const struct fake *f, uint64_t first, unsigned count)
{
	assert_int_equal(f->verdicts_count, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(f->verdicts[i].time_ns, first + i);
}

/* A batch a step, in order, each with its own holders. */
static void test_batches(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	assert_false(pc_join_waits(t.f->join));
	assert_false(pc_join_finish(t.f->join, t.f->now_ns));
	join_backlog_put_refusals(&t, 1, BATCH, 1);
	join_backlog_put_refusals(&t, BATCH + 1, 10, 3);
	join_backlog_put_refusals(&t, BATCH + 11, BATCH, 0);
	pc_join_read(t.f->join, t.f->now_ns);
	assert_true(pc_join_waits(t.f->join));
	assert_true(pc_join_finish(t.f->join, t.f->now_ns));
	assert_int_equal(t.f->verdicts_count, BATCH);
	assert_true(pc_join_finish(t.f->join, t.f->now_ns));
	assert_int_equal(t.f->verdicts_count, 2 * BATCH);
	assert_false(pc_join_finish(t.f->join, t.f->now_ns));
	assert_false(pc_join_waits(t.f->join));
	assert_times(t.f, 1, 2 * BATCH + 10);
	for (unsigned i = 0; i < t.f->verdicts_count; i++)
		assert_int_equal(t.f->verdicts[i].holders_count, i < BATCH	? 1 :
								 i < BATCH + 10 ? 3 :
										  0);
	fake_free(t.f);
}

/* A later refusal waits behind those that wait already. */
static void test_order(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	join_backlog_put_refusals(&t, 1, BATCH + 5, 1);
	pc_join_read(t.f->join, t.f->now_ns);
	pc_join_finish(t.f->join, t.f->now_ns);
	join_backlog_put_refusals(&t, BATCH + 6, 5, 1);
	pc_join_read(t.f->join, t.f->now_ns);
	while (pc_join_finish(t.f->join, t.f->now_ns))
		;
	assert_times(t.f, 1, BATCH + 10);
	fake_free(t.f);
}

/* The reading fills a batch, so that the next one goes on with it. */
static void test_two_readings(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	join_backlog_put_refusals(&t, 1, 10, 1);
	pc_join_read(t.f->join, t.f->now_ns);
	join_backlog_put_refusals(&t, 11, BATCH - 10, 1);
	pc_join_read(t.f->join, t.f->now_ns);
	assert_false(pc_join_finish(t.f->join, t.f->now_ns));
	assert_times(t.f, 1, BATCH);
	fake_free(t.f);
}

static void note_latest(void *context, struct pc_verdict *v)
{
	uint64_t *latest = context;

	*latest = v->time_ns > *latest ? v->time_ns : *latest;
}

/* 2 MiB wait: what comes then is dropped and counted, as long as nothing has become a verdict. */
static void join_backlog_test_limit(void **state)
{
	const size_t size = PC_REFUSAL_SIZE(PC_HOLDERS_MAX), room = BACKLOG_BYTES / size;
	struct theft t = theft_after_start();
	uint64_t latest = 0;
	size_t put = 0;

	(void)state;
	t.f->output.verdict = note_latest;
	t.f->output.context = &latest;
	join_backlog_put_refusals(&t, 1, BATCH, 0);
	pc_join_read(t.f->join, t.f->now_ns);
	for (; put + 100 <= room; put += 100) {
		join_backlog_put_refusals(&t, 100, 100, PC_HOLDERS_MAX);
		pc_join_read(t.f->join, t.f->now_ns);
	}
	join_backlog_put_refusals(&t, 100, (unsigned)(room - put), PC_HOLDERS_MAX);
	pc_join_read(t.f->join, t.f->now_ns);
	assert_int_equal(refusals_lost(&t), 0);
	join_backlog_put_refusals(&t, TOO_LATE, 3, PC_HOLDERS_MAX);
	pc_join_read(t.f->join, t.f->now_ns);
	assert_int_equal(refusals_lost(&t), 3);
	pc_join_finish(t.f->join, t.f->now_ns);
	pc_join_finish(t.f->join, t.f->now_ns); /* the first of those that waited */
	join_backlog_put_refusals(&t, 100, BATCH + 1, PC_HOLDERS_MAX);
	pc_join_read(t.f->join, t.f->now_ns);
	assert_int_equal(refusals_lost(&t), 4);
	while (pc_join_finish(t.f->join, t.f->now_ns))
		;
	assert_int_equal(pc_join_counters(t.f->join)->verdicts, BATCH + room + BATCH);
	assert_true(latest < TOO_LATE);
	fake_free(t.f);
}

static void put_refusals_of(struct theft *t, uint32_t uid, uint64_t first, unsigned count,
			    unsigned holders)
{
	struct pc_refusal_record r = fake_refusal(t->server, 35000);

	r.uid = uid;
	for (uint64_t cookie = 1; cookie <= holders; cookie++)
		fake_holder(&r, cookie, PC_STATE_ESTABLISHED);
	for (unsigned i = 0; i < count; i++) {
		r.time_ns = first + i;
		fake_put(t->f, &r);
	}
	pc_join_read(t->f->join, t->f->now_ns);
}

static unsigned verdicts_of(const struct fake *f, uint32_t uid)
{
	unsigned count = 0;

	for (unsigned i = 0; i < f->verdicts_count; i++)
		count += f->verdicts[i].request.uid == uid;
	return count;
}

/* A victim waits for the batch under way, not behind the flood; the flood keeps its order. */
static void test_turns(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	put_refusals_of(&t, 65534, 1, 3 * BATCH, 0);
	put_refusals_of(&t, 100001, 1, 10, 0);
	put_refusals_of(&t, 33, 1000, 3, 0);
	pc_join_finish(t.f->join, t.f->now_ns);
	assert_int_equal(verdicts_of(t.f, 33), 0);
	pc_join_finish(t.f->join, t.f->now_ns);
	assert_int_equal(verdicts_of(t.f, 33), 3);
	assert_int_equal(verdicts_of(t.f, 100001), 10);
	while (pc_join_finish(t.f->join, t.f->now_ns))
		;
	assert_int_equal(t.f->verdicts_count, 3 * BATCH + 13);
	for (unsigned i = 0, next = 1; i < t.f->verdicts_count; i++)
		if (t.f->verdicts[i].request.uid == 65534)
			assert_int_equal(t.f->verdicts[i].time_ns, next++);
	fake_free(t.f);
}

/* A user has one turn, however many subordinate ids its flood has. */
static void test_turns_of_many_ids(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	for (uint32_t i = 0; i < 3 * BATCH; i++)
		put_refusals_of(&t, 100000 + i, 1, 1, 0);
	put_refusals_of(&t, 33, 1000, 3, 0);
	pc_join_finish(t.f->join, t.f->now_ns);
	pc_join_finish(t.f->join, t.f->now_ns);
	assert_int_equal(verdicts_of(t.f, 33), 3);
	fake_free(t.f);
}

/* A flood that fills the backlog, with all its subordinate ids, loses its own refusals, each of which is counted. Another user
 * whose turn is next loses none. */
static void test_share_of_flood(void **state)
{
	const unsigned room = BACKLOG_BYTES / PC_REFUSAL_SIZE(PC_HOLDERS_MAX);
	struct theft t = theft_after_start();
	unsigned put = 5;

	(void)state;
	put_refusals_of(&t, 100000, 1, BATCH, 0);
	put_refusals_of(&t, 34, 1, 5, PC_HOLDERS_MAX);
	for (; put < room + 100; put += 100)
		put_refusals_of(&t, 100000 + put, 1, 100, PC_HOLDERS_MAX);
	assert_int_equal(refusals_lost(&t), put - room);
	put_refusals_of(&t, 33, 1000, 10, PC_HOLDERS_MAX);
	assert_int_equal(refusals_lost(&t), put - room + 10);
	while (pc_join_finish(t.f->join, t.f->now_ns))
		;
	assert_int_equal(verdicts_of(t.f, 33), 10);
	assert_int_equal(verdicts_of(t.f, 34), 5);
	assert_int_equal(pc_join_counters(t.f->join)->verdicts, BATCH + room);
	fake_free(t.f);
}

/* The kernel side's losses are counted with them. */
static void test_kernel_losses(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.f->losses.lost[PC_STAT_REFUSALS_LOST] = 100;
	t.f->losses.records_bad = 1000;
	t.f->losses.states_missed = 10000;
	join_backlog_put_refusals(&t, 1, BATCH + 7, 0);
	pc_join_read(t.f->join, t.f->now_ns);
	pc_join_finish(t.f->join, t.f->now_ns);
	pc_join_stop(t.f->join, t.f->now_ns);
	assert_int_equal(refusals_lost(&t), 107);
	assert_int_equal(refusals_lost(&t), 107);
	assert_int_equal(pc_join_counters(t.f->join)->records_bad, 1000);
	assert_int_equal(pc_join_counters(t.f->join)->states_missed, 10000);
	fake_free(t.f);
}

/* The end comes before anything became a verdict. */
static void test_stop_at_once(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	join_backlog_put_refusals(&t, 1, BATCH + 7, 0);
	pc_join_read(t.f->join, t.f->now_ns);
	pc_join_stop(t.f->join, t.f->now_ns);
	assert_false(pc_join_waits(t.f->join));
	assert_int_equal(refusals_lost(&t), BATCH + 7);
	assert_int_equal(t.f->verdicts_count, 0);
	fake_free(t.f);
}

/* One pass over the descriptor tables, one look for a process of a namespace, serve a whole batch; the
 * next batch asks again. */
static void test_asked_once_a_batch(void **state)
{
	struct theft t = theft_after_start();
	unsigned before = t.f->calls[FAKE_OWNERS];

	(void)state;
	t.refusal.netns = t.refusal.holders[0].netns = 4711;
	t.f->netns_pid = 815;
	for (unsigned i = 0; i < BATCH + 1; i++)
		fake_put(t.f, &t.refusal);
	fake_round(t.f);
	assert_int_equal(t.f->calls[FAKE_OWNERS] - before, 2);
	assert_int_equal(t.f->calls[FAKE_NETNS_PID], 2);
	assert_int_equal(t.f->verdicts[0].netns_pid, 815);
	assert_int_equal(t.f->verdicts[BATCH - 1].netns_pid, 815);
	assert_int_equal(t.f->verdicts[0].monitor_netns, FAKE_NETNS);
	fake_free(t.f);
}

/* Two namespaces in one batch, each looked up once; portclash's own needs no process; nor has a namespace
 * that is not known any. */
static void count_up(struct fake *f, enum fake_op op)
{
	if (op == FAKE_NETNS_PID)
		f->netns_pid = 1000 + f->calls[op];
}

static void test_namespaces(void **state)
{
	static const uint32_t netns[] = { 4711, 4711, FAKE_NETNS, 4712, 4711, 0 };
	static const uint32_t pids[] = { 1001, 1001, 0, 1002, 1001, 0 };
	struct theft t = theft_after_start();

	(void)state;
	t.f->on_op = count_up;
	for (unsigned i = 0; i < 6; i++) {
		t.refusal.netns = t.refusal.holders[0].netns = netns[i];
		fake_put(t.f, &t.refusal);
	}
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(t.f->verdicts[i].netns_pid, pids[i]);
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	assert_int_equal(t.f->verdicts[6].netns_pid, 0);
	fake_free(t.f);
}

/* A user who is refused in ever new namespaces has only so many of them looked up. */
static void test_many_namespaces(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.f->on_op = count_up;
	t.f->space_took_ns = 50 * PC_NS_PER_MS;
	for (unsigned i = 0; i < 20; i++) {
		t.refusal.netns = t.refusal.holders[0].netns = 5000 + i;
		fake_put(t.f, &t.refusal);
	}
	fake_round(t.f);
	assert_int_equal(t.f->calls[FAKE_NETNS_PID], 5);
	assert_int_equal(t.f->verdicts[4].netns_pid, 1005);
	assert_int_equal(t.f->verdicts[5].netns_pid, 0);
	assert_int_equal(t.f->verdicts_count, 20);
	fake_free(t.f);
}

/* No holder, no pass over the descriptor tables. */
static void test_nothing_to_ask(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	join_backlog_put_refusals(&t, 1, 3, 0);
	fake_round(t.f);
	assert_int_equal(t.f->calls[FAKE_OWNERS], 2);
	fake_free(t.f);
}

/* Counts refusals by cause, and all. */
static void test_counted(void **state)
{
	struct theft t = theft_after_start();
	struct pc_refusal_record privileged = fake_refusal(t.server, 80);
	const struct pc_counters *c;

	(void)state;
	theft_put(&t);
	fake_put(t.f, &t.refusal);
	privileged.error = 13;
	fake_put(t.f, &privileged);
	fake_round(t.f);
	c = pc_join_counters(t.f->join);
	assert_int_equal(c->verdicts, 3);
	assert_int_equal(c->refusals[PC_CAUSE_EPHEMERAL_CLIENT], 2);
	assert_int_equal(c->refusals[PC_CAUSE_PRIVILEGED_PORT], 1);
	assert_int_equal(c->claims[PC_HOW_CONNECT], 1);
	fake_free(t.f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batches),	       cmocka_unit_test(test_order),
		cmocka_unit_test(test_two_readings),   cmocka_unit_test(join_backlog_test_limit),
		cmocka_unit_test(test_turns),	       cmocka_unit_test(test_turns_of_many_ids),
		cmocka_unit_test(test_share_of_flood), cmocka_unit_test(test_kernel_losses),
		cmocka_unit_test(test_stop_at_once),   cmocka_unit_test(test_asked_once_a_batch),
		cmocka_unit_test(test_namespaces),     cmocka_unit_test(test_many_namespaces),
		cmocka_unit_test(test_nothing_to_ask), cmocka_unit_test(test_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
