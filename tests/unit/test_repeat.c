// SPDX-License-Identifier: GPL-2.0-only
/* Repeats of a collision: what is the same one, when summaries come, and that no refusal is lost
 * between them, with a clock that is given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "core/verdict/decide.h"
#include "core/memory/repeat.h"

#define SECOND 1000000000ULL
#define INTERVAL (10 * SECOND)

static void repeat_collision(struct pc_verdict *v)
{
	case_refusal(v);
	case_client(v);
	pc_decide(v);
	v->requester.key = v->requester.who->key;
	snprintf(v->id, sizeof(v->id), "first");
}

/* Does with a verdict what the session does. True: it is written. */
static bool repeat_refuse(struct pc_repeats *t, struct pc_verdict *v, uint64_t now)
{
	v->time_ns = now;
	if (pc_repeats_count(t, v, now))
		return false;
	pc_repeats_add(t, v, now);
	return true;
}

static void assert_next(struct pc_repeats *t, uint64_t now, enum pc_repeat_why why, uint64_t count,
			uint64_t total)
{
	const struct pc_repeat *r = pc_repeats_next(t, now, why == PC_REPEAT_STOPPED);

	assert_non_null(r);
	assert_string_equal(pc_repeat_why_name(r->why), pc_repeat_why_name(why));
	assert_int_equal(r->count, count);
	assert_int_equal(r->total, total);
}

static void assert_nothing(struct pc_repeats *t, uint64_t now)
{
	assert_null(pc_repeats_next(t, now, false));
}

/* Is the verdict, with this port, the repeat of a collision that is remembered? */
static bool repeat_is_known(struct pc_repeats *t, struct pc_verdict *v, unsigned port, uint64_t now)
{
	v->request.wanted_port = (uint16_t)port;
	return pc_repeats_count(t, v, now);
}

/* The user with most collisions loses its own when they are too many, and of these the quietest. Those of other users beside
 * it stay, whether they have one or nearly as many. */
static void repeat_flood(void **state)
{
	struct pc_repeats *t = pc_repeats_new(INTERVAL);
	const unsigned many = 3 * 60, flood = 3 * PC_REPEATS_MAX;
	struct pc_verdict v, third, other;
	uint64_t now = SECOND;

	(void)state;
	repeat_collision(&v);
	repeat_collision(&third);
	repeat_collision(&other);
	v.request.uid = 33;
	assert_true(repeat_refuse(t, &v, now));
	for (unsigned i = 0; i < many; i++) {
		third.request.uid = 34 + i % 3;
		third.request.wanted_port = (uint16_t)(1000 + i);
		assert_true(repeat_refuse(t, &third, now));
	}
	for (unsigned i = 0; i < flood; i++) {
		other.request.uid = i % 2 ? 100000 + i : 165535; /* by subuid(5) one user */
		other.request.wanted_port = (uint16_t)(1000 + i);
		assert_true(repeat_refuse(t, &other, now));
		assert_nothing(t, now);
	}
	assert_int_equal(pc_repeats_evicted(t), 2 * PC_REPEATS_MAX + 1 + many);
	assert_false(repeat_refuse(t, &v, now + SECOND));
	assert_next(t, now + INTERVAL, PC_REPEAT_GOES_ON, 1, 2);
	for (unsigned i = 0; i < many; i++) {
		third.request.uid = 34 + i % 3;
		assert_true(repeat_is_known(t, &third, 1000 + i, now + SECOND));
	}
	other.request.uid = 100000 + flood - 1;
	assert_true(repeat_is_known(t, &other, 1000 + flood - 1, now + SECOND));
	other.request.uid = 100001;
	assert_false(repeat_is_known(t, &other, 1001, now + SECOND));
	pc_repeats_free(t);
}

