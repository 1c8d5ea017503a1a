// SPDX-License-Identifier: GPL-2.0-only
/* The sockets that were open before the join began: which are taken in, what is known of them, and what
 * may change that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/memory/ledger.h"
#include "theft.h"

static struct pc_socket_record socket_on(uint64_t cookie, uint16_t port)
{
	return (struct pc_socket_record){
		.cookie = cookie,
		.inode = 7000 + cookie,
		.netns = FAKE_NETNS,
		.lport = port,
		.family = PC_FAMILY_V4,
		.proto = PC_PROTO_TCP,
		.state = PC_STATE_LISTEN,
	};
}

/* Sockets of one process, some of which hold no port. */
static void test_taken_in(void **state)
{
	struct fake *f = fake_new(NULL);
	struct fake_process *p = fake_process(f, 100, "old");

	(void)state;
	for (uint64_t cookie = 1; cookie <= 10; cookie++) {
		struct pc_socket_record s = socket_on(cookie, cookie % 2 ? 8000 : 0);

		fake_open(f, p, &s, (int)cookie);
	}
	f->alive[f->alive_count++] = 3; /* has an owner */
	f->alive[f->alive_count++] = 77;
	f->alive[f->alive_count++] = 77;
	f->alive[f->alive_count++] = 0;
	fake_start(f);
	assert_int_equal(pc_join_sockets_before(f->join), 5 + 1);
	assert_int_equal(pc_join_counters(f->join)->ledger_claims, 6);
	assert_int_equal(f->calls[FAKE_IDENTITY], 1);
	assert_int_equal(f->calls[FAKE_OWNERS], 2);
	assert_int_equal(f->calls[FAKE_SWEEP], 2);
	fake_free(f);
}

/* The host does not know the process: the socket is older all the same. */
static void join_inventory_test_owner_unknown(void **state)
{
	struct theft t = theft_older();

	(void)state;
	fake_free(t.f);
	t.f = fake_new(NULL);
	t.thief = fake_process(t.f, 100, "thief");
	t.server = fake_process(t.f, 200, "server");
	t.thief->running = false;
	fake_open(t.f, t.thief, &t.refusal.holders[0], 5);
	fake_start(t.f);
	assert_int_equal(pc_join_sockets_before(t.f->join), 1);
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	assert_true(theft_holder(t.f, 0)->older);
	assert_null(theft_holder(t.f, 0)->claimer.who);
	fake_free(t.f);
}

/* The owner's process record has come before: the host is not asked. */
static void test_owner_recorded(void **state)
{
	struct theft t = theft_after_start();
	unsigned asked = t.f->calls[FAKE_IDENTITY];

	(void)state;
	t.thief->running = false;
	fake_put_process(t.f, t.thief);
	pc_join_read(t.f->join, t.f->now_ns);
	pc_join_inventory(t.f->join, t.f->now_ns, true);
	assert_int_equal(t.f->calls[FAKE_IDENTITY], asked);
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	assert_true(theft_holder(t.f, 0)->older);
	theft_assert_process(&theft_holder(t.f, 0)->claimer, 100, "thief");
	fake_free(t.f);
}

/* The pass over the descriptor tables fails: no inventory. */
static void test_fails(void **state)
{
	struct fake *f = fake_new(NULL);

	(void)state;
	f->owners_error = -12;
	assert_int_equal(pc_join_inventory(f->join, f->now_ns, false), -12);
	assert_int_equal(f->calls[FAKE_SWEEP], 0);
	fake_free(f);
}

/* Not everything can be seen at the start: any socket of which nothing is known may be older. */
static void assert_some_unseen(int owners_error, int sweep_error)
{
	struct theft t = theft_older();

	fake_free(t.f);
	t.f = fake_new(NULL);
	t.f->owners_error = owners_error;
	t.f->sweep_error = sweep_error;
	assert_int_equal(pc_join_inventory(t.f->join, t.f->now_ns, false), 0);
	t.f->owners_error = t.f->sweep_error = 0;
	assert_int_equal(pc_join_inventory(t.f->join, t.f->now_ns, true), 0);
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	assert_true(theft_holder(t.f, 0)->older);
	assert_non_null(strstr(t.f->verdicts[0].incomplete, "could not be read"));
	fake_free(t.f);
}

