// SPDX-License-Identifier: GPL-2.0-only
/* Early warnings: what they say and advise, and which listeners are missed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cases.h"
#include "core/gone.h"
#include "core/ports.h"
#include "core/warning.h"

#define SECOND 1000000000ULL

static struct pc_netns_settings settings;

static int set_up(void **state)
{
	(void)state;
	memset(&settings, 0, sizeof(settings));
	settings.known = true;
	settings.low = CASE_LOW;
	settings.high = CASE_HIGH;
	pc_ports_add(settings.reserved, 9000);
	return 0;
}

static struct pc_warning warning_of(uint8_t proto, uint8_t how)
{
	return (struct pc_warning){
		.claim = { .time_ns = 100 * SECOND,
			   .netns = CASE_NETNS,
			   .port = CASE_PORT,
			   .how = how,
			   .proto = proto,
			   .family = PC_FAMILY_V4 },
		.client = case_party(case_thief()),
		.listed = true,
		.settings = &settings,
		.monitor_netns = CASE_NETNS,
	};
}

static const struct pc_fix *find_fix(const struct pc_warning *w, const char *command)
{
	for (unsigned i = 0; i < w->fixes_count; i++)
		if (w->fixes[i].command && !strcmp(w->fixes[i].command, command))
			return &w->fixes[i];
	return NULL;
}

static void assert_says(const struct pc_warning *w, const char *words)
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
	w.client.running = true;
	assert_int_equal(pc_warning_advise(&w), 0);
	assert_says(&w, "protected port 35000 was given by the kernel to ");
	assert_says(&w, case_thief()->comm);
	assert_says(&w, " at connect(), because 35000 is in the ephemeral range "
			"32768\u201360999");
	reserve = find_fix(&w, "sysctl -w net.ipv4.ip_local_reserved_ports=9000,35000");
	assert_non_null(reserve);
	assert_int_equal(reserve->when, PC_LASTING);
	pc_warning_clear(&w);
	assert_null(w.explanation);
	assert_int_equal(w.fixes_count, 0);
}

/* A client that has ended cannot be stopped. */
static void test_stop(void **state)
{
	struct pc_warning w = warning_of(PC_PROTO_TCP, PC_HOW_CONNECT);

	(void)state;
	w.client.running = true;
	assert_int_equal(pc_warning_advise(&w), 0);
	assert_int_equal(w.fixes[0].when, PC_NOW);
	pc_warning_clear(&w);
	w.client.running = false;
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
		assert_says(&w, ways[i].words);
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
	assert_says(&w, "is reserved now");
	for (unsigned i = 0; i < w.fixes_count; i++)
		assert_true(w.fixes[i].when == PC_NOW);
	pc_warning_clear(&w);
}

/* A whole list to type would undo what is reserved there. */
static void test_settings_not_known(void **state)
{
	struct pc_warning w = warning_of(PC_PROTO_UDP, PC_HOW_AUTOBIND);
	const struct pc_fix *last;

	(void)state;
	w.settings = NULL;
	assert_int_equal(pc_warning_advise(&w), 0);
	last = &w.fixes[w.fixes_count - 1];
	assert_non_null(strstr(last->what, "add 35000 to net.ipv4.ip_local_reserved_ports"));
	assert_null(last->command);
	pc_warning_clear(&w);
}

static void test_another_namespace(void **state)
{
	struct pc_warning w = warning_of(PC_PROTO_TCP, PC_HOW_CONNECT);

	(void)state;
	w.monitor_netns = CASE_NETNS + 1;
	w.netns_pid = 77;
	w.client.running = false;
	assert_int_equal(pc_warning_advise(&w), 0);
	assert_non_null(find_fix(
		&w, "nsenter -t 77 -n sysctl -w net.ipv4.ip_local_reserved_ports=9000,35000"));
	pc_warning_clear(&w);
}

