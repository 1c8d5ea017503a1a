// SPDX-License-Identifier: GPL-2.0-only
/* The join's notes about a holder's process, and about evidence that is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "theft.h"

static const struct pc_verdict *join_evidence_verdict_of(struct theft *t)
{
	fake_put(t->f, &t->refusal);
	fake_round(t->f);
	assert_int_equal(t->f->verdicts_count, 1);
	return &t->f->verdicts[0];
}

static void join_evidence_put_claim(struct theft *t)
{
	fake_put_process(t->f, t->thief);
	fake_put(t->f, &t->claim);
}

static void assert_missing(const struct pc_verdict *v, const char *words)
{
	assert_non_null(v->incomplete);
	if (!strstr(v->incomplete, words))
		fail_msg("expected \"%s\" in \"%s\"", words, v->incomplete);
}

/* Each kind of loss can have taken the holder's claim. */
static void lose_claims(struct fake *f)
{
	f->losses.lost[PC_STAT_CLAIMS_LOST] = 1;
}

static void lose_cookies(struct fake *f)
{
	f->losses.lost[PC_STAT_COOKIES_MISSING] = 1;
}

static void lose_runs(struct fake *f)
{
	f->losses.lost[PC_STAT_NOT_RUN] = 1;
}

static void lose_calls(struct fake *f)
{
	f->losses.lost[PC_STAT_CALLS_UNTRACKED] = 1;
}

static void lose_states(struct fake *f)
{
	f->losses.states_missed = 1;
}

static void test_losses(void **state)
{
	static void (*const losses[])(struct fake *) = { lose_claims, lose_cookies, lose_runs,
							 lose_calls, lose_states };

	(void)state;
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		struct theft t = theft_after_start();

		losses[i](t.f);
		assert_missing(join_evidence_verdict_of(&t), "records were lost");
		assert_true(theft_holder(t.f, 0)->older);
		assert_non_null(strstr(theft_holder(t.f, 0)->process_note, "were lost"));
		fake_free(t.f);
	}
}

/* The inventory found the holder before the hooks were there: no loss can have taken its claim. */
static void test_older_despite_losses(void **state)
{
	struct theft t = theft_older();

	(void)state;
	lose_claims(t.f);
	assert_null(join_evidence_verdict_of(&t)->incomplete);
	assert_true(theft_holder(t.f, 0)->older);
	assert_non_null(strstr(theft_holder(t.f, 0)->process_note, "when portclash started"));
	fake_free(t.f);
}

/* Only the sweep of the port table found it: nobody had it open then, and somebody has it now. */
static void test_swept_despite_losses(void **state)
{
	struct theft t = { .f = fake_new(NULL) };

	(void)state;
	t.f->alive[t.f->alive_count++] = 1;
	fake_start(t.f);
	t.thief = fake_process(t.f, 100, "thief");
	t.server = fake_process(t.f, 200, "server");
	t.refusal = fake_refusal(t.server, 35000);
	fake_open(t.f, t.thief, fake_holder(&t.refusal, 1, PC_STATE_ESTABLISHED), 5);
	lose_claims(t.f);
	assert_null(join_evidence_verdict_of(&t)->incomplete);
	assert_non_null(strstr(theft_holder(t.f, 0)->process_note, "when portclash started"));
	fake_free(t.f);
}

/* Other losses take no claim. */
static void test_other_losses(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.f->losses.lost[PC_STAT_PROCESSES_LOST] = 1;
	t.f->losses.lost[PC_STAT_ENDPOINTS_LOST] = 1;
	t.f->losses.lost[PC_STAT_REFUSALS_LOST] = 1;
	t.f->losses.lost[PC_STAT_ARGUMENTS_MISSING] = 1;
	assert_missing(join_evidence_verdict_of(&t), "the claim of the holder's port was not seen");
	assert_false(theft_holder(t.f, 0)->older);
	fake_free(t.f);
}

/* The loss is counted while the refusal is looked into. */
static void lose_now(struct fake *f, enum fake_op op)
{
	if (op == FAKE_READ_CLAIMS && f->calls[op] == 2)
		lose_claims(f);
}

static void test_loss_of_now(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.f->on_op = lose_now;
	assert_missing(join_evidence_verdict_of(&t), "records were lost");
	fake_free(t.f);
}

