// SPDX-License-Identifier: GPL-2.0-only
/* Claims that were left out because of the share of their user: whose verdicts suffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "theft.h"

/* The holder's claim is missing, and a user with this id has lost claims. */
static void assert_incomplete(uint32_t loser, const char *words, bool older)
{
	struct theft t = theft_after_start();

	pc_losers_add(&t.f->losses.over_share, loser, 1);
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	assert_int_equal(t.f->verdicts_count, 1);
	assert_non_null(t.f->verdicts[0].incomplete);
	if (!strstr(t.f->verdicts[0].incomplete, words))
		fail_msg("expected \"%s\" in \"%s\"", words, t.f->verdicts[0].incomplete);
	assert_int_equal(theft_holder(t.f, 0)->older, older);
	fake_free(t.f);
}

/* The holder's socket is root's. */
static void test_losses_of_its_user(void **state)
{
	(void)state;
	assert_incomplete(0, "records were lost", true);
}

static void test_losses_of_another_user(void **state)
{
	(void)state;
	assert_incomplete(65534, "was not seen", false);
}

/* A setuid program, or a process that was given the socket, made the claim: its own user lost it. */
static void test_losses_of_an_owner(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.thief->uid = 1000;
	fake_put_process(t.f, t.thief);
	pc_losers_add(&t.f->losses.over_share, 1000, 1);
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	assert_int_equal(theft_holder(t.f, 0)->owners_count, 1);
	assert_non_null(strstr(t.f->verdicts[0].incomplete, "records were lost"));
	fake_free(t.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_losses_of_its_user),
		cmocka_unit_test(test_losses_of_another_user),
		cmocka_unit_test(test_losses_of_an_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
