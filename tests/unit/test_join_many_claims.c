// SPDX-License-Identifier: GPL-2.0-only
/* More claims wait for their ends than are kept: the oldest are handed over without them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fake_side.h"

#define LIMIT 4096
#define KEPT (LIMIT / 4 * 3)

/* Counts the claims that were handed over, of cookies from 1 on. */
struct seen {
	unsigned times[2 * LIMIT];
	unsigned with_ends;
	unsigned count;
	uint64_t last; /* cookie */
	bool in_order;
};

static void see(void *context, const struct pc_claim *c)
{
	struct seen *seen = context;

	assert_in_range(c->cookie, 1, 2 * LIMIT - 1);
	seen->times[c->cookie]++;
	seen->with_ends += c->ends_known;
	seen->count++;
	seen->in_order &= c->cookie > seen->last;
	seen->last = c->cookie;
}

static struct fake *fake_that_sees(struct seen *seen)
{
	const struct pc_join_options options = { .with_claims = true };
	struct fake *f = fake_new(&options);

	*seen = (struct seen){ .in_order = true };
	f->output = (struct pc_join_output){ .context = seen, .claim = see };
	fake_start(f);
	fake_process(f, 100, "client");
	return f;
}

static void join_many_claims_put_claims(struct fake *f, uint64_t first, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct pc_claim_record c = fake_claim(&f->processes[0], first + i, 0, PC_HOW_BIND);

		fake_put(f, &c);
	}
	fake_round(f);
}

static void join_many_claims_put_ends(struct fake *f, uint64_t cookie)
{
	struct pc_endpoints_record e = fake_ends(cookie, 35000);

	fake_put(f, &e);
}

static void join_many_claims_test_limit(void **state)
{
	struct seen seen;
	struct fake *f = fake_that_sees(&seen);

	(void)state;
	join_many_claims_put_claims(f, 1, LIMIT);
	assert_int_equal(seen.count, 0);
	join_many_claims_put_claims(f, LIMIT + 1, 1);
	assert_int_equal(seen.count, LIMIT - KEPT);
	assert_true(seen.in_order);
	assert_int_equal(seen.last, LIMIT - KEPT);
	assert_int_equal(seen.with_ends, 0);
	join_many_claims_put_ends(f, LIMIT - KEPT + 1);
	join_many_claims_put_ends(f, LIMIT + 1);
	join_many_claims_put_ends(f, 1); /* too late */
	fake_round(f);
	assert_int_equal(seen.with_ends, 2);
	assert_int_equal(seen.count, LIMIT - KEPT + 2);
	fake_free(f);
}

/* Claims behind one that hangs were handed over: that is room enough. */
static void test_gaps(void **state)
{
	struct seen seen;
	struct fake *f = fake_that_sees(&seen);

	(void)state;
	join_many_claims_put_claims(f, 1, LIMIT);
	for (uint64_t cookie = 2; cookie < LIMIT; cookie += 2)
		join_many_claims_put_ends(f, cookie);
	fake_round(f);
	assert_int_equal(seen.count, LIMIT / 2 - 1);
	join_many_claims_put_claims(f, LIMIT + 1, 1);
	assert_int_equal(seen.count, LIMIT / 2 - 1);
	for (uint64_t cookie = 1; cookie <= LIMIT + 1; cookie++)
		join_many_claims_put_ends(f, cookie);
	fake_round(f);
	assert_int_equal(seen.count, LIMIT + 1);
	assert_int_equal(seen.with_ends, LIMIT + 1);
	for (uint64_t cookie = 1; cookie <= LIMIT + 1; cookie++)
		assert_int_equal(seen.times[cookie], 1);
	fake_free(f);
}

/* The ring goes round: all are told once, with their own ends. */
static void test_round_and_round(void **state)
{
	struct seen seen;
	struct fake *f = fake_that_sees(&seen);

	(void)state;
	for (uint64_t first = 1; first + 1000 < 2 * LIMIT; first += 1000) {
		join_many_claims_put_claims(f, first, 1000);
		for (uint64_t cookie = first; cookie < first + 1000; cookie++)
			join_many_claims_put_ends(f, cookie);
		fake_round(f);
	}
	assert_int_equal(seen.count, 8000);
	assert_int_equal(seen.with_ends, 8000);
	assert_true(seen.in_order);
	fake_free(f);
}

/* Claims that are due are looked up before any is given up. */
static void test_asks_first(void **state)
{
	struct seen seen;
	struct fake *f = fake_that_sees(&seen);

	(void)state;
	for (uint64_t cookie = 1; cookie <= LIMIT; cookie++) {
		struct pc_claim_record c = fake_claim(&f->processes[0], cookie, 0, PC_HOW_AUTOBIND);

		c.proto = PC_PROTO_UDP;
		fake_put(f, &c);
	}
	pc_join_read(f->join, f->now_ns);
	assert_int_equal(f->calls[FAKE_OWNERS], 2);
	join_many_claims_put_claims(f, LIMIT + 1, 1);
	assert_int_equal(f->calls[FAKE_OWNERS], 3);
	assert_int_equal(seen.count, LIMIT);
	fake_free(f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(join_many_claims_test_limit),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_round_and_round),
		cmocka_unit_test(test_asks_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
