// SPDX-License-Identifier: GPL-2.0-only
/* How the join finds relations between the processes of a verdict: what the host is asked, when, and
 * what becomes of its answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "theft.h"

/* A process listens on a port that a server is refused. */
struct rivals {
	struct fake *f;
	struct fake_process *claimer;
	struct fake_process *server;
	struct pc_refusal_record refusal;
};

static struct rivals rivals_new(const char *server)
{
	struct rivals r = { .f = fake_new(NULL) };

	fake_start(r.f);
	r.claimer = fake_process(r.f, 100, "app");
	r.server = fake_process(r.f, 200, server);
	r.refusal = fake_refusal(r.server, 8080);
	fake_holder(&r.refusal, 1, PC_STATE_LISTEN);
	return r;
}

static void refuse(struct rivals *r)
{
	struct pc_claim_record c = fake_claim(r->claimer, 1, 8080, PC_HOW_BIND);

	fake_put_process(r->f, r->claimer);
	fake_put(r->f, &c);
	fake_put_process(r->f, r->server);
	fake_put(r->f, &r->refusal);
	fake_round(r->f);
	assert_int_equal(r->f->verdicts_count, 1);
	assert_int_equal(r->f->verdicts[0].primary, 0);
}

/* A child of the claimer has the socket open, which the claimer has closed. */
static struct rivals with_child(void)
{
	struct rivals r = rivals_new("server");
	struct fake_process *child = fake_process(r.f, 101, "app");

	r.claimer->running = false;
	fake_open(r.f, child, &r.refusal.holders[0], 3);
	return r;
}

static void test_daemon(void **state)
{
	struct rivals r = with_child();
	const struct pc_holder *h;

	(void)state;
	r.f->daemon = true;
	refuse(&r);
	h = theft_holder(r.f, 0);
	assert_true(h->owners[0].daemon);
	theft_assert_process(&h->owners[0], 101, "app");
	theft_assert_process(&h->claimer, 100, "app");
	assert_int_not_equal(r.f->verdicts[0].cause, PC_CAUSE_INHERITED_LISTENER);
	fake_free(r.f);
}

static void test_inherited(void **state)
{
	struct rivals r = with_child();

	(void)state;
	refuse(&r);
	assert_false(theft_holder(r.f, 0)->owners[0].daemon);
	assert_int_equal(r.f->verdicts[0].cause, PC_CAUSE_INHERITED_LISTENER);
	assert_int_equal(r.f->calls[FAKE_IS_DAEMON], 1);
	fake_free(r.f);
}

/* The claimer was seen to crash: then its child in a session of its own is no daemon. */
static void test_crashed(void **state)
{
	struct rivals r = with_child();
	struct pc_claim_record c = fake_claim(r.claimer, 1, 8080, PC_HOW_BIND);
	struct pc_end_record end = fake_end(r.claimer, r.f->now_ns, 9);

	(void)state;
	r.f->daemon = true;
	fake_put_process(r.f, r.claimer);
	fake_put(r.f, &c);
	fake_put(r.f, &end);
	fake_put_process(r.f, r.server);
	fake_put(r.f, &r.refusal);
	fake_round(r.f);
	assert_int_equal(r.f->verdicts_count, 1);
	assert_int_equal(theft_holder(r.f, 0)->claimer.who->status, 9);
	assert_int_equal(r.f->verdicts[0].cause, PC_CAUSE_INHERITED_LISTENER);
	assert_int_equal(r.f->calls[FAKE_PARENT], 0);
	fake_free(r.f);
}

/* Another process has the owner's pid when the host is asked: nothing is concluded from its session. */
static void replace_owner(struct fake *f, enum fake_op op)
{
	if (op == FAKE_IS_DAEMON)
		fake_process(f, 101, "innocent");
}

static void test_owner_replaced(void **state)
{
	struct rivals r = with_child();

	(void)state;
	r.f->on_op = replace_owner;
	refuse(&r);
	assert_true(theft_holder(r.f, 0)->owners[0].daemon);
	assert_int_not_equal(r.f->verdicts[0].cause, PC_CAUSE_INHERITED_LISTENER);
	fake_free(r.f);
}

