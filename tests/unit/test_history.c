// SPDX-License-Identifier: GPL-2.0-only
/* A history: each refusal counted once, in the group in which a person would look for it, whatever is in
 * the log, and in memory that stays within its budget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"
#include "core/history/instant.h"
#include "history_stage.h"

static void test_repeats_count(void **state)
{
	struct pc_history *h = history_begin(&history_all);
	const struct pc_history_group *g;
	struct logline later = history_theft;
	char text[PC_INSTANT_TEXT];

	(void)state;
	history_take(h, logline_refusal(&history_theft));
	history_take(h, logline_repeat(&history_theft));
	later.count = 5;
	later.total = 9;
	later.pid = 701;
	later.time = "05:10:00";
	history_take(h, logline_repeat(&later));
	later.count = 0;
	history_take(h, logline_repeat(&later));
	g = history_only_group(h);
	assert_int_equal(g->refusals, 9);
	assert_int_equal(g->repeats, 8);
	assert_true(g->several_servers);
	assert_false(g->several_thieves);
	assert_string_equal(pc_instant_text(g->first_ns, text), "2026-11-30T05:02:25.000000Z");
	assert_string_equal(pc_instant_text(g->last_ns, text), "2026-11-30T05:10:00.000000Z");
	assert_true(pc_slice_is(&g->event.holder.process.unit, "backup.service"));
	assert_int_equal(pc_history_totals(h)->refusals, 9);
	pc_history_free(h);
}

/* The log begins with a repeat: its refusal was rotated away. */
static void test_a_repeat_needs_no_refusal(void **state)
{
	struct pc_history *h = history_begin(&history_all);

	(void)state;
	history_take(h, logline_repeat(&history_theft));
	assert_int_equal(history_only_group(h)->refusals, 3);
	history_take(h, logline_refusal(&(struct logline){ .id = "1796014945151348999-1",
							   .server = history_theft.server,
							   .server_unit = history_theft.server_unit,
							   .thief = history_theft.thief,
							   .thief_unit = history_theft.thief_unit,
							   .port = history_theft.port,
							   .uid = history_theft.uid }));
	assert_int_equal(history_only_group(h)->refusals, 4);
	pc_history_free(h);
}

static void test_a_log_read_twice_counts_once(void **state)
{
	struct pc_history *h = history_begin(&history_all);
	struct logline end = history_theft;

	(void)state;
	end.count = 0;
	for (int i = 0; i < 2; i++) {
		history_take(h, logline_refusal(&history_theft));
		history_take(h, logline_outcome(&end, "gave-up"));
		history_take(h, logline_repeat(&history_theft));
	}
	assert_int_equal(history_only_group(h)->refusals, 4);
	assert_int_equal(history_only_group(h)->outcomes[PC_OUTCOME_GAVE_UP], 1);
	assert_int_equal(pc_history_totals(h)->duplicates, 3);
	history_take_from(h, logline_refusal(&history_theft), "web2");
	assert_int_equal(history_count_groups(h), 2);
	pc_history_free(h);
}

/* Refusals of a hunt are in no line of their own: the outcome counts them, at no single port. */
static void test_hunts_count(void **state)
{
	struct pc_history *h = history_begin(&history_all);
	const struct pc_history_totals *t = pc_history_totals(h);
	struct logline hunt = { .id = "5-1", .thief = "curl", .port = 8888, .count = 40 };
	size_t count;
	const struct pc_history_group **list;

	(void)state;
	history_take(h, logline_refusal(&hunt));
	history_take(h, logline_outcome(&hunt, "took-another-port"));
	assert_true(t->refusals == 41 && t->folded == 40);
	list = pc_history_groups(h, &count);
	assert_int_equal(count, 2);
	assert_true(list[0]->several_ports && list[0]->folded == 40);
	assert_int_equal(list[1]->gained_port, 8931);
	free(list);
	pc_history_free(h);
}

static void test_floods_count(void **state)
{
	struct pc_history *h = history_begin(&history_all);
	const struct pc_history_totals *t = pc_history_totals(h);
	struct logline flood = { .port = 8080, .count = 1000 };

	(void)state;
	history_take(h, logline_merged(&flood, "port"));
	history_take(h, logline_merged(&flood, "user"));
	assert_true(t->refusals == 2000 && t->merged == 2000);
	assert_int_equal(history_count_groups(h), 2);
	flood.port = 65536 + 8080;
	history_take(h, logline_merged(&flood, "port"));
	assert_true(t->refusals == 2000 && t->types[PC_LOGGED_DAMAGED] == 1);
	pc_history_free(h);
}

