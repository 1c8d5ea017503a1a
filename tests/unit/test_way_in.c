// SPDX-License-Identifier: GPL-2.0-only
/* The process that a command takes to get into another network namespace: none that is known to have left it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "cases.h"
#include "core/verdict/advice.h"
#include "core/verdict/decide.h"

static bool offers(struct pc_verdict *v, const char *words)
{
	bool found = false;

	pc_decide(v);
	assert_int_equal(pc_advise(v), 0);
	for (unsigned i = 0; i < v->fixes_count; i++)
		found |= v->fixes[i].plain && strstr(v->fixes[i].plain, words);
	pc_verdict_clear(v);
	return found;
}

/* A refusal by a client, in a namespace for which no look has found a process. */
static void begin_elsewhere(struct pc_verdict *v, uint64_t *none)
{
	case_refusal(v);
	case_client(v);
	v->settings.reserved = none;
	v->monitor_netns = 1;
}

static void refused_process_inside(void **state)
{
	uint64_t none[PC_PORT_WORDS] = { 0 };
	struct pc_verdict v;

	(void)state;
	begin_elsewhere(&v, none);
	assert_true(offers(&v, "nsenter -t 4312 -n sysctl"));
}

static void refused_process_has_left(void **state)
{
	uint64_t none[PC_PORT_WORDS] = { 0 };
	struct pc_verdict v;

	(void)state;
	begin_elsewhere(&v, none);
	v.request.in_netns = false;
	assert_true(offers(&v, "nsenter -t 4120 -n sysctl"));
	v.holders[0].claimer = v.requester; /* its own client keeps it from the port */
	assert_true(offers(&v, "nsenter -t PID_IN_THAT_NAMESPACE -n sysctl"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_process_inside),
		cmocka_unit_test(refused_process_has_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