/* All owners are asked about, each by itself. */
static void daemon_first(struct fake *f, enum fake_op op)
{
	if (op == FAKE_IS_DAEMON)
		f->daemon = f->calls[op] == 1;
}

static void test_each_owner(void **state)
{
	struct rivals r = with_child();
	struct fake_process *second = fake_process(r.f, 102, "app");
	const struct pc_holder *h;

	(void)state;
	fake_open(r.f, second, &r.refusal.holders[0], 4);
	r.f->on_op = daemon_first;
	r.f->parent = 77;
	refuse(&r);
	h = theft_holder(r.f, 0);
	assert_int_equal(h->owners_count, 2);
	assert_true(h->owners[0].daemon);
	assert_false(h->owners[1].daemon);
	assert_int_equal(h->owners[0].parent, 77);
	assert_int_equal(h->owners[1].parent, 77);
	fake_free(r.f);
}

/* A session tells nothing of an owner whose socket's claimer was not seen. */
static void test_claimer_unknown(void **state)
{
	struct rivals r = with_child();

	(void)state;
	fake_put(r.f, &r.refusal);
	fake_round(r.f);
	assert_int_equal(r.f->verdicts_count, 1);
	assert_int_equal(r.f->calls[FAKE_IS_DAEMON], 0);
	fake_free(r.f);
}

/* Nor where the owner had it open at the start. */
static void test_claimer_older(void **state)
{
	struct rivals r = with_child();

	(void)state;
	pc_join_inventory(r.f->join, r.f->now_ns, false);
	fake_put(r.f, &r.refusal);
	fake_round(r.f);
	assert_true(theft_holder(r.f, 0)->older);
	assert_int_equal(r.f->calls[FAKE_IS_DAEMON], 0);
	fake_free(r.f);
}

/* Nor what does not serve. */
static void test_no_server(void **state)
{
	struct rivals r = with_child();

	(void)state;
	r.refusal.holders[0].state = PC_STATE_CLOSE;
	r.f->owners[0].socket.state = PC_STATE_CLOSE;
	refuse(&r);
	assert_int_equal(r.f->calls[FAKE_IS_DAEMON], 0);
	assert_int_equal(r.f->calls[FAKE_IS_KIN], 0);
	assert_int_equal(r.f->calls[FAKE_IS_SAME], r.f->calls[FAKE_PLACE]);
	fake_free(r.f);
}

/* No more than 32 processes of one verdict are looked at; of the others nothing is concluded. */
static void test_too_many_places(void **state)
{
	struct rivals r = rivals_new("server");
	const struct pc_holder *last;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		if (i && i % 8 == 0)
			fake_holder(&r.refusal, 1 + i / 8, PC_STATE_LISTEN);
		fake_open(r.f, fake_process(r.f, 300 + i, "worker"), &r.refusal.holders[i / 8], 3);
	}
	refuse(&r);
	last = &r.f->verdicts[0].holders[4];
	assert_int_equal(last->owners_count, 8);
	assert_false(r.f->verdicts[0].holders[0].owners[7].place.unseen);
	assert_true(last->owners[7].place.unseen);
	assert_int_equal(r.f->calls[FAKE_PLACE], 32);
	fake_free(r.f);
}

static struct rivals twins(void)
{
	struct rivals r = rivals_new("app");

	fake_open(r.f, r.claimer, &r.refusal.holders[0], 3);
	return r;
}

/* "app -c a.conf" is another server in another directory. */
static void test_directories(void **state)
{
	static const char *const folders[] = { "/srv", NULL };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rivals r = rivals_new("app a.conf");

		r.claimer->comm = r.claimer->cmdline = "app a.conf";
		r.claimer->exe = r.server->exe = "app";
		fake_open(r.f, r.claimer, &r.refusal.holders[0], 3);
		r.f->folder = folders[i];
		refuse(&r);
		assert_int_equal(r.f->verdicts[0].cause,
				 i ? PC_CAUSE_LISTENER : PC_CAUSE_DUPLICATE_INSTANCE);
		fake_free(r.f);
	}
}

