// SPDX-License-Identifier: GPL-2.0-only
/* Early warnings of the join about the ports of listeners that have ended: which are missed, and for
 * how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/ports.h"
#include "core/memory/ended.h"
#include "sentry.h"

#define SECOND 1000000000ULL
#define HOUR (3600 * SECOND)

/* A server listened there until now. */
static struct sentry after_listener(uint16_t port)
{
	struct sentry g = sentry_new(1);

	fake_put_process(g.f, g.server);
	sentry_bind(&g, 10, port);
	sentry_end(&g, 10, port);
	return g;
}

static void assert_missed(const struct pc_warning *w, uint16_t port, uint64_t ended_ns)
{
	assert_non_null(w->listener);
	assert_int_equal(w->listener->port, port);
	assert_int_equal(w->listener->family, PC_FAMILY_V4);
	assert_int_equal(w->listener->ended_ns, ended_ns);
	assert_memory_equal(w->listener->local, "\x7f\0\0\2", 4);
}

static void test_missed(void **state)
{
	struct sentry g = after_listener(SENTRY_OTHER);
	const struct pc_warning *w = &g.f->warnings[0];
	uint64_t ended_ns = g.f->now_ns;

	(void)state;
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 0);
	assert_true(sentry_is_marked(&g, SENTRY_OTHER));
	g.server->running = false;
	sentry_connect(&g, 1, SENTRY_OTHER);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	sentry_assert(&g, 0, SENTRY_OTHER, g.client);
	assert_false(w->listed);
	assert_missed(w, SENTRY_OTHER, ended_ns);
	assert_int_equal(w->listener->party.who->key.tgid, 200);
	assert_false(w->listener->party.running);
	assert_non_null(strstr(w->explanation, "port 40100, on which server[200] listened"));
	fake_free(g.f);
}

/* The server that has ended its listener runs on. */
static void test_server_runs(void **state)
{
	struct sentry g = after_listener(SENTRY_OTHER);

	(void)state;
	sentry_claim(&g, 1, SENTRY_OTHER);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	assert_true(g.f->warnings[0].listener->party.running);
	fake_free(g.f);
}

/* The listener's claim was not seen. */
static void test_server_not_seen(void **state)
{
	struct sentry g = sentry_new(1);

	(void)state;
	sentry_end(&g, 10, SENTRY_OTHER);
	sentry_connect(&g, 1, SENTRY_OTHER);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	assert_missed(&g.f->warnings[0], SENTRY_OTHER, g.f->now_ns - 100000000);
	assert_null(g.f->warnings[0].listener->party.who);
	assert_non_null(strstr(g.f->warnings[0].explanation, "whose name was not seen"));
	fake_free(g.f);
}

static void assert_not_missed(struct sentry *g, uint16_t port)
{
	fake_round(g->f);
	assert_false(sentry_is_marked(g, port));
	sentry_connect(g, 1, port);
	fake_round(g->f);
	assert_int_equal(g->f->warnings_count, 0);
	fake_free(g->f);
}

/* The kernel gives a port outside of the range to nobody, and none that is reserved. */
static void test_not_exposed(void **state)
{
	struct sentry g = after_listener(SENTRY_LOW - 1);

	(void)state;
	assert_not_missed(&g, SENTRY_LOW - 1);
	g = after_listener(SENTRY_HIGH + 1);
	assert_not_missed(&g, SENTRY_HIGH + 1);
	g = after_listener(SENTRY_OTHER);
	pc_ports_add(g.f->settings.reserved, SENTRY_OTHER);
	assert_not_missed(&g, SENTRY_OTHER);
}

static void test_settings_unknown(void **state)
{
	struct sentry g = after_listener(SENTRY_OTHER);

	(void)state;
	pc_ports_add(g.f->protected, SENTRY_OTHER); /* as a listener before it has left it */
	g.f->settings.known = false;
	assert_not_missed(&g, SENTRY_OTHER);
}