/* A claim that was seen is believed, whatever else was lost. */
static void test_claim_despite_losses(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	lose_claims(t.f);
	join_evidence_put_claim(&t);
	assert_null(join_evidence_verdict_of(&t)->incomplete);
	assert_false(theft_holder(t.f, 0)->older);
	assert_int_equal(theft_holder(t.f, 0)->how, PC_HOW_CONNECT);
	fake_free(t.f);
}

/* Nobody has the holder open, and nobody was seen to take it. */
static void test_nobody(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.f->owners_count = 0;
	join_evidence_verdict_of(&t);
	assert_null(theft_holder(t.f, 0)->claimer.who);
	assert_int_equal(theft_holder(t.f, 0)->claimer.fd, -1);
	assert_string_equal(theft_holder(t.f, 0)->process_note,
			    "the process that took the port was not seen");
	fake_free(t.f);
}

/* The socket itself says why. */
static void test_nobody_orphan(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.f->owners_count = 0;
	t.refusal.holders[0].flags = PC_SOCKET_ORPHAN | PC_SOCKET_DEAD;
	join_evidence_verdict_of(&t);
	assert_string_equal(theft_holder(t.f, 0)->process_note,
			    "its process has closed it; the kernel is ending the connection");
	fake_free(t.f);
}

static void test_has_exited(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	join_evidence_put_claim(&t);
	t.thief->running = false;
	t.f->owners_count = 0;
	join_evidence_verdict_of(&t);
	theft_assert_process(&theft_holder(t.f, 0)->claimer, 100, "thief");
	assert_string_equal(theft_holder(t.f, 0)->process_note,
			    "has exited; nobody has the socket open any more");
	fake_free(t.f);
}

static void test_passed_on(void **state)
{
	struct theft t = theft_after_start();
	struct fake_process *heir = fake_process(t.f, 101, "heir");

	(void)state;
	join_evidence_put_claim(&t);
	t.thief->running = false;
	t.f->owners_count = 0;
	fake_open(t.f, heir, &t.refusal.holders[0], 9);
	join_evidence_verdict_of(&t);
	theft_assert_process(&theft_holder(t.f, 0)->claimer, 100, "thief");
	theft_assert_process(&theft_holder(t.f, 0)->owners[0], 101, "heir");
	assert_string_equal(theft_holder(t.f, 0)->process_note,
			    "has exited; the socket is now open elsewhere");
	fake_free(t.f);
}

/* The kernel's own socket: whoever was current when it was made is not the one to speak to. */
static void test_kernel_socket(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	join_evidence_put_claim(&t);
	t.f->owners_count = 0;
	t.refusal.holders[0].flags = PC_SOCKET_NO_FILE;
	assert_null(join_evidence_verdict_of(&t)->incomplete);
	assert_non_null(strstr(theft_holder(t.f, 0)->process_note, "belongs to the kernel itself"));
	fake_free(t.f);
}

/* The same without a claim. */
static void test_kernel_socket_unseen(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.f->owners_count = 0;
	t.refusal.holders[0].flags = PC_SOCKET_NO_FILE;
	t.refusal.holders[0].state = PC_STATE_LISTEN;
	assert_int_equal(join_evidence_verdict_of(&t)->cause, PC_CAUSE_KERNEL_SOCKET);
	assert_null(t.f->verdicts[0].incomplete);
	fake_free(t.f);
}

/* A process has the socket open although it has no file of its own: no note. */
static void test_no_file_but_owner(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	join_evidence_put_claim(&t);
	t.refusal.holders[0].flags = PC_SOCKET_NO_FILE;
	join_evidence_verdict_of(&t);
	assert_null(theft_holder(t.f, 0)->process_note);
	fake_free(t.f);
}

/* A connection that was accepted on a port outside of the range; such a one makes no claim. */
static void make_accepted(struct pc_refusal_record *r)
{
	r->wanted_port = r->holders[0].lport = 8080;
	r->holders[0].fastreuse = r->holders[0].fastreuseport = 0;
}

static struct theft join_evidence_accepted(void)
{
	struct theft t = theft_after_start();

	make_accepted(&t.refusal);
	return t;
}