/* A service is one server, whatever its arguments; two scripts in a shell are two. */
static void test_groups_as_a_person_would(void **state)
{
	struct pc_history *h = history_begin(&history_all);
	struct logline l = history_theft;

	(void)state;
	history_take_variant(h, 0, &l);
	l.cmdline = "orders --other";
	history_take_variant(h, 1, &l);
	assert_int_equal(history_count_groups(h), 1);
	l.thief_unit = "sync.service";
	history_take_variant(h, 2, &l);
	assert_int_equal(history_count_groups(h), 2);
	l.server_unit = "session-3.scope";
	history_take_variant(h, 3, &l);
	l.cmdline = "orders";
	history_take_variant(h, 4, &l);
	assert_int_equal(history_count_groups(h), 4);
	l.uid = 991;
	history_take_variant(h, 5, &l);
	l.port++;
	history_take_variant(h, 6, &l);
	l.cause = "listener";
	history_take_variant(h, 7, &l);
	assert_int_equal(history_count_groups(h), 7);
	pc_history_free(h);
}

static void test_the_busiest_port_comes_first(void **state)
{
	struct pc_history *h = history_begin(&history_all);
	const struct pc_history_group **list;
	struct pc_history_rank *ranks;
	struct logline l = history_theft;
	size_t count;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		history_take_variant(h, i, &l);
	l.port = 80;
	for (unsigned i = 3; i < 8; i++) {
		l.server_unit = i < 5 ? "a.service" : "b.service";
		history_take_variant(h, i, &l);
	}
	list = pc_history_groups(h, &count);
	assert_int_equal(count, 3);
	assert_int_equal(list[0]->event.requested.port, 80);
	assert_int_equal(list[0]->refusals, 3);
	assert_true(pc_history_same_port(list[0], list[1]));
	assert_false(pc_history_same_server(list[0], list[1]));
	assert_int_equal(list[2]->event.requested.port, 43409);
	ranks = pc_history_ranks(list, 3, PC_HISTORY_BY_PORT, &count);
	assert_int_equal(count, 2);
	assert_true(ranks[0].refusals == 5 && ranks[0].groups == 2);
	free(ranks);
	ranks = pc_history_ranks(list, 3, PC_HISTORY_BY_THIEF, &count);
	assert_int_equal(count, 1);
	assert_int_equal(ranks[0].refusals, 8);
	free(ranks);
	free(list);
	pc_history_free(h);
}

static uint64_t matches(const struct pc_history_filter *filter)
{
	struct pc_history *h = history_begin(filter);
	struct logline other = { .id = "77-1", .port = 53, .time = "06:00:00" };
	uint64_t refusals;

	history_take(h, logline_refusal(&history_theft));
	history_take(h, logline_repeat(&history_theft));
	history_take(h, logline_refusal(&other));
	refusals = pc_history_totals(h)->refusals;
	assert_int_equal(pc_history_totals(h)->outside, refusals == 5 ? 0 :
							refusals == 4 ? 1 :
							refusals == 0 ? 3 :
									2);
	pc_history_free(h);
	return refusals;
}

static uint64_t instant(const char *text)
{
	uint64_t ns = 0;

	assert_true(pc_instant_parse(text, strlen(text), &ns));
	return ns;
}

static void test_filters(void **state)
{
	uint64_t ports[PC_PORT_WORDS] = { 0 };

	(void)state;
	pc_ports_add(ports, 43409);
	assert_int_equal(matches(&history_all), 5);
	assert_int_equal(matches(&(struct pc_history_filter){ .ports = ports }), 4);
	assert_int_equal(matches(&(struct pc_history_filter){ .cause = "unknown" }), 1);
	assert_int_equal(matches(&(struct pc_history_filter){ .unit = "orders" }), 4);
	assert_int_equal(matches(&(struct pc_history_filter){ .unit = "backup.service" }), 4);
	assert_int_equal(matches(&(struct pc_history_filter){ .unit = "order" }), 0);
	assert_int_equal(matches(&(struct pc_history_filter){ .container = "web" }), 0);
	assert_int_equal(matches(&(struct pc_history_filter){ .netns = 1 }), 0);
	assert_int_equal(matches(&(struct pc_history_filter){ .netns = 4026531840 }), 5);
	assert_int_equal(
		matches(&(struct pc_history_filter){ .since_ns = instant("2026-11-30T05:02:35Z") }),
		4);
	assert_int_equal(
		matches(&(struct pc_history_filter){ .until_ns = instant("2026-11-30T05:02:25Z") }),
		1);
}

static void test_hosts(void **state)
{
	struct pc_history *h = history_begin(&history_all);
	char text[16384];

	(void)state;
	snprintf(text, sizeof(text), "{\"host\":\"web1\",\"event\":%s}",
		 logline_refusal(&history_theft));
	history_take(h, text);
	assert_true(pc_slice_is(&history_only_group(h)->event.host, "web1"));
	snprintf(text, sizeof(text), "{\"host\":\"web1\",\"event\":{\"event\":%s}}",
		 logline_refusal(&history_theft));
	history_take(h, text);
	assert_int_equal(pc_history_totals(h)->types[PC_LOGGED_FOREIGN], 1);
	pc_history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repeats_count),
		cmocka_unit_test(test_a_repeat_needs_no_refusal),
		cmocka_unit_test(test_a_log_read_twice_counts_once),
		cmocka_unit_test(test_hunts_count),
		cmocka_unit_test(test_floods_count),
		cmocka_unit_test(test_groups_as_a_person_would),
		cmocka_unit_test(test_the_busiest_port_comes_first),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