static void join_inventory_test_sweep_fails(void **state)
{
	(void)state;
	assert_some_unseen(0, -75);
}

/* The time was up before all descriptor tables were read. */
static void test_tables_take_long(void **state)
{
	(void)state;
	assert_some_unseen(-75, 0);
}

/* A claim that was seen between the two inventories stands. */
static void test_claim_between(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	fake_put_process(t.f, t.thief);
	fake_put(t.f, &t.claim);
	pc_join_read(t.f->join, t.f->now_ns);
	t.f->alive[t.f->alive_count++] = t.claim.cookie;
	pc_join_inventory(t.f->join, t.f->now_ns, true);
	fake_put_process(t.f, t.server);
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	theft_assert(&t);
	assert_false(theft_holder(t.f, 0)->older);
	assert_int_equal(theft_holder(t.f, 0)->since_ns, t.claim.time_ns);
	fake_free(t.f);
}

/* A send by a socket of the start: that of the first inventory had its port for certain. One that only
 * the second found can have claimed it in between. */
static void test_send_by_older(void **state)
{
	(void)state;
	for (int late = 0; late < 2; late++) {
		struct theft t = theft_after_start();

		pc_join_inventory(t.f->join, t.f->now_ns, late);
		t.claim.flags = PC_CLAIM_MAYBE_OLD;
		t.claim.how = PC_HOW_AUTOBIND;
		theft_put(&t);
		fake_round(t.f);
		assert_int_equal(theft_holder(t.f, 0)->older, !late);
		assert_int_equal(pc_join_counters(t.f->join)->claims[PC_HOW_AUTOBIND], late);
		fake_free(t.f);
	}
}

/* The listen() of a socket of the start, be it of the second inventory, is no claim; nor of one whose
 * claim was seen, unless it was a connect() that failed. */
static unsigned claims_at_listen(struct theft *t)
{
	struct pc_claim_record c = fake_claim(t->thief, 1, 35000, PC_HOW_AUTOBIND);

	c.flags = PC_CLAIM_IF_NEW;
	fake_put(t->f, &c);
	fake_round(t->f);
	return (unsigned)pc_join_counters(t->f->join)->claims[PC_HOW_AUTOBIND];
}

static void test_listen_by_older(void **state)
{
	struct theft t = theft_older();

	(void)state;
	assert_int_equal(claims_at_listen(&t), 0);
	fake_free(t.f);
	t = theft_after_start();
	pc_join_inventory(t.f->join, t.f->now_ns, true);
	assert_int_equal(claims_at_listen(&t), 0);
	fake_free(t.f);
	t = theft_after_start();
	t.f->owners[0].socket.lport = 34998; /* the port it had at the start */
	pc_join_inventory(t.f->join, t.f->now_ns, true);
	assert_int_equal(claims_at_listen(&t), 1);
	fake_free(t.f);
	t = theft_after_start();
	assert_int_equal(claims_at_listen(&t), 1);
	fake_free(t.f);
	t = theft_after_start();
	t.claim.how = PC_HOW_BIND;
	fake_put(t.f, &t.claim);
	assert_int_equal(claims_at_listen(&t), 0);
	fake_free(t.f);
}

/* Up to 5.11 a socket that is there already can get no cookie: one without is taken for older, and one
 * with a cookie is not. */
static void test_unnamed(void **state)
{
	(void)state;
	for (uint64_t cookie = 0; cookie < 2; cookie++) {
		struct fake *f = fake_new(NULL);
		struct fake_process *p = fake_process(f, 100, "old");
		struct pc_refusal_record r = fake_refusal(fake_process(f, 200, "server"), 8080);
		struct pc_socket_record s = socket_on(0, 22);

		fake_open(f, p, &s, 3);
		fake_start(f);
		assert_int_equal(pc_join_sockets_before(f->join), 0);
		fake_holder(&r, cookie, PC_STATE_LISTEN);
		fake_put(f, &r);
		fake_round(f);
		assert_int_equal(theft_holder(f, 0)->older, !cookie);
		fake_free(f);
	}
}

