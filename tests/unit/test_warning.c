// SPDX-License-Identifier: GPL-2.0-only
/* Early warnings: what they say and advise, and which listeners are missed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cases.h"
#include "core/memory/ended.h"
#include "core/base/ports.h"
#include "core/verdict/warning.h"

#define SECOND 1000000000ULL

static struct pc_netns_settings settings;

static int warning_set_up(void **state)
{
	(void)state;
	memset(&settings, 0, sizeof(settings));
	settings.known = true;
	settings.low = CASE_LOW;
	settings.high = CASE_HIGH;
	pc_ports_add(settings.reserved, 9000);
	return 0;
}

static struct pc_warning warning_of(uint8_t proto, enum pc_how how)
{
	return (struct pc_warning){
		.claim = { .time_ns = 100 * SECOND,
			   .netns = CASE_NETNS,
			   .port = CASE_PORT,
			   .how = how,
			   .proto = proto,
			   .family = PC_FAMILY_V4,
			   .claimer = case_party(case_thief()) },
		.listed = true,
		.settings = &settings,
		.monitor_netns = CASE_NETNS,
	};
}

static const struct pc_fix *warning_find_fix(const struct pc_warning *w, const char *command)
{
	for (unsigned i = 0; i < w->fixes_count; i++)
		if (w->fixes[i].command && !strcmp(w->fixes[i].command, command))
			return &w->fixes[i];
	return NULL;
}

static void warning_assert_says(const struct pc_warning *w, const char *words)
{
	if (!strstr(w->explanation, words))
		fail_msg("expected \"%s\" in \"%s\"", words, w->explanation);
}

static void test_the_kernels_choice_only(void **state)
{
	static const bool expected[PC_HOW_COUNT] = {
		[PC_HOW_CONNECT] = true,
		[PC_HOW_BIND_ZERO] = true,
		[PC_HOW_AUTOBIND] = true,
	};

	(void)state;
	for (unsigned how = 0; how < 256; how++)
		assert_int_equal(pc_warning_concerns((uint8_t)how),
				 how < PC_HOW_COUNT && expected[how]);
}

static void test_listed(void **state)
{
	struct pc_warning w = warning_of(PC_PROTO_TCP, PC_HOW_CONNECT);
	const struct pc_fix *reserve;

	(void)state;
	w.claim.claimer.running = true;
	assert_int_equal(pc_warning_advise(&w), 0);
	warning_assert_says(&w, "protected port 35000 was given by the kernel to ");
	warning_assert_says(&w, case_thief()->comm);
	warning_assert_says(
		&w, " at connect(), because 35000 is in the ephemeral range 32768\u201360999");
	reserve = warning_find_fix(&w, "portclash reserve 35000");
	assert_non_null(reserve);
	assert_string_equal(reserve->plain,
			    "sysctl -w net.ipv4.ip_local_reserved_ports=9000,35000");
	assert_int_equal(reserve->when, PC_LASTING);
	pc_warning_clear(&w);
	assert_null(w.explanation);
	assert_int_equal(w.fixes_count, 0);
}

/* A client that has ended cannot be stopped. */
static void warning_test_stop(void **state)
{
	struct pc_warning w = warning_of(PC_PROTO_TCP, PC_HOW_CONNECT);

	(void)state;
	w.claim.claimer.running = true;
	assert_int_equal(pc_warning_advise(&w), 0);
	assert_int_equal(w.fixes[0].when, PC_NOW);
	pc_warning_clear(&w);
	w.claim.claimer.running = false;
	assert_int_equal(pc_warning_advise(&w), 0);
	for (unsigned i = 0; i < w.fixes_count; i++)
		assert_int_equal(w.fixes[i].when, PC_LASTING);
	pc_warning_clear(&w);
}

