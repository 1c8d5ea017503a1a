// SPDX-License-Identifier: GPL-2.0-only
/* Listeners that ended and gave way to those of a flood: whose they are, and what is said of them later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/memory/ended.h"
#include "sentry.h"

#define HOUR 3600000000000ULL

/* The flooder's listeners end on so many ports, after the victim's. */
static void listeners_end(struct sentry *g, uint32_t victim, uint32_t flooder, uint16_t count)
{
	uint64_t cookie = 1000;

	g->server->uid = victim;
	fake_put_process(g->f, g->server);
	sentry_bind(g, 1, SENTRY_OTHER);
	sentry_end(g, 1, SENTRY_OTHER);
	fake_round(g->f);
	g->server = g->client;
	g->server->uid = flooder;
	fake_put_process(g->f, g->server);
	for (uint16_t i = 1; i <= count; i++, cookie++) {
		sentry_bind(g, cookie, SENTRY_OTHER + i);
		sentry_end(g, cookie, SENTRY_OTHER + i);
		fake_round(g->f);
	}
}

/* A user who ends thousands of listeners makes portclash forget its own, and nobody else's. */
static void test_flood_of_listeners(void **state)
{
	const uint16_t flood = 2 * PC_ENDED_MAX;
	struct sentry g = sentry_new(1);

	(void)state;
	listeners_end(&g, 33, 65534, flood);
	assert_true(sentry_is_marked(&g, SENTRY_OTHER));
	assert_false(sentry_is_marked(&g, SENTRY_OTHER + 1));
	assert_true(sentry_is_marked(&g, SENTRY_OTHER + flood));
	assert_int_equal(pc_join_counters(g.f->join)->listeners_forgotten,
			 flood + 1 - PC_ENDED_MAX);
	sentry_connect(&g, 1000000, SENTRY_OTHER);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	assert_int_equal(g.f->warnings[0].listener->party.who->uid, 33);
	fake_free(g.f);
}

/* The reason for which the verdict about this port is incomplete, after the kernel has given it to the client. */
static const char *forgotten_reason(struct sentry *g, uint64_t cookie, uint16_t port)
{
	unsigned i = g->f->verdicts_count;
	struct pc_refusal_record r;

	sentry_connect(g, cookie, port);
	r = fake_refusal(g->server, port);
	fake_holder(&r, cookie, PC_STATE_ESTABLISHED);
	fake_put(g->f, &r);
	fake_round(g->f);
	assert_int_equal(g->f->verdicts_count, i + 1);
	return g->f->verdicts[i].incomplete;
}

/* No warning comes for a listener that was forgotten: the verdict that follows says so, for two hours at most. */
static void test_forgotten_in_verdict(void **state)
{
	struct sentry g = sentry_new(1);
	const char *why;

	(void)state;
	listeners_end(&g, 33, 65534, PC_ENDED_MAX + 10);
	assert_false(sentry_is_marked(&g, SENTRY_OTHER + 1));
	why = forgotten_reason(&g, 1000000, SENTRY_OTHER + 1);
	assert_int_equal(g.f->warnings_count, 0);
	assert_non_null(why);
	assert_non_null(strstr(why, "was forgotten"));
	assert_null(forgotten_reason(&g, 1000001, SENTRY_OTHER + PC_ENDED_MAX));
	assert_null(forgotten_reason(&g, 1000002, SENTRY_OTHER + PC_ENDED_MAX + 11));
	g.f->now_ns += HOUR / 2;
	assert_non_null(forgotten_reason(&g, 1000003, SENTRY_OTHER + 2));
	g.f->now_ns += 3 * HOUR / 2;
	assert_null(forgotten_reason(&g, 1000004, SENTRY_OTHER + 2));
	fake_free(g.f);
}

/* Root's server is back on the port: what was forgotten matters no more. A stranger's is not enough. */
static void test_forgotten_until_back(void **state)
{
	struct sentry g = sentry_new(1);

	(void)state;
	listeners_end(&g, 33, 65534, PC_ENDED_MAX + 10);
	sentry_bind(&g, 2000000, SENTRY_OTHER + 1);
	assert_non_null(forgotten_reason(&g, 1000000, SENTRY_OTHER + 1));
	g.server->uid = 0;
	fake_put_process(g.f, g.server);
	sentry_bind(&g, 2000001, SENTRY_OTHER + 1);
	assert_null(forgotten_reason(&g, 1000001, SENTRY_OTHER + 1));
	fake_free(g.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flood_of_listeners),
		cmocka_unit_test(test_forgotten_in_verdict),
		cmocka_unit_test(test_forgotten_until_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