/* The port of a protected listener that is not exposed stays protected. */
static void test_listed_stays(void **state)
{
	struct sentry g = after_listener(SENTRY_LISTED);

	(void)state;
	pc_ports_add(g.f->settings.reserved, SENTRY_LISTED);
	fake_round(g.f);
	assert_true(sentry_is_marked(&g, SENTRY_LISTED));
	sentry_connect(&g, 1, SENTRY_LISTED);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	assert_null(g.f->warnings[0].listener);
	fake_free(g.f);
}

/* Both listed and missed: it is said that somebody listened there. */
static void test_listed_and_missed(void **state)
{
	struct sentry g = after_listener(SENTRY_LISTED);

	(void)state;
	sentry_connect(&g, 1, SENTRY_LISTED);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	assert_true(g.f->warnings[0].listed);
	assert_non_null(g.f->warnings[0].listener);
	fake_free(g.f);
}

static void test_bound_again(void **state)
{
	struct sentry g = after_listener(SENTRY_OTHER);

	(void)state;
	fake_round(g.f);
	sentry_bind(&g, 11, SENTRY_OTHER);
	assert_not_missed(&g, SENTRY_OTHER);
	g = after_listener(SENTRY_LISTED);
	fake_round(g.f);
	sentry_bind(&g, 11, SENTRY_LISTED);
	fake_round(g.f);
	assert_true(sentry_is_marked(&g, SENTRY_LISTED));
	fake_free(g.f);
}

/* A stranger who listens on the port for a moment, on whatever address, makes nobody forget root's listener. */
static void test_bound_by_stranger(void **state)
{
	struct sentry g = after_listener(SENTRY_OTHER);
	struct fake_process *server = g.server;

	(void)state;
	assert_int_equal(server->uid, 0);
	fake_round(g.f);
	g.client->uid = 65534;
	fake_put_process(g.f, g.client);
	g.server = g.client;
	sentry_bind(&g, 11, SENTRY_OTHER);
	fake_round(g.f);
	assert_true(sentry_is_marked(&g, SENTRY_OTHER));
	sentry_end(&g, 11, SENTRY_OTHER);
	fake_round(g.f);
	sentry_connect(&g, 1, SENTRY_OTHER);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	assert_int_equal(g.f->warnings[0].listener->party.who->key.tgid, server->key.tgid);
	/* With the server back, neither is missed. */
	g.server = server;
	sentry_bind(&g, 12, SENTRY_OTHER);
	fake_round(g.f);
	assert_false(sentry_is_marked(&g, SENTRY_OTHER));
	fake_free(g.f);
}

/* A bind() by UDP, in another namespace, or of another port: the listener is still missed. */
static void test_bound_elsewhere(void **state)
{
	struct sentry g = after_listener(SENTRY_OTHER);
	struct pc_claim_record c = fake_claim(g.server, 11, SENTRY_OTHER, PC_HOW_BIND);

	(void)state;
	fake_round(g.f);
	c.proto = PC_PROTO_UDP;
	fake_put(g.f, &c);
	c.proto = PC_PROTO_TCP;
	c.netns = FAKE_NETNS + 1;
	fake_put(g.f, &c);
	sentry_bind(&g, 12, SENTRY_OTHER + 1);
	fake_round(g.f);
	assert_true(sentry_is_marked(&g, SENTRY_OTHER));
	sentry_connect(&g, 1, SENTRY_OTHER);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	fake_free(g.f);
}

/* A TCP listener of portclash's own namespace is missed there, and by TCP. */
static void test_given_elsewhere(void **state)
{
	struct sentry g = after_listener(SENTRY_OTHER);
	struct pc_claim_record c = fake_claim(g.client, 1, SENTRY_OTHER, PC_HOW_AUTOBIND);

	(void)state;
	c.proto = PC_PROTO_UDP;
	fake_put(g.f, &c);
	c = fake_claim(g.client, 2, SENTRY_OTHER, PC_HOW_BIND_ZERO);
	c.netns = FAKE_NETNS + 1;
	fake_put(g.f, &c);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 0);
	fake_free(g.f);
}

