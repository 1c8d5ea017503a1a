// SPDX-License-Identifier: GPL-2.0-only
/* The join on a fake kernel side and a fake host, which make races happen at will. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "theft.h"
static void test_theft(void **state)
{
	struct theft t = theft_after_start();
	const struct pc_holder *h;

	(void)state;
	theft_put(&t);
	fake_round(t.f);
	theft_assert(&t);
	h = theft_holder(t.f, 0);
	assert_int_equal(h->how, PC_HOW_CONNECT);
	assert_false(h->how_inferred);
	assert_int_equal(h->since_ns, t.claim.time_ns);
	assert_int_equal(h->owners_count, 1);
	assert_int_equal(h->owners[0].fd, 5);
	assert_true(h->claimer.running);
	assert_null(h->process_note);
	assert_null(t.f->verdicts[0].incomplete);
	fake_free(t.f);
}

static void test_older(void **state)
{
	struct theft t = theft_older();
	const struct pc_holder *h;

	(void)state;
	fake_put_process(t.f, t.server);
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	theft_assert(&t);
	h = theft_holder(t.f, 0);
	assert_true(h->older && h->how_inferred);
	assert_int_equal(h->since_ns, 0);
	assert_string_equal(
		h->process_note,
		"it had the socket open when portclash started; who made it is not known");
	assert_null(t.f->verdicts[0].incomplete);
	fake_free(t.f);
}

/* The refusal is read before the records of claim and claimer, which come while it is looked into. */
static struct theft *late;

static void send_late(struct fake *f, enum fake_op op)
{
	if (op != FAKE_READ_CLAIMS || f->calls[op] != 2)
		return;
	fake_put_process(f, late->thief);
	fake_put(f, &late->claim);
	fake_put_process(f, late->server);
}

static void test_late_records(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	late = &t;
	t.f->on_op = send_late;
	t.server->running = false;
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	theft_assert(&t);
	assert_false(t.f->verdicts[0].requester.running);
	assert_null(t.f->verdicts[0].incomplete);
	fake_free(t.f);
}

/* The holder is closed, and its process gone, between the refusal and the look at descriptors. */
static void holder_goes(struct fake *f, enum fake_op op)
{
	if (op != FAKE_OWNERS)
		return;
	f->owners_count = 0;
	f->processes[0].running = false;
}

static void test_holder_gone(void **state)
{
	struct theft t = theft_after_start();
	const struct pc_holder *h;

	(void)state;
	theft_put(&t);
	t.f->on_op = holder_goes;
	fake_round(t.f);
	theft_assert(&t);
	h = theft_holder(t.f, 0);
	assert_int_equal(h->owners_count, 0);
	assert_false(h->claimer.running);
	assert_string_equal(h->process_note, "has exited; nobody has the socket open any more");
	fake_free(t.f);
}

/* Another process has the thief's pid by now: the thief is named, and not the other one. */
static void test_pid_used_again(void **state)
{
	struct theft t = theft_after_start();
	const struct pc_holder *h;

	(void)state;
	theft_put(&t);
	t.thief->running = false;
	t.f->owners_count = 0;
	fake_process(t.f, 100, "innocent");
	fake_round(t.f);
	theft_assert(&t);
	h = theft_holder(t.f, 0);
	assert_false(h->claimer.running);
	assert_int_equal(h->claimer.who->key.start_ns, t.thief->key.start_ns);
	fake_free(t.f);
}

/* The kernel side's record of the server was lost, and the host knows the pid as another process. */
static void test_requester_replaced(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	fake_put_process(t.f, t.thief);
	fake_put(t.f, &t.claim);
	fake_put(t.f, &t.refusal);
	fake_process(t.f, 200, "innocent");
	fake_round(t.f);
	assert_int_equal(t.f->verdicts_count, 1);
	assert_null(t.f->verdicts[0].requester.who);
	assert_int_equal(t.f->verdicts[0].requester.key.tgid, 200);
	assert_string_equal(t.f->verdicts[0].requester.comm, "server");
	fake_free(t.f);
}

static void test_records_lost(void **state)
{
	struct theft t = theft_after_start();
	const struct pc_holder *h;

	(void)state;
	fake_put(t.f, &t.refusal);
	t.f->losses.lost[PC_STAT_CLAIMS_LOST] = 3;
	fake_round(t.f);
	h = theft_holder(t.f, 0);
	assert_true(h->older);
	theft_assert_process(&h->claimer, 100, "thief"); /* has it open */
	assert_string_equal(
		h->process_note,
		"it has the socket open; who made it is not known, because records were lost or could not be read");
	assert_string_equal(t.f->verdicts[0].incomplete,
			    "records were lost or could not be read, and the holder's claim may be among them");
	assert_int_equal(pc_join_counters(t.f->join)->lost[PC_STAT_CLAIMS_LOST], 3);
	fake_free(t.f);
}

/* The same without a loss: the claim was not seen, which is something else. */
static void test_claim_not_seen(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	assert_string_equal(theft_holder(t.f, 0)->process_note,
			    "it has the socket open; the claim of the port was not seen");
	assert_string_equal(t.f->verdicts[0].incomplete,
			    "the claim of the holder's port was not seen");
	fake_free(t.f);
}

/* Both refusals of one server's two attempts are told, with the same holder. */
static void test_two_refusals(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	theft_put(&t);
	t.refusal.time_ns++;
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	assert_int_equal(t.f->verdicts_count, 2);
	assert_int_equal(t.f->verdicts[1].time_ns, t.f->verdicts[0].time_ns + 1);
	theft_assert_process(&theft_holder(t.f, 1)->claimer, 100, "thief");
	assert_int_equal(t.f->calls[FAKE_OWNERS], 3); /* twice at the start, once for both */
	fake_free(t.f);
}