/* After 10 s, a minute more, and every ten minutes; then it ends, and is told at once again. */
static void growing_intervals(void **state)
{
	struct pc_repeats *t = pc_repeats_new(INTERVAL);
	uint64_t now = SECOND, due[] = { 10, 70, 670, 1270 }, told = 0, written = 0;
	struct pc_verdict v;
	unsigned next = 0;

	(void)state;
	repeat_collision(&v);
	assert_true(repeat_refuse(t, &v, now));
	for (unsigned second = 1; second <= 1300; second++) {
		now += SECOND;
		if (next < 4 && second == due[next]) {
			assert_next(t, now, PC_REPEAT_GOES_ON, written, 1 + told + written);
			told += written;
			written = 0;
			next++;
		}
		assert_nothing(t, now);
		assert_false(repeat_refuse(t, &v, now));
		written++;
	}
	assert_int_equal(next, 4);
	assert_nothing(t, now + 6 * INTERVAL - 1);
	assert_next(t, now + 6 * INTERVAL, PC_REPEAT_ENDED, written, 1301);
	assert_nothing(t, now + 6 * INTERVAL);
	assert_true(repeat_refuse(t, &v, now + 6 * INTERVAL));
	pc_repeats_free(t);
}

static void once_is_not_summarised(void **state)
{
	struct pc_repeats *t = pc_repeats_new(INTERVAL);
	struct pc_verdict v;

	(void)state;
	repeat_collision(&v);
	assert_true(repeat_refuse(t, &v, SECOND));
	for (unsigned i = 1; i < 100; i++)
		assert_nothing(t, i * SECOND);
	assert_null(pc_repeats_next(t, 100 * SECOND, true));
	assert_true(repeat_refuse(t, &v, 101 * SECOND));
	assert_null(pc_repeats_next(t, 102 * SECOND, true));
	pc_repeats_free(t);
}

/* All was told when it goes on, but not that it has ended. */
static void end_is_told(void **state)
{
	struct pc_repeats *t = pc_repeats_new(INTERVAL);
	struct pc_verdict v;

	(void)state;
	repeat_collision(&v);
	repeat_refuse(t, &v, SECOND);
	repeat_refuse(t, &v, 2 * SECOND);
	assert_next(t, 11 * SECOND, PC_REPEAT_GOES_ON, 1, 2);
	assert_nothing(t, 61 * SECOND);
	assert_next(t, 62 * SECOND, PC_REPEAT_ENDED, 0, 2);
	assert_nothing(t, 63 * SECOND);
	pc_repeats_free(t);
}

static void stop_tells_what_is_left(void **state)
{
	struct pc_repeats *t = pc_repeats_new(INTERVAL);
	struct pc_verdict v;

	(void)state;
	repeat_collision(&v);
	repeat_refuse(t, &v, SECOND);
	for (unsigned i = 0; i < 7; i++)
		repeat_refuse(t, &v, 2 * SECOND);
	assert_next(t, 3 * SECOND, PC_REPEAT_STOPPED, 7, 8);
	assert_null(pc_repeats_next(t, 3 * SECOND, true));
	pc_repeats_free(t);
}

/* A server that is restarted is another process each time, and the same collision. */
static void what_a_summary_says(void **state)
{
	struct pc_repeats *t = pc_repeats_new(INTERVAL);
	struct pc_identity again = *case_server();
	const struct pc_repeat *r;
	struct pc_verdict v;

	(void)state;
	repeat_collision(&v);
	assert_true(repeat_refuse(t, &v, SECOND));
	for (uint32_t i = 1; i <= 3; i++) {
		again.key.tgid = case_server()->key.tgid + i;
		again.key.start_ns += i;
		v.requester.who = &again;
		v.requester.key = again.key;
		snprintf(v.id, sizeof(v.id), "%u", i);
		assert_false(repeat_refuse(t, &v, (1 + i) * SECOND));
		assert_false(repeat_refuse(t, &v, (1 + i) * SECOND));
	}
	memset(&again, 0, sizeof(again));
	r = pc_repeats_next(t, 11 * SECOND, false);
	assert_non_null(r);
	assert_string_equal(r->of, "first");
	assert_int_equal(r->count, 6);
	assert_int_equal(r->processes, 4);
	assert_int_equal(r->first.tgid, case_server()->key.tgid);
	assert_int_equal(r->first_ns, SECOND);
	assert_int_equal(r->time_ns, 4 * SECOND);
	assert_int_equal(r->requester.who->key.tgid, case_server()->key.tgid + 3);
	assert_string_equal(r->requester.who->unit, "orders.service");
	assert_int_equal(r->holder.who->key.tgid, case_thief()->key.tgid);
	assert_int_equal(r->socket.rport, 443);
	assert_int_equal(r->cause, PC_CAUSE_EPHEMERAL_CLIENT);
	pc_repeats_free(t);
}