static void test_listener(void **state)
{
	struct pc_gone gone = { .gone_ns = 97 * SECOND, .party = case_party(case_server()) };
	struct pc_warning w = warning_of(PC_PROTO_TCP, PC_HOW_CONNECT);

	(void)state;
	w.listed = false;
	w.listener = &gone;
	assert_int_equal(pc_warning_advise(&w), 0);
	assert_says(&w, "port 35000, on which ");
	assert_says(&w, case_server()->comm);
	assert_says(&w, "listened until 3 s before, was given by the kernel to ");
	pc_warning_clear(&w);
	gone.party.who = NULL;
	gone.gone_ns = 100 * SECOND - 5000000;
	assert_int_equal(pc_warning_advise(&w), 0);
	assert_says(&w, "a process whose name was not seen listened until 5 ms before");
	pc_warning_clear(&w);
	/* The clocks of two CPUs. */
	gone.gone_ns = 100 * SECOND + 1;
	assert_int_equal(pc_warning_advise(&w), 0);
	assert_says(&w, "until 0 ms before");
	pc_warning_clear(&w);
}

static void put(struct pc_gone_table *table, uint16_t port, uint64_t gone_ns, int given_up)
{
	struct pc_gone gone = {
		.gone_ns = gone_ns,
		.port = port,
		.party = case_party(case_server()),
	};

	assert_int_equal(pc_gone_put(table, &gone), given_up);
}

static void test_gone_is_a_copy(void **state)
{
	struct pc_gone_table *table = pc_gone_new();
	const struct pc_gone *found;

	(void)state;
	put(table, 8080, 5, 0);
	found = pc_gone_find(table, 8080);
	assert_non_null(found);
	assert_int_equal(found->gone_ns, 5);
	assert_ptr_not_equal(found->party.who, case_server());
	assert_string_equal(found->party.who->comm, case_server()->comm);
	assert_ptr_not_equal(found->party.who->exe, case_server()->exe);
	assert_string_equal(found->party.who->exe, case_server()->exe);
	assert_null(pc_gone_find(table, 8081));
	put(table, 8080, 6, 0);
	assert_int_equal(pc_gone_find(table, 8080)->gone_ns, 6);
	assert_true(pc_gone_drop(table, 8080));
	assert_false(pc_gone_drop(table, 8080));
	assert_null(pc_gone_find(table, 8080));
	put(table, 8080, 7, 0);
	pc_gone_free(table);
	pc_gone_free(NULL);
}

static void test_gone_is_bounded(void **state)
{
	struct pc_gone_table *table = pc_gone_new();

	(void)state;
	for (uint16_t i = 1; i <= PC_GONE_MAX; i++)
		put(table, i, i, 0);
	put(table, 60000, 5000, 1);
	assert_null(pc_gone_find(table, 1));
	assert_non_null(pc_gone_find(table, 2));
	/* One that is there takes its own place. */
	put(table, 2, 5001, 0);
	put(table, 60001, 5002, 3);
	pc_gone_free(table);
}

static void test_gone_is_forgotten(void **state)
{
	struct pc_gone_table *table = pc_gone_new();

	(void)state;
	assert_int_equal(pc_gone_expire(table, UINT64_MAX), 0);
	put(table, 10, SECOND, 0);
	put(table, 11, 2 * SECOND, 0);
	assert_int_equal(pc_gone_expire(table, SECOND + PC_GONE_KEEP_NS - 1), 0);
	assert_int_equal(pc_gone_expire(table, SECOND + PC_GONE_KEEP_NS), 10);
	assert_int_equal(pc_gone_expire(table, SECOND + PC_GONE_KEEP_NS), 0);
	assert_non_null(pc_gone_find(table, 11));
	pc_gone_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_kernels_choice_only),
		cmocka_unit_test_setup(test_listed, set_up),
		cmocka_unit_test_setup(test_stop, set_up),
		cmocka_unit_test_setup(test_each_way, set_up),
		cmocka_unit_test_setup(test_reserved_meanwhile, set_up),
		cmocka_unit_test_setup(test_settings_not_known, set_up),
		cmocka_unit_test_setup(test_another_namespace, set_up),
		cmocka_unit_test_setup(test_listener, set_up),
		cmocka_unit_test(test_gone_is_a_copy),
		cmocka_unit_test(test_gone_is_bounded),
		cmocka_unit_test(test_gone_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
