// SPDX-License-Identifier: GPL-2.0-only
/* The last claims and ends, asked for those after a time, in whatever order they came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "core/memory/events.h"

struct taken {
	unsigned count;
	uint64_t times_ns[8];
};

static void events_note(void *context, const struct pc_event *e)
{
	struct taken *t = context;

	if (t->count < 8)
		t->times_ns[t->count] = e->time_ns;
	t->count++;
}

static void events_put(struct pc_events *events, uint64_t time_ns)
{
	pc_events_add(events, &(struct pc_event){ .time_ns = time_ns, .cookie = time_ns });
}

/* A claim that waited since long before comes last: what came before it and happened later is not forgotten. */
static void old_claim_comes_last(void **state)
{
	struct pc_events *events = calloc(1, sizeof(*events));
	struct taken t = { 0 };

	(void)state;
	assert_non_null(events);
	events_put(events, 5000000000);
	events_put(events, 5000000002);
	events_put(events, 1000000000);
	pc_events_since(events, 5000000001, events_note, &t);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.times_ns[0], 5000000002);
	free(events);
}

/* A full ring gives all that it has, oldest first, and nothing from before. */
static void full_ring(void **state)
{
	struct pc_events *events = calloc(1, sizeof(*events));
	struct taken t = { 0 };

	(void)state;
	assert_non_null(events);
	for (uint64_t n = 1; n <= 3 * PC_EVENTS_MAX; n++)
		events_put(events, n);
	pc_events_since(events, 3 * PC_EVENTS_MAX - 3, events_note, &t);
	assert_int_equal(t.count, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(t.times_ns[i], 3 * PC_EVENTS_MAX - 2 + i);
	t.count = 0;
	pc_events_since(events, 0, events_note, &t);
	assert_int_equal(t.count, PC_EVENTS_MAX);
	free(events);
}

#define MANY 5000
#define PORTS 8
#define PROCESSES 6

/* Claims of few processes and ports; each is up to 100 ns older than the one before, or later. */
static struct pc_kept_event some_claim(uint64_t number)
{
	return (struct pc_kept_event){
		.time_ns = (number << 26) - (uint64_t)rand() % 100 * 10000000,
		.cookie = number,
		.process = { .start_ns = 7, .tgid = (uint32_t)rand() % PROCESSES },
		.tid = (uint32_t)number,
		.status = rand(),
		.port = (uint16_t)(rand() % 2 ? rand() % PORTS : 0),
		.how = (uint8_t)(number % 5),
		.unused = { 1, 2, 3 },
	};
}

struct expected {
	const struct pc_kept_event *next;
	const struct pc_kept_event *end;
	uint64_t time_ns;
};

static void expect_next(void *context, const struct pc_event *e)
{
	struct expected *x = context;

	while (x->next < x->end && x->next->time_ns <= x->time_ns)
		x->next++;
	assert_true(x->next < x->end);
	assert_int_equal(e->time_ns, x->next->time_ns);
	assert_int_equal(e->cookie, x->next->cookie);
	assert_int_equal(e->process.tgid, x->next->process.tgid);
	assert_int_equal(e->tid, x->next->tid);
	assert_int_equal(e->port, x->next->port);
	assert_int_equal(e->how, x->next->how);
	assert_int_equal(e->status, 0);
	assert_false(e->address_known);
	x->next++;
}

static void expect_since(const struct pc_events *events, const struct pc_kept_event *all,
			 uint64_t count, uint64_t time_ns)
{
	struct expected x = { all + (count > PC_EVENTS_MAX ? count - PC_EVENTS_MAX : 0),
			      all + count, time_ns };

	pc_events_since(events, time_ns, expect_next, &x);
	while (x.next < x.end)
		assert_true(x.next++->time_ns <= time_ns);
}

/* Has one gone that may matter? A port's time is known to 67 ms. */
static bool event_has_gone(const struct pc_kept_event *all, uint64_t count, uint32_t tgid,
			   uint16_t port, uint64_t time_ns)
{
	for (uint64_t i = 0; i + PC_EVENTS_MAX < count; i++)
		if ((all[i].process.tgid == tgid && all[i].time_ns > time_ns) ||
		    (port && all[i].port == port &&
		     PC_EVENTS_PORT_TIME(all[i].time_ns) >= PC_EVENTS_PORT_TIME(time_ns)))
			return true;
	return false;
}

/* Claims that come together are like claims that come one by one, and like those of a plain array. */
static void many_events_like_one(void **state)
{
	struct pc_events *one = calloc(1, sizeof(*one)), *other = calloc(1, sizeof(*other));
	static struct pc_kept_event all[MANY];
	uint64_t count = 0;

	(void)state;
	srand(7);
	while (count < MANY - 300) {
		uint64_t some = (uint64_t)rand() % 300, time_ns;
		struct pc_process_key process = { .start_ns = 7,
						  .tgid = (uint32_t)rand() % PROCESSES };
		uint16_t port = (uint16_t)(rand() % PORTS);

		for (uint64_t i = count; i < count + some; i++) {
			struct pc_event e;

			all[i] = some_claim(i + 100);
			pc_event_of_kept(&all[i], &e);
			pc_events_add(one, &e);
		}
		pc_events_add_claims(other, &all[count], some);
		count += some;
		time_ns = (count + 100 - (uint64_t)rand() % (count + 1)) << 26;
		expect_since(one, all, count, time_ns);
		expect_since(other, all, count, time_ns);
		assert_int_equal(pc_events_lost(one, &process, port, time_ns),
				 event_has_gone(all, count, process.tgid, port, time_ns));
		assert_int_equal(pc_events_lost(other, &process, port, time_ns),
				 event_has_gone(all, count, process.tgid, port, time_ns));
	}
	free(one);
	free(other);
}

/* The address of a claim stays with it, and not with the claim that takes its place. */
static void address_of_a_claim(void **state)
{
	struct pc_events *events = calloc(1, sizeof(*events));
	struct pc_endpoints ends = { .cookie = 5, .local = { 127, 0, 0, 1 } };
	struct pc_kept_event claims[] = { some_claim(4), some_claim(5), some_claim(6) };
	const struct pc_event *e;

	(void)state;
	pc_events_add_claims(events, claims, 3);
	e = pc_events_address(events, &ends);
	assert_non_null(e);
	assert_int_equal(e->cookie, 5);
	assert_true(e->address_known);
	assert_memory_equal(e->address, ends.local, sizeof(ends.local));
	for (uint64_t n = 7; n < 7 + PC_EVENTS_MAX; n++) {
		struct pc_kept_event c = some_claim(n);

		pc_events_add_claims(events, &c, 1);
	}
	expect_since(events, NULL, 0, UINT64_MAX);
	for (unsigned i = 0; i < PC_EVENTS_MAX; i++)
		assert_false(events->address_known[i]);
	assert_null(pc_events_address(events, &ends));
	free(events);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_claim_comes_last),
		cmocka_unit_test(full_ring),
		cmocka_unit_test(many_events_like_one),
		cmocka_unit_test(address_of_a_claim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
