// SPDX-License-Identifier: GPL-2.0-only
/* Claims were lost: which later verdicts suffer, and how often the join looks at the open sockets again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "theft.h"

#define MINUTE_NS (60 * 1000000000ULL)

static void recovery_pass_time(struct theft *t, unsigned minutes)
{
	for (unsigned second = 0; second < minutes * 60; second++) {
		t->f->now_ns += 1000000000;
		fake_round(t->f);
	}
}

static void lose_one(struct theft *t)
{
	t->f->losses.lost[PC_STAT_CLAIMS_LOST]++;
}

static void lose_over_share(struct theft *t)
{
	pc_losers_add(&t->f->losses.over_share, 0, 1);
}

static void (*const recovery_losses[])(struct theft *) = { lose_one, lose_over_share };

static void assert_recovery_says(struct theft *t, const char *words)
{
	unsigned i = t->f->verdicts_count;

	fake_put(t->f, &t->refusal);
	fake_round(t->f);
	assert_int_equal(t->f->verdicts_count, i + 1);
	assert_non_null(t->f->verdicts[i].incomplete);
	if (!strstr(t->f->verdicts[i].incomplete, words))
		fail_msg("expected \"%s\" in \"%s\"", words, t->f->verdicts[i].incomplete);
}

/* The look after the loss found the socket: its claim can be the one that was lost, for ever. */
static void test_found_after_loss(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct theft t = theft_after_start();

		recovery_losses[i](&t);
		recovery_pass_time(&t, 1);
		assert_recovery_says(&t, "records were lost");
		theft_assert_process(&theft_holder(t.f, 0)->claimer, 100, "thief");
		assert_true(theft_holder(t.f, 0)->older);
		assert_int_equal(theft_holder(t.f, 0)->since_ns, 0);
		assert_non_null(strstr(theft_holder(t.f, 0)->process_note, "were lost"));
		assert_int_equal(pc_join_sockets_before(t.f->join), 0);
		fake_free(t.f);
	}
}

/* The socket was not there yet, and has its port by no claim that was lost. Another loss may be its claim. */
static void test_later_than_look(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct theft t = theft_after_start();

		t.f->owners_count = 0;
		recovery_losses[i](&t);
		assert_recovery_says(&t, "records were lost");
		recovery_pass_time(&t, 1);
		t.f->owners_count = 1;
		assert_recovery_says(&t, "was not seen");
		assert_false(theft_holder(t.f, 1)->older);
		recovery_losses[i](&t);
		assert_recovery_says(&t, "records were lost");
		fake_free(t.f);
	}
}

/* A claim is made before its socket has its port: a look that comes at once would not find it. */
static void test_looks_not_at_once(void **state)
{
	struct theft t = theft_after_start();
	unsigned looks = t.f->calls[FAKE_SWEEP];

	(void)state;
	t.f->now_ns += MINUTE_NS;
	lose_one(&t);
	fake_round(t.f);
	t.f->now_ns += 800000000;
	fake_round(t.f);
	assert_int_equal(t.f->calls[FAKE_SWEEP], looks);
	t.f->now_ns += 200000000;
	fake_round(t.f);
	assert_int_equal(t.f->calls[FAKE_SWEEP], looks + 1);
	fake_free(t.f);
}

/* A look that did not see all sockets tells nothing of those that it did not find. */
static void test_look_fails(void **state)
{
	for (int pass = 0; pass < 2; pass++) {
		struct theft t = theft_after_start();

		(void)state;
		t.f->owners_count = 0;
		*(pass ? &t.f->sweep_error : &t.f->owners_error) = -EOVERFLOW;
		lose_one(&t);
		recovery_pass_time(&t, 1);
		assert_recovery_says(&t, "records were lost");
		t.f->sweep_error = t.f->owners_error = 0;
		recovery_pass_time(&t, 1);
		assert_recovery_says(&t, "was not seen");
		fake_free(t.f);
	}
}

/* A claim that no program saw may be of a socket without a cookie: no look finds that. */
static void test_missed_claims_stay(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.f->owners_count = 0;
	t.f->losses.lost[PC_STAT_NOT_RUN] = 1;
	lose_one(&t);
	recovery_pass_time(&t, 1);
	assert_recovery_says(&t, "records were lost");
	fake_free(t.f);
}

/* The claim was not lost, but waited: it is read after the look. */
static void test_claim_after_look(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	lose_one(&t);
	recovery_pass_time(&t, 1);
	theft_put(&t);
	fake_round(t.f);
	theft_assert(&t);
	assert_null(t.f->verdicts[0].incomplete);
	assert_false(theft_holder(t.f, 0)->older);
	fake_free(t.f);
}

/* A user who has portclash lose claims all the time does not have it look all the time. */
static void test_losses_without_end(void **state)
{
	struct theft t = theft_after_start();
	unsigned looks = t.f->calls[FAKE_SWEEP], first;

	(void)state;
	for (unsigned second = 0; second < 3600; second++) {
		lose_one(&t);
		t.f->now_ns += 1000000000;
		fake_round(t.f);
	}
	first = t.f->calls[FAKE_SWEEP] - looks;
	assert_in_range(first, 5, 12);
	recovery_pass_time(&t, 30);
	assert_in_range(t.f->calls[FAKE_SWEEP] - looks - first, 1, 2);
	fake_free(t.f);
}

/* No loss, no look. */
static void test_nothing_lost(void **state)
{
	struct theft t = theft_after_start();
	unsigned looks = t.f->calls[FAKE_SWEEP];

	(void)state;
	recovery_pass_time(&t, 5);
	assert_int_equal(t.f->calls[FAKE_SWEEP], looks);
	fake_free(t.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_after_loss),   cmocka_unit_test(test_later_than_look),
		cmocka_unit_test(test_looks_not_at_once),  cmocka_unit_test(test_look_fails),
		cmocka_unit_test(test_missed_claims_stay), cmocka_unit_test(test_claim_after_look),
		cmocka_unit_test(test_losses_without_end), cmocka_unit_test(test_nothing_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