/* More collisions than are remembered: the one that was quiet for longest gives way, and what it
 * has counted is told. */
static void bounded(void **state)
{
	struct pc_repeats *t = pc_repeats_new(INTERVAL);
	struct pc_verdict v;

	(void)state;
	repeat_collision(&v);
	for (uint16_t i = 0; i < PC_REPEATS_MAX; i++) {
		v.request.wanted_port = 1000 + i;
		assert_true(repeat_refuse(t, &v, SECOND));
		assert_nothing(t, SECOND);
	}
	for (uint16_t i = 0; i < 2; i++) {
		v.request.wanted_port = 1001;
		assert_false(repeat_refuse(t, &v, 2 * SECOND));
	}
	v.request.wanted_port = 1002;
	assert_false(repeat_refuse(t, &v, 2 * SECOND));
	/* 1000 goes without a word, and so on; 1001 and 1002 are the last of the old ones. */
	for (uint16_t i = 0; i < PC_REPEATS_MAX - 2; i++) {
		v.request.wanted_port = 5000 + i;
		assert_true(repeat_refuse(t, &v, 3 * SECOND));
		assert_nothing(t, 3 * SECOND);
	}
	assert_int_equal(pc_repeats_evicted(t), PC_REPEATS_MAX - 2);
	v.request.wanted_port = 9000;
	assert_true(repeat_refuse(t, &v, 3 * SECOND));
	assert_next(t, 3 * SECOND, PC_REPEAT_EVICTED, 2, 3);
	assert_nothing(t, 3 * SECOND);
	assert_int_equal(pc_repeats_evicted(t), PC_REPEATS_MAX - 1);
	pc_repeats_free(t);
}

/* Refusals at random times of random collisions: each is a line, or in the count of one. */
static void adds_up(void **state)
{
	struct pc_repeats *t = pc_repeats_new(SECOND);
	uint64_t now = SECOND, refused[2048] = { 0 }, seen[2048] = { 0 };
	const struct pc_repeat *r;
	struct pc_verdict v;

	(void)state;
	srandom(1);
	repeat_collision(&v);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned port = random() % 2 ? random() % 8 : random() % 2048;

		now += (uint64_t)(random() % 20) * SECOND / 1000;
		v.request.wanted_port = (uint16_t)port;
		refused[port]++;
		seen[port] += repeat_refuse(t, &v, now);
		while ((r = pc_repeats_next(t, now, false)))
			seen[r->request.wanted_port] += r->count;
	}
	while ((r = pc_repeats_next(t, now, true)))
		seen[r->request.wanted_port] += r->count;
	assert_memory_equal(seen, refused, sizeof(seen));
	assert_true(pc_repeats_evicted(t) > 0);
	pc_repeats_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(growing_intervals),
		cmocka_unit_test(repeat_flood),
		cmocka_unit_test(once_is_not_summarised),
		cmocka_unit_test(end_is_told),
		cmocka_unit_test(stop_tells_what_is_left),
		cmocka_unit_test(what_a_summary_says),
		cmocka_unit_test(bounded),
		cmocka_unit_test(adds_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