static void test_each_way(void **state)
{
	static const struct {
		uint8_t proto;
		uint8_t how;
		const char *words;
	} ways[] = {
		{ PC_PROTO_TCP, PC_HOW_BIND_ZERO, "at a bind() to port 0" },
		{ PC_PROTO_TCP, PC_HOW_AUTOBIND, "at a listen() without a bind()" },
		{ PC_PROTO_UDP, PC_HOW_BIND_ZERO, "at a bind() to port 0" },
		{ PC_PROTO_UDP, PC_HOW_AUTOBIND, "at a send or connect() without a bind()" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct pc_warning w = warning_of(ways[i].proto, ways[i].how);

		assert_int_equal(pc_warning_advise(&w), 0);
		warning_assert_says(&w, ways[i].words);
		pc_warning_clear(&w);
	}
}

/* Reserved since then: nothing is to be reserved, and the sentence does not say it is not. */
static void test_reserved_meanwhile(void **state)
{
	struct pc_warning w = warning_of(PC_PROTO_TCP, PC_HOW_CONNECT);

	(void)state;
	pc_ports_add(settings.reserved, CASE_PORT);
	assert_int_equal(pc_warning_advise(&w), 0);
	warning_assert_says(&w, "is reserved now");
	for (unsigned i = 0; i < w.fixes_count; i++)
		assert_true(w.fixes[i].when == PC_NOW);
	pc_warning_clear(&w);
}

/* A whole list to type would undo what is reserved there; portclash adds to it. */
static void test_settings_not_known(void **state)
{
	struct pc_warning w = warning_of(PC_PROTO_UDP, PC_HOW_AUTOBIND);
	const struct pc_fix *reserve;

	(void)state;
	w.settings = NULL;
	assert_int_equal(pc_warning_advise(&w), 0);
	reserve = warning_find_fix(&w, "portclash reserve 35000");
	assert_non_null(reserve);
	assert_null(reserve->plain);
	pc_warning_clear(&w);
}

static void test_another_namespace(void **state)
{
	struct pc_warning w = warning_of(PC_PROTO_TCP, PC_HOW_CONNECT);
	const struct pc_fix *reserve;

	(void)state;
	w.monitor_netns = CASE_NETNS + 1;
	w.netns_pid = 77;
	w.claim.claimer.running = false;
	assert_int_equal(pc_warning_advise(&w), 0);
	reserve = warning_find_fix(&w, "portclash reserve 35000 --netns 4026531840");
	assert_non_null(reserve);
	assert_string_equal(
		reserve->plain,
		"nsenter -t 77 -n sysctl -w net.ipv4.ip_local_reserved_ports=9000,35000");
	pc_warning_clear(&w);
}

static void test_listener(void **state)
{
	struct pc_ended gone = { .ended_ns = 97 * SECOND, .party = case_party(case_server()) };
	struct pc_warning w = warning_of(PC_PROTO_TCP, PC_HOW_CONNECT);

	(void)state;
	w.listed = false;
	w.listener = &gone;
	assert_int_equal(pc_warning_advise(&w), 0);
	warning_assert_says(&w, "port 35000, on which ");
	warning_assert_says(&w, case_server()->comm);
	warning_assert_says(&w, "listened until 3 s before, was given by the kernel to ");
	pc_warning_clear(&w);
	gone.party.who = NULL;
	gone.ended_ns = 100 * SECOND - 5000000;
	assert_int_equal(pc_warning_advise(&w), 0);
	warning_assert_says(&w, "a process whose name was not seen listened until 5 ms before");
	pc_warning_clear(&w);
	/* The clocks of two CPUs. */
	gone.ended_ns = 100 * SECOND + 1;
	assert_int_equal(pc_warning_advise(&w), 0);
	warning_assert_says(&w, "until 0 ms before");
	pc_warning_clear(&w);
}

static void warning_put(struct pc_ended_table *table, uint16_t port, uint64_t ended_ns,
			int given_up)
{
	struct pc_ended gone = {
		.ended_ns = ended_ns,
		.port = port,
		.party = case_party(case_server()),
	};

	assert_int_equal(pc_ended_put(table, &gone), given_up);
}

static void test_gone_is_a_copy(void **state)
{
	struct pc_ended_table *table = pc_ended_new();
	const struct pc_family anybody = { 0 };
	const struct pc_ended *found;

	(void)state;
	warning_put(table, 8080, 5, 0);
	found = pc_ended_find(table, 8080);
	assert_non_null(found);
	assert_int_equal(found->ended_ns, 5);
	assert_ptr_not_equal(found->party.who, case_server());
	assert_string_equal(found->party.who->comm, case_server()->comm);
	assert_ptr_not_equal(found->party.who->exe, case_server()->exe);
	assert_string_equal(found->party.who->exe, case_server()->exe);
	assert_null(pc_ended_find(table, 8081));
	warning_put(table, 8080, 6, 0);
	assert_int_equal(pc_ended_find(table, 8080)->ended_ns, 6);
	assert_true(pc_ended_drop(table, 8080, &anybody));
	assert_false(pc_ended_drop(table, 8080, &anybody));
	assert_null(pc_ended_find(table, 8080));
	warning_put(table, 8080, 7, 0);
	pc_ended_free(table);
	pc_ended_free(NULL);
}

static void test_gone_is_bounded(void **state)
{
	struct pc_ended_table *table = pc_ended_new();

	(void)state;
	for (uint16_t i = 1; i <= PC_ENDED_MAX; i++)
		warning_put(table, i, i, 0);
	warning_put(table, 60000, 5000, 1);
	assert_null(pc_ended_find(table, 1));
	assert_non_null(pc_ended_find(table, 2));
	/* A listener that is there takes its own place. */
	warning_put(table, 2, 5001, 0);
	warning_put(table, 60001, 5002, 3);
	pc_ended_free(table);
}

/* A user's own listener is forgotten once that user has the port again, and another user's stays. */
static void test_bound_by_another_user(void **state)
{
	struct pc_ended_table *table = pc_ended_new();
	struct pc_ended gone = { .port = 8080 };
	struct pc_family others[2];

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		pc_family_of(1000 + i, NULL, &others[i]);
		gone.owner = others[i];
		assert_int_equal(pc_ended_put(table, &gone), 0);
	}
	assert_true(pc_ended_drop(table, 8080, &others[1]));
	assert_false(pc_ended_drop(table, 8080, &others[1]));
	assert_int_equal(pc_ended_find(table, 8080)->owner.users, 1000);
	pc_ended_free(table);
}