static void test_duplicate(void **state)
{
	struct rivals r = twins();

	(void)state;
	refuse(&r);
	assert_int_equal(r.f->verdicts[0].cause, PC_CAUSE_DUPLICATE_INSTANCE);
	assert_int_equal(r.f->calls[FAKE_IS_KIN], 1);
	fake_free(r.f);
}

/* Parent and child, or sisters: parts of one instance. */
static void test_kin(void **state)
{
	struct rivals r = twins();

	(void)state;
	r.f->kin = true;
	refuse(&r);
	assert_true(theft_holder(r.f, 0)->kin);
	assert_int_equal(r.f->verdicts[0].cause, PC_CAUSE_LISTENER);
	fake_free(r.f);
}

/* One process of the two has made way for another process: the host's word was not about it. */
static uint32_t replaced;

static void replace_one(struct fake *f, enum fake_op op)
{
	if (op == FAKE_IS_KIN)
		fake_process(f, replaced, "innocent");
}

static void test_kin_replaced(void **state)
{
	(void)state;
	for (replaced = 100; replaced <= 200; replaced += 100) {
		struct rivals r = twins();

		r.f->kin = true;
		r.f->on_op = replace_one;
		refuse(&r);
		assert_false(theft_holder(r.f, 0)->kin);
		fake_free(r.f);
	}
}

/* The owner counts, and not the claimer, which has gone and is the refused one's parent. */
static void test_kin_of_owner(void **state)
{
	struct rivals r = rivals_new("app");
	struct fake_process *other = fake_process(r.f, 101, "other");

	(void)state;
	fake_open(r.f, other, &r.refusal.holders[0], 3);
	r.f->kin = true;
	refuse(&r);
	assert_false(theft_holder(r.f, 0)->kin);
	assert_int_equal(r.f->calls[FAKE_IS_KIN], 0);
	fake_free(r.f);
}

/* The host is not asked about a process and itself, a program and another, or what is not known. */
static void test_not_asked(void **state)
{
	struct rivals r = rivals_new("other");

	(void)state;
	refuse(&r);
	assert_int_equal(r.f->calls[FAKE_IS_KIN], 0);
	fake_free(r.f);
	r = twins();
	r.refusal.process = r.claimer->key;
	r.refusal.tid = 100;
	refuse(&r);
	assert_int_equal(r.f->calls[FAKE_IS_KIN], 0);
	fake_free(r.f);
	r = twins();
	r.server->running = false;
	fake_put(r.f, &r.refusal);
	fake_round(r.f);
	assert_null(r.f->verdicts[0].requester.who);
	assert_int_equal(r.f->calls[FAKE_IS_KIN], 0);
	fake_free(r.f);
}

/* The second of two servers in the way is looked into, too. */
static void test_second_holder(void **state)
{
	struct rivals r = twins();
	struct pc_claim_record c = fake_claim(r.claimer, 2, 8080, PC_HOW_BIND);

	(void)state;
	fake_holder(&r.refusal, 2, PC_STATE_LISTEN);
	fake_put(r.f, &c);
	r.f->kin = true;
	refuse(&r);
	assert_true(r.f->verdicts[0].holders[0].kin && r.f->verdicts[0].holders[1].kin);
	fake_free(r.f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_daemon),
		cmocka_unit_test(test_inherited),
		cmocka_unit_test(test_crashed),
		cmocka_unit_test(test_owner_replaced),
		cmocka_unit_test(test_each_owner),
		cmocka_unit_test(test_claimer_unknown),
		cmocka_unit_test(test_claimer_older),
		cmocka_unit_test(test_no_server),
		cmocka_unit_test(test_too_many_places),
		cmocka_unit_test(test_directories),
		cmocka_unit_test(test_duplicate),
		cmocka_unit_test(test_kin),
		cmocka_unit_test(test_kin_replaced),
		cmocka_unit_test(test_kin_of_owner),
		cmocka_unit_test(test_not_asked),
		cmocka_unit_test(test_second_holder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