/* An hour. */
static void test_expiry(void **state)
{
	struct sentry g = after_listener(SENTRY_OTHER);

	(void)state;
	fake_round(g.f);
	g.f->now_ns += HOUR - 100000000 - 1;
	sentry_connect(&g, 1, SENTRY_OTHER);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	assert_true(sentry_is_marked(&g, SENTRY_OTHER));
	fake_round(g.f);
	assert_false(sentry_is_marked(&g, SENTRY_OTHER));
	sentry_connect(&g, 2, SENTRY_OTHER);
	fake_round(g.f);
	assert_int_equal(g.f->warnings_count, 1);
	fake_free(g.f);
}

/* Several of them in one round. */
static void test_expiry_of_many(void **state)
{
	struct sentry g = sentry_new(1);

	(void)state;
	for (uint16_t i = 0; i < 8; i++)
		sentry_end(&g, 10 + i, SENTRY_OTHER + i);
	fake_round(g.f);
	g.f->now_ns += HOUR;
	fake_round(g.f);
	for (uint16_t i = 0; i < 8; i++)
		assert_false(sentry_is_marked(&g, SENTRY_OTHER + i));
	fake_free(g.f);
}

/* 512 are remembered: the one that ended first gives way, but stays protected if it is listed. */
static void test_too_many(void **state)
{
	struct sentry g = sentry_new(1);

	(void)state;
	sentry_end(&g, 1, SENTRY_LISTED);
	for (uint16_t i = 0; i < PC_ENDED_MAX; i++)
		sentry_end(&g, 10 + i, SENTRY_OTHER + i);
	fake_round(g.f);
	assert_true(sentry_is_marked(&g, SENTRY_LISTED));
	assert_true(sentry_is_marked(&g, SENTRY_OTHER));
	sentry_end(&g, 9, SENTRY_OTHER + PC_ENDED_MAX);
	fake_round(g.f);
	assert_false(sentry_is_marked(&g, SENTRY_OTHER));
	assert_true(sentry_is_marked(&g, SENTRY_OTHER + 1));
	assert_true(sentry_is_marked(&g, SENTRY_OTHER + PC_ENDED_MAX));
	fake_free(g.f);
}

/* A deployment ends hundreds at once: the settings are read once a second for them. */
static void test_settings_once_a_second(void **state)
{
	struct sentry g = sentry_new(1);

	(void)state;
	sentry_end(&g, 10, SENTRY_OTHER);
	sentry_end(&g, 11, SENTRY_OTHER + 1);
	fake_round(g.f);
	assert_int_equal(g.f->calls[FAKE_SETTINGS], 1);
	assert_int_equal(g.f->asked.inode, FAKE_NETNS);
	g.f->now_ns += SECOND - 100000000 - 1;
	sentry_end(&g, 12, SENTRY_OTHER + 2);
	fake_round(g.f);
	assert_int_equal(g.f->calls[FAKE_SETTINGS], 1);
	sentry_end(&g, 13, SENTRY_OTHER + 3);
	fake_round(g.f);
	assert_int_equal(g.f->calls[FAKE_SETTINGS], 2);
	fake_free(g.f);
}

/* A listener without a port is no listener that anybody misses. */
static void join_ended_test_no_port(void **state)
{
	struct sentry g = sentry_new(1);
	unsigned calls = g.f->calls[FAKE_PROTECT];

	(void)state;
	sentry_end(&g, 10, 0);
	fake_round(g.f);
	assert_int_equal(g.f->calls[FAKE_PROTECT], calls);
	fake_free(g.f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missed),
		cmocka_unit_test(test_server_runs),
		cmocka_unit_test(test_server_not_seen),
		cmocka_unit_test(test_not_exposed),
		cmocka_unit_test(test_settings_unknown),
		cmocka_unit_test(test_listed_stays),
		cmocka_unit_test(test_listed_and_missed),
		cmocka_unit_test(test_bound_again),
		cmocka_unit_test(test_bound_by_stranger),
		cmocka_unit_test(test_bound_elsewhere),
		cmocka_unit_test(test_given_elsewhere),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_expiry_of_many),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_settings_once_a_second),
		cmocka_unit_test(join_ended_test_no_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
