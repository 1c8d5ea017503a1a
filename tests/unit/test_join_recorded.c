// SPDX-License-Identifier: GPL-2.0-only
/* Claims and ends for the flight recorder: all of them whatever the filter says, and without a look at the host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fake_side.h"

#define SECOND 1000000000ULL

static struct fake *recorded_new(bool with_claims)
{
	const struct pc_join_options options = { .recorded = true,
						 .with_claims = with_claims,
						 .filter = { .pid = 4711 } };
	struct fake *f = fake_new(&options);

	fake_start(f);
	return f;
}

static struct pc_claim_record recorded_claim_of(struct fake *f, const struct fake_process *p,
						uint64_t cookie, uint16_t port, enum pc_how how)
{
	struct pc_claim_record c = fake_claim(p, cookie, port, how);

	c.time_ns = f->now_ns;
	c.flags = how == PC_HOW_CONNECT ? PC_CLAIM_PORT_LATER : 0;
	if (how == PC_HOW_AUTOBIND)
		c.proto = PC_PROTO_UDP;
	return c;
}

static void every_claim_is_handed_over(void **state)
{
	struct fake *f = recorded_new(false);
	struct fake_process *p = fake_process(f, 100, "client");
	struct pc_claim_record c = recorded_claim_of(f, p, 1, 0, PC_HOW_CONNECT);
	struct pc_endpoints_record e = fake_ends(1, 35000), end = fake_ends(1, 35000);
	unsigned asked;

	(void)state;
	fake_put_process(f, p);
	fake_put(f, &c);
	fake_put(f, &e);
	asked = f->calls[FAKE_IS_RUNNING] + f->calls[FAKE_IDENTITY];
	fake_round(f);
	assert_int_equal(f->recorded_count, 1);
	assert_int_equal(f->recorded[0].ends.lport, 35000);
	assert_int_equal(f->recorded[0].claimer.who->key.tgid, 100);
	assert_string_equal(f->recorded[0].claimer.who->comm, "client");
	assert_int_equal(f->claims_count, 0);
	assert_int_equal(f->calls[FAKE_IS_RUNNING] + f->calls[FAKE_IDENTITY], asked);
	end.closed = PC_ENDPOINTS_ENDED;
	end.state = PC_STATE_FIN_WAIT2;
	fake_put(f, &end);
	fake_round(f);
	assert_int_equal(f->changed_cookie, 1);
	assert_int_equal(f->changed_state, PC_STATE_FIN_WAIT2);
	assert_int_equal(f->change, PC_ENDPOINTS_ENDED);
	end.cookie = 2;
	end.closed = PC_ENDPOINTS_LISTENS;
	end.state = PC_STATE_CLOSE;
	fake_put(f, &end);
	fake_round(f);
	assert_int_equal(f->changed_cookie, 2);
	assert_int_equal(f->change, PC_ENDPOINTS_LISTENS);
	end.closed = PC_ENDPOINTS_KEEPS_PORT;
	fake_put(f, &end);
	fake_round(f);
	assert_int_equal(f->change, PC_ENDPOINTS_KEEPS_PORT);
	assert_int_equal(f->recorded_count, 1);
	fake_free(f);
}

/* A look at all open files for each round would be anybody's to ask for: one UDP socket is enough. */
static void udp_sockets_are_looked_up_now_and_then(void **state)
{
	struct fake *f = recorded_new(false);
	struct fake_process *p = fake_process(f, 100, "client");
	struct pc_claim_record known = recorded_claim_of(f, p, 1, 5353, PC_HOW_AUTOBIND);
	struct pc_claim_record first = recorded_claim_of(f, p, 3, 0, PC_HOW_AUTOBIND);
	struct pc_claim_record later = recorded_claim_of(f, p, 2, 0, PC_HOW_AUTOBIND);
	unsigned before;

	(void)state;
	fake_put(f, &known);
	fake_put(f, &first);
	fake_round(f); /* nobody has looked before: at once */
	assert_int_equal(f->recorded_count, 2);
	assert_int_equal(f->recorded[0].port, 5353);
	fake_put(f, &later);
	before = f->calls[FAKE_OWNERS];
	for (unsigned i = 0; i < 40; i++)
		fake_round(f);
	assert_int_equal(f->calls[FAKE_OWNERS], before);
	assert_int_equal(f->recorded_count, 2);
	f->now_ns += 10 * SECOND;
	fake_round(f);
	assert_int_equal(f->calls[FAKE_OWNERS], before + 1);
	assert_int_equal(f->recorded_count, 3);
	assert_int_equal(f->recorded[2].port, 0);
	fake_free(f);
}

/* --claims and a recorder at once: the filter is that of --claims only. */
static void the_filter_is_for_lines(void **state)
{
	struct fake *f = recorded_new(true);
	struct fake_process *p = fake_process(f, 100, "client"), *q = fake_process(f, 4711, "web");
	struct pc_claim_record a = recorded_claim_of(f, p, 1, 80, PC_HOW_BIND);
	struct pc_claim_record b = recorded_claim_of(f, q, 2, 81, PC_HOW_BIND);
	struct pc_endpoints_record ends_a = fake_ends(1, 80), ends_b = fake_ends(2, 81);

	(void)state;
	fake_put(f, &a);
	fake_put(f, &b);
	fake_put(f, &ends_a);
	fake_put(f, &ends_b);
	fake_round(f);
	assert_int_equal(f->recorded_count, 2);
	assert_int_equal(f->claims_count, 1);
	assert_int_equal(f->claims[0].ends.lport, 81);
	fake_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_claim_is_handed_over),
		cmocka_unit_test(udp_sockets_are_looked_up_now_and_then),
		cmocka_unit_test(the_filter_is_for_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
