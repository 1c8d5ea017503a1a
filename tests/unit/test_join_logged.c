// SPDX-License-Identifier: GPL-2.0-only
/* Claims that waited in the kernel side's log (bpf/claim_log.bpf.h) until their socket was closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "theft.h"

/* The thief's socket was closed after the refusal, before the claim and the refusal were read. */
static void test_join_logged_holder(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.claim.flags |= PC_CLAIM_ENDED;
	theft_put(&t);
	fake_round(t.f);
	theft_assert(&t);
	assert_null(t.f->verdicts[0].incomplete);
	fake_free(t.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join_logged_holder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
