// SPDX-License-Identifier: GPL-2.0-only
/* The kind of preemption is found by versions that distributions' kernels give themselves, and by modes as debugfs shows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bpf/preemption.h"

#define DYNAMIC "#1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1 (2025-05-22)"

static void by_the_version(void **state)
{
	(void)state;
	assert_false(pc_preemption_by("#1 SMP Debian 5.10.237-1 (2025-05-19)", NULL));
	assert_false(
		pc_preemption_by("#1 SMP Tue Feb 4 19:42:29 UTC 2020", "none voluntary (full)\n"));
	assert_true(
		pc_preemption_by("#1 SMP PREEMPT Tue Feb 4 19:42:29 UTC 2020", "(none) full\n"));
	assert_true(pc_preemption_by("#1 SMP PREEMPT_RT Debian 6.1.140-1 (2025-05-22)", NULL));
	assert_true(pc_preemption_by("#1 SMP PREEMPT_LAZY Debian 7.2.1-1", NULL));
}

static void by_the_mode(void **state)
{
	(void)state;
	assert_false(pc_preemption_by(DYNAMIC, "(none) voluntary full\n"));
	assert_false(pc_preemption_by(DYNAMIC, "none (voluntary) full\n"));
	assert_false(pc_preemption_by(DYNAMIC, "none (voluntary) full lazy\n"));
	assert_true(pc_preemption_by(DYNAMIC, "none voluntary (full)\n"));
	assert_true(pc_preemption_by(DYNAMIC, "none voluntary full (lazy)\n"));
	assert_true(pc_preemption_by(DYNAMIC, "full (lazy)\n"));
}

/* Nothing is assumed that cannot be read. */
static void without_a_mode(void **state)
{
	(void)state;
	assert_true(pc_preemption_by(DYNAMIC, NULL));
	assert_true(pc_preemption_by(DYNAMIC, ""));
	assert_true(pc_preemption_by(DYNAMIC, "none voluntary full\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_the_version),
		cmocka_unit_test(by_the_mode),
		cmocka_unit_test(without_a_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