/* Root's hundreds of servers stay beside a user who has fewer. */
static void test_flood_beside_roots(void **state)
{
	struct pc_ended_table *table = pc_ended_new();
	struct pc_ended gone = { 0 };

	(void)state;
	for (uint16_t port = 1; port <= PC_ENDED_MAX - PC_ENDED_FAIR - 1; port++) {
		gone.port = port;
		assert_int_equal(pc_ended_put(table, &gone), 0);
	}
	pc_family_of(65534, NULL, &gone.owner);
	for (uint16_t port = 20000; port < 21000; port++) {
		gone.port = port;
		assert_true(pc_ended_put(table, &gone) >= 0);
	}
	for (uint16_t port = 1; port <= PC_ENDED_MAX - PC_ENDED_FAIR - 1; port++)
		assert_non_null(pc_ended_find(table, port));
	pc_ended_free(table);
}

static void test_gone_is_forgotten(void **state)
{
	struct pc_ended_table *table = pc_ended_new();

	(void)state;
	assert_int_equal(pc_ended_expire(table, UINT64_MAX), 0);
	warning_put(table, 10, SECOND, 0);
	warning_put(table, 11, 2 * SECOND, 0);
	assert_int_equal(pc_ended_expire(table, SECOND + PC_ENDED_KEEP_NS - 1), 0);
	assert_int_equal(pc_ended_expire(table, SECOND + PC_ENDED_KEEP_NS), 10);
	assert_int_equal(pc_ended_expire(table, SECOND + PC_ENDED_KEEP_NS), 0);
	assert_non_null(pc_ended_find(table, 11));
	pc_ended_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_kernels_choice_only),
		cmocka_unit_test_setup(test_listed, warning_set_up),
		cmocka_unit_test_setup(warning_test_stop, warning_set_up),
		cmocka_unit_test_setup(test_each_way, warning_set_up),
		cmocka_unit_test_setup(test_reserved_meanwhile, warning_set_up),
		cmocka_unit_test_setup(test_settings_not_known, warning_set_up),
		cmocka_unit_test_setup(test_another_namespace, warning_set_up),
		cmocka_unit_test_setup(test_listener, warning_set_up),
		cmocka_unit_test(test_gone_is_a_copy),
		cmocka_unit_test(test_gone_is_bounded),
		cmocka_unit_test(test_bound_by_another_user),
		cmocka_unit_test(test_flood_beside_roots),
		cmocka_unit_test(test_gone_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