static void test_accepted(void **state)
{
	struct theft t = join_evidence_accepted();

	(void)state;
	join_evidence_verdict_of(&t);
	assert_int_equal(theft_holder(t.f, 0)->how, PC_HOW_ACCEPT);
	assert_string_equal(theft_holder(t.f, 0)->process_note,
			    "the process has accepted this connection");
	theft_assert_process(&theft_holder(t.f, 0)->claimer, 100, "thief");
	assert_null(t.f->verdicts[0].incomplete);
	assert_false(theft_holder(t.f, 0)->older);
	fake_free(t.f);
}

/* Losses leave in doubt how old it is. */
static void test_accepted_losses(void **state)
{
	struct theft t = join_evidence_accepted();

	(void)state;
	lose_claims(t.f);
	assert_missing(join_evidence_verdict_of(&t), "were lost");
	assert_true(theft_holder(t.f, 0)->older);
	fake_free(t.f);
}

/* A socket without a cookie may be younger than the sockets of the start that have none. */
static void test_accepted_unnamed(void **state)
{
	struct theft t = { .f = fake_new(NULL) };
	struct pc_socket_record unnamed = { .lport = 22, .family = PC_FAMILY_V4 };

	(void)state;
	t.thief = fake_process(t.f, 100, "thief");
	t.server = fake_process(t.f, 200, "server");
	fake_open(t.f, t.thief, &unnamed, 3);
	fake_start(t.f);
	t.f->owners_count = 0;
	t.refusal = fake_refusal(t.server, 35000);
	fake_open(t.f, t.thief, fake_holder(&t.refusal, 0, PC_STATE_ESTABLISHED), 5);
	make_accepted(&t.refusal);
	join_evidence_verdict_of(&t);
	assert_int_equal(theft_holder(t.f, 0)->how, PC_HOW_ACCEPT);
	assert_false(theft_holder(t.f, 0)->older);
	assert_null(t.f->verdicts[0].incomplete);
	fake_free(t.f);
}

static void test_walk(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	join_evidence_put_claim(&t);
	t.refusal.walk |= PC_WALK_TRUNCATED;
	assert_missing(join_evidence_verdict_of(&t),
		       "more sockets are on this port than could be looked at");
	fake_free(t.f);
	t = theft_after_start();
	t.refusal.walk |= PC_WALK_BY_ADDRESS;
	assert_missing(
		join_evidence_verdict_of(&t),
		"more than 4,096 UDP sockets are in the kernel's list for this port: only those on the wanted address and on all addresses were looked at");
	fake_free(t.f);
	t = theft_after_start();
	t.refusal.walk |= PC_WALK_TRUNCATED | PC_WALK_NO_TABLE;
	assert_missing(join_evidence_verdict_of(&t), "the kernel's port table was not found");
	fake_free(t.f);
}

/* The one holder became another socket while the kernel's table was read. */
static void test_holder_changed(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.refusal.holders[0].lport++;
	assert_missing(join_evidence_verdict_of(&t),
		       "a socket on this port was closed while it was looked at");
	assert_int_equal(t.f->verdicts[0].holders_changed, 1);
	fake_free(t.f);
	t = theft_after_start();
	join_evidence_put_claim(&t);
	*fake_holder(&t.refusal, 2, PC_STATE_LISTEN) = (struct pc_socket_record){ 0 };
	assert_null(join_evidence_verdict_of(&t)->incomplete);
	assert_int_equal(t.f->verdicts[0].holders_changed, 1);
	fake_free(t.f);
}

/* No holder is to blame, and none has changed: nothing is missing. */
static void test_no_holder(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.refusal = fake_refusal(t.server, 80);
	t.refusal.error = 13;
	assert_null(join_evidence_verdict_of(&t)->incomplete);
	assert_int_equal(t.f->verdicts[0].cause, PC_CAUSE_PRIVILEGED_PORT);
	fake_free(t.f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_older_despite_losses),
		cmocka_unit_test(test_swept_despite_losses),
		cmocka_unit_test(test_other_losses),
		cmocka_unit_test(test_loss_of_now),
		cmocka_unit_test(test_claim_despite_losses),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_nobody_orphan),
		cmocka_unit_test(test_has_exited),
		cmocka_unit_test(test_passed_on),
		cmocka_unit_test(test_kernel_socket),
		cmocka_unit_test(test_kernel_socket_unseen),
		cmocka_unit_test(test_no_file_but_owner),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_accepted_losses),
		cmocka_unit_test(test_accepted_unnamed),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_holder_changed),
		cmocka_unit_test(test_no_holder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
