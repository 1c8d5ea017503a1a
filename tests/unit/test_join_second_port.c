// SPDX-License-Identifier: GPL-2.0-only
/* Sockets that give their port back and claim another one: the ledger has the claim of the port that they have now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "theft.h"

/* A socket whose claim was seen, or which is older, has another port at its next listen() or send. */
static void assert_another_port(struct theft *t, uint8_t flags, uint16_t before, bool adds)
{
	struct pc_claim_record again = fake_claim(t->thief, 1, 35000, PC_HOW_AUTOBIND);

	t->claim = fake_claim(t->thief, 1, before, PC_HOW_BIND_ZERO);
	fake_put_process(t->f, t->thief);
	fake_put(t->f, &t->claim);
	again.flags = flags;
	again.time_ns += 1000000000;
	fake_put(t->f, &again);
	fake_put(t->f, &t->refusal);
	fake_round(t->f);
	assert_int_equal(theft_holder(t->f, 0)->how, adds ? PC_HOW_AUTOBIND : PC_HOW_BIND_ZERO);
	assert_int_equal(theft_holder(t->f, 0)->since_ns, adds ? again.time_ns : t->claim.time_ns);
	assert_int_equal(pc_join_counters(t->f->join)->claims[PC_HOW_AUTOBIND], adds);
	fake_free(t->f);
}

static void test_second_port(void **state)
{
	static const uint8_t flags[] = { PC_CLAIM_IF_NEW, PC_CLAIM_MAYBE_OLD };

	(void)state;
	for (size_t i = 0; i < sizeof(flags); i++) {
		struct theft t = theft_after_start();

		assert_another_port(&t, flags[i], 34998, true);
		t = theft_after_start();
		assert_another_port(&t, flags[i], 35000, false);
		t = theft_after_start();
		assert_another_port(&t, flags[i], 0, false);
	}
}

/* The claim of the first port waited in a slot, and is read after that of the second one; the latter may be a
 * connect(), whose port is not known. A claim of the same port is the true one. */
static void assert_overtaken(uint16_t before, uint16_t next, bool stands)
{
	struct theft t = theft_after_start();
	struct pc_claim_record first = fake_claim(t.thief, 1, before, PC_HOW_BIND_ZERO);

	t.claim = fake_claim(t.thief, 1, next, next ? PC_HOW_AUTOBIND : PC_HOW_CONNECT);
	t.claim.flags = next ? PC_CLAIM_IF_NEW : PC_CLAIM_PORT_LATER;
	t.claim.time_ns = first.time_ns + 1000000000;
	fake_put_process(t.f, t.thief);
	fake_put(t.f, &t.claim);
	fake_put(t.f, &first);
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	assert_int_equal(theft_holder(t.f, 0)->how, stands ? t.claim.how : PC_HOW_BIND_ZERO);
	assert_int_equal(theft_holder(t.f, 0)->since_ns, stands ? t.claim.time_ns : first.time_ns);
	fake_free(t.f);
}

static void test_first_port_comes_late(void **state)
{
	(void)state;
	assert_overtaken(34998, 35000, true);
	assert_overtaken(34998, 0, true);
	assert_overtaken(35000, 35000, false);
}

/* The port of a claim that came without one is known after the next send: another one is a claim. */
static void test_second_port_after_connect(void **state)
{
	struct theft t = theft_after_start();
	struct pc_claim_record send = fake_claim(t.thief, 1, 34998, PC_HOW_AUTOBIND);

	(void)state;
	send.proto = t.claim.proto = PC_PROTO_UDP;
	t.claim.how = PC_HOW_AUTOBIND;
	send.flags = PC_CLAIM_MAYBE_OLD;
	fake_put_process(t.f, t.thief);
	fake_put(t.f, &t.claim);
	fake_put(t.f, &send);
	fake_round(t.f);
	assert_int_equal(pc_join_counters(t.f->join)->claims[PC_HOW_AUTOBIND], 1);
	send.port = 35000;
	fake_put(t.f, &send);
	fake_round(t.f);
	assert_int_equal(pc_join_counters(t.f->join)->claims[PC_HOW_AUTOBIND], 2);
	fake_free(t.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_second_port),
		cmocka_unit_test(test_first_port_comes_late),
		cmocka_unit_test(test_second_port_after_connect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