/* Connections of IPv6, of other ports and of other ends are other connections. */
static void test_time_wait(void **state)
{
	static const uint8_t remotes[3][PC_ADDR_LEN] = { { 192, 0, 2, 1 },
							 { 192, 0, 2, 2 },
							 { 0x20, 1, 0xd, 0xb8, [15] = 1 } };

	(void)state;
	for (int known = 0; known < 3; known++) {
		struct fake *f = fake_new(NULL);
		struct pc_refusal_record r = fake_refusal(fake_process(f, 200, "server"), 35000);
		uint32_t remote[4];

		memcpy(remote, remotes[known], sizeof(remote));
		f->alive[f->alive_count++] =
			pc_time_wait_key(FAKE_NETNS, 35000, 443, known == 2, remote);
		fake_start(f);
		for (int i = 0; i < 3; i++) {
			struct pc_socket_record *s = fake_holder(&r, 0, PC_STATE_TIME_WAIT);

			memcpy(s->remote, remotes[i], sizeof(s->remote));
			s->family = i == 2 ? PC_FAMILY_V6 : PC_FAMILY_V4;
		}
		fake_put(f, &r);
		fake_round(f);
		for (int i = 0; i < 3; i++)
			assert_int_equal(f->verdicts[0].holders[i].older, i == known);
		fake_free(f);
	}
}

/* Only a TIME_WAIT goes by its ends. */
static void test_no_time_wait(void **state)
{
	struct fake *f = fake_new(NULL);
	struct pc_refusal_record r = fake_refusal(fake_process(f, 200, "server"), 35000);
	struct pc_socket_record *s = fake_holder(&r, 0, PC_STATE_ESTABLISHED);
	uint32_t remote[4];

	(void)state;
	memcpy(remote, s->remote, sizeof(remote));
	f->alive[f->alive_count++] = pc_time_wait_key(FAKE_NETNS, 35000, 443, 0, remote);
	fake_start(f);
	fake_put(f, &r);
	fake_round(f);
	assert_false(theft_holder(f, 0)->older);
	fake_free(f);
}

/* More sockets than the ledger takes: those and later claims are counted, and that is a loss. */
static void test_ledger_full(void **state)
{
	struct theft t = theft_older();
	const struct pc_counters *c;

	(void)state;
	fake_free(t.f);
	t.f = fake_new(NULL);
	t.f->alive_more = PC_LEDGER_MAX + 2;
	assert_int_equal(pc_join_inventory(t.f->join, t.f->now_ns, false), 0);
	c = pc_join_counters(t.f->join);
	assert_int_equal(pc_join_sockets_before(t.f->join), PC_LEDGER_MAX);
	assert_int_equal(c->ledger_claims, PC_LEDGER_MAX);
	assert_int_equal(c->ledger_refused, 2);
	fake_put(t.f, &t.claim);
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	c = pc_join_counters(t.f->join);
	assert_int_equal(c->ledger_refused, 3);
	assert_non_null(strstr(t.f->verdicts[0].incomplete, "records were lost"));
	fake_free(t.f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken_in),
		cmocka_unit_test(join_inventory_test_owner_unknown),
		cmocka_unit_test(test_owner_recorded),
		cmocka_unit_test(test_fails),
		cmocka_unit_test(join_inventory_test_sweep_fails),
		cmocka_unit_test(test_tables_take_long),
		cmocka_unit_test(test_claim_between),
		cmocka_unit_test(test_send_by_older),
		cmocka_unit_test(test_listen_by_older),
		cmocka_unit_test(test_unnamed),
		cmocka_unit_test(test_time_wait),
		cmocka_unit_test(test_no_time_wait),
		cmocka_unit_test(test_ledger_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