/* An MPTCP socket made the claim; a subflow with another cookie holds the port. */
static void test_mptcp(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.claim.cookie = 77;
	t.f->owners[0].socket.cookie = 77;
	t.f->owners[0].socket.flags |= PC_SOCKET_MPTCP;
	theft_put(&t);
	fake_round(t.f);
	theft_assert(&t);
	assert_int_equal(theft_holder(t.f, 0)->since_ns, t.claim.time_ns);
	fake_free(t.f);
}

static void test_time_wait_without_cookie(void **state)
{
	struct fake *f = fake_new(NULL);
	struct fake_process *server = fake_process(f, 200, "server");
	struct pc_refusal_record r = fake_refusal(server, 35000);
	struct pc_socket_record *s = fake_holder(&r, 0, PC_STATE_TIME_WAIT);
	uint32_t remote[4];

	(void)state;
	s->inode = 0;
	memcpy(remote, s->remote, sizeof(remote));
	f->alive[f->alive_count++] = pc_time_wait_key(s->netns, s->lport, s->rport, 0, remote);
	fake_start(f);
	fake_put(f, &r);
	fake_round(f);
	assert_int_equal(f->verdicts[0].cause, PC_CAUSE_TIME_WAIT);
	assert_true(theft_holder(f, 0)->older);
	fake_free(f);
}

/* A send by a socket that has its port already adds nothing; nor does the listen() of a bound one. */
static void test_claims_that_add_nothing(void **state)
{
	struct theft t = theft_after_start();
	struct pc_claim_record again = t.claim;

	(void)state;
	theft_put(&t);
	again.flags = PC_CLAIM_MAYBE_OLD;
	again.how = PC_HOW_AUTOBIND;
	again.process = t.server->key;
	fake_put(t.f, &again);
	fake_round(t.f);
	theft_assert(&t);
	assert_int_equal(pc_join_counters(t.f->join)->claims[PC_HOW_AUTOBIND], 0);
	fake_free(t.f);
}

/* A socket that listens has not got its port by the connect() that failed before. */
static void test_listen_after_connect(void **state)
{
	struct theft t = theft_after_start();
	struct pc_claim_record listens = fake_claim(t.thief, 1, 35000, PC_HOW_AUTOBIND);

	(void)state;
	listens.flags = PC_CLAIM_IF_NEW;
	t.refusal.holders[0].state = PC_STATE_LISTEN;
	fake_put_process(t.f, t.thief);
	fake_put(t.f, &t.claim);
	fake_put(t.f, &listens);
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	assert_int_equal(theft_holder(t.f, 0)->how, PC_HOW_AUTOBIND);
	fake_free(t.f);
}

static void test_bad_records(void **state)
{
	struct theft t = theft_after_start();
	struct pc_claim_record bad = t.claim;

	(void)state;
	bad.how = PC_HOW_COUNT;
	fake_put(t.f, &bad);
	theft_put(&t);
	fake_round(t.f);
	theft_assert(&t);
	assert_int_equal(pc_join_counters(t.f->join)->records_bad, 1);
	fake_free(t.f);
}

/* The reserved ports are those of the refusal's namespace. */
static void test_reserved(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.refusal.netns_key = 99;
	fake_put(t.f, &t.refusal);
	t.f->reserved_known = true;
	t.f->reserved[0] = 1 << 22;
	fake_round(t.f);
	assert_int_equal(t.f->reserved_key, 99);
	assert_int_equal(t.f->verdicts[0].settings.reserved[0], 1 << 22);
	t.f->reserved_known = false;
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	assert_null(t.f->verdicts[1].settings.reserved);
	assert_int_equal(t.f->calls[FAKE_RESERVED], 2);
	t.refusal.walk = 0; /* the settings are not known */
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	assert_int_equal(t.f->calls[FAKE_RESERVED], 2);
	fake_free(t.f);
}

/* Verdicts of one batch and namespace share one answer; a later batch asks again. */
static void test_reserved_once(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.f->reserved_known = true;
	for (int i = 0; i < 3; i++) {
		t.refusal.netns_key = i < 2 ? 99 : 98;
		fake_put(t.f, &t.refusal);
	}
	fake_round(t.f);
	assert_int_equal(t.f->verdicts_count, 3);
	assert_int_equal(t.f->calls[FAKE_RESERVED], 2);
	assert_int_equal(t.f->reserved_key, 98);
	t.f->reserved[0] = 1 << 22;
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	assert_int_equal(t.f->calls[FAKE_RESERVED], 3);
	assert_int_equal(t.f->verdicts[2].settings.reserved[0], 0);
	assert_int_equal(t.f->verdicts[3].settings.reserved[0], 1 << 22);
	fake_free(t.f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_theft),
		cmocka_unit_test(test_older),
		cmocka_unit_test(test_late_records),
		cmocka_unit_test(test_holder_gone),
		cmocka_unit_test(test_pid_used_again),
		cmocka_unit_test(test_requester_replaced),
		cmocka_unit_test(test_records_lost),
		cmocka_unit_test(test_claim_not_seen),
		cmocka_unit_test(test_two_refusals),
		cmocka_unit_test(test_mptcp),
		cmocka_unit_test(test_time_wait_without_cookie),
		cmocka_unit_test(test_claims_that_add_nothing),
		cmocka_unit_test(test_listen_after_connect),
		cmocka_unit_test(test_bad_records),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_reserved_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
