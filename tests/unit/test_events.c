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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_claim_comes_last),
		cmocka_unit_test(full_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
