// SPDX-License-Identifier: GPL-2.0-only
/* The model of top: what strangers can grow stays within its budget, and rows are sorted and filtered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "top_stage.h"

static struct pc_top_row *rows_of(const struct pc_top *top, enum pc_top_tab tab, unsigned *count)
{
	struct pc_top_row *rows = calloc(PC_TOP_ROWS_MAX, sizeof(*rows));

	assert_non_null(rows);
	*count = pc_top_table(tab)->fill(top, rows);
	assert_true(*count <= PC_TOP_ROWS_MAX);
	return rows;
}

static void events_within_budget(void **state)
{
	struct pc_top *top = topstage_top();
	const struct pc_top_events *e = &top->events;
	char name[16];

	(void)state;
	for (unsigned i = 0; i < PC_TOP_EVENTS_MAX + 40; i++) {
		snprintf(name, sizeof(name), "server%u", i);
		topstage_refusal(top, 8080, name, "thief");
	}
	assert_int_equal(e->count, PC_TOP_EVENTS_MAX);
	assert_int_equal(e->dropped, 40);
	assert_string_equal(pc_top_events_at(e, 0)->process, "server40[7]");
	assert_null(pc_top_events_find(e, 40));
	assert_string_equal(pc_top_events_find(e, 41)->process, "server40[7]");
	pc_top_free(top);
}

/* Few events with long texts: the bytes are what counts. */
static void events_of_many_bytes(void **state)
{
	const size_t len = PC_TOP_EVENTS_BYTES / 3;
	struct pc_top *top = topstage_top();
	char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	memset(text, 'a', len);
	for (int i = 0; i < 10; i++) {
		pc_top_note(top, text, len);
		assert_true(top->events.bytes <= PC_TOP_EVENTS_BYTES);
	}
	assert_int_equal(top->events.count, 3);
	assert_int_equal(top->events.dropped, 7);
	free(text);
	text = calloc(1, PC_TOP_EVENTS_BYTES + 1);
	assert_non_null(text);
	memset(text, 'b', PC_TOP_EVENTS_BYTES + 1);
	pc_top_note(top, text, PC_TOP_EVENTS_BYTES + 1);
	assert_int_equal(top->events.lost, 1);
	assert_int_equal(pc_top_table(PC_TAB_EVENTS)->dropped(top), 8);
	free(text);
	pc_top_free(top);
}

static void event_has_the_text_of_trace(void **state)
{
	struct pc_top *top = topstage_top();
	const struct pc_top_event *e;

	(void)state;
	topstage_refusal(top, 8080, "server", "thief");
	e = pc_top_events_at(&top->events, 0);
	assert_int_equal(e->kind, PC_TOP_REFUSED);
	assert_int_equal(e->port, 8080);
	assert_string_equal(e->holder, "thief[8]");
	assert_string_equal(e->cause, "ephemeral-client");
	assert_non_null(strstr(e->text, "refused: EADDRINUSE"));
	assert_non_null(strstr(e->text, "the kernel chose this port"));
	pc_top_free(top);
}

static void rates(void **state)
{
	struct pc_top *top = topstage_top();
	const struct pc_top_claimers *c = &top->claimers;

	(void)state;
	/* The second that was under way at the start does not count. */
	topstage_claim(top, 1, "early");
	topstage_seconds(top, 1);
	for (int i = 0; i < 30; i++)
		topstage_claim(top, 2, "busy");
	topstage_seconds(top, 1);
	assert_int_equal((int)pc_top_claimer_rate(c, &c->list[1]), 30);
	assert_int_equal(pc_top_claimer_now(c, &c->list[1]), 30);
	topstage_seconds(top, 2);
	assert_int_equal((int)pc_top_claimer_rate(c, &c->list[1]), 10);
	assert_int_equal(pc_top_claimer_now(c, &c->list[1]), 0);
	assert_int_equal((int)pc_top_claimers_rate(c), 10);
	topstage_seconds(top, 7);
	assert_int_equal((int)pc_top_claimer_rate(c, &c->list[1]), 3);
	topstage_seconds(top, 1);
	assert_true(pc_top_claimer_rate(c, &c->list[1]) == 0);
	assert_int_equal(c->list[1].total, 30);
	/* A machine that slept. */
	topstage_claim(top, 2, "busy");
	topstage_seconds(top, 100000);
	assert_true(pc_top_claimers_rate(c) == 0);
	pc_top_free(top);
}

/* A thousand processes with one port each, and a server that goes on. */
static void claimers_within_budget(void **state)
{
	struct pc_top *top = topstage_top();
	const struct pc_top_claimers *c = &top->claimers;
	bool found = false;

	(void)state;
	for (uint32_t pid = 100; pid < 1100; pid++) {
		struct pc_clock clock = top->clock;

		clock.now_ns++;
		pc_top_tick(top, &clock);
		topstage_claim(top, 1, "server");
		topstage_claim(top, pid, "flood");
	}
	assert_int_equal(c->count, PC_TOP_CLAIMERS_MAX);
	assert_int_equal(c->total, 2000);
	assert_int_equal(c->given_up, 1001 - PC_TOP_CLAIMERS_MAX);
	for (unsigned i = 0; i < c->count; i++)
		found = found || (c->list[i].key.tgid == 1 && c->list[i].total == 1000);
	assert_true(found);
	pc_top_free(top);
}

static void sorting(void **state)
{
	const struct pc_top_table *table = pc_top_table(PC_TAB_CLAIMS);
	struct pc_top *top = topstage_top();
	struct pc_top_row *rows;
	unsigned count;

	(void)state;
	for (int i = 0; i < 9; i++)
		topstage_claim(top, 3, "alpha");
	for (int i = 0; i < 10; i++)
		topstage_claim(top, 4, "beta");
	topstage_claim(top, 5, "gamma");
	rows = rows_of(top, PC_TAB_CLAIMS, &count);
	assert_int_equal(count, 3);
	/* Numbers sort as numbers: 10, 9, 1. */
	pc_top_rows_sort(table, rows, count, 4, false);
	assert_string_equal(rows[0].text[0], "beta[4]");
	assert_string_equal(rows[2].text[0], "gamma[5]");
	pc_top_rows_sort(table, rows, count, 4, true);
	assert_string_equal(rows[0].text[0], "gamma[5]");
	pc_top_rows_sort(table, rows, count, 0, false);
	assert_string_equal(rows[0].text[0], "alpha[3]");
	free(rows);
	pc_top_free(top);
}

static void filtering(void **state)
{
	const struct pc_top_table *table = pc_top_table(PC_TAB_EVENTS);
	struct pc_top *top = topstage_top();
	struct pc_top_row *rows;
	unsigned count;

	(void)state;
	topstage_refusal(top, 8080, "nginx", "curl");
	topstage_refusal(top, 9090, "apache", "wget");
	rows = rows_of(top, PC_TAB_EVENTS, &count);
	assert_int_equal(pc_top_rows_filter(table, rows, count, ""), 2);
	assert_int_equal(pc_top_rows_filter(table, rows, count, "NGIN"), 1);
	assert_int_equal(rows[0].port, 8080);
	free(rows);
	rows = rows_of(top, PC_TAB_EVENTS, &count);
	assert_int_equal(pc_top_rows_filter(table, rows, count, "wget"), 1);
	assert_int_equal(rows[0].port, 9090);
	assert_int_equal(pc_top_rows_filter(table, rows, 1, "%s[.*"), 0);
	free(rows);
	pc_top_free(top);
}

/* Each table stands whole on 80 columns, and uses all of a wider screen. */
static void widths(void **state)
{
	(void)state;
	for (int tab = 0; tab < PC_TAB_COUNT; tab++) {
		const struct pc_top_table *table = pc_top_table((enum pc_top_tab)tab);
		int list[PC_TOP_COLUMNS_MAX], sum;

		assert_true(table->columns_count <= PC_TOP_COLUMNS_MAX);
		for (int width = 80; width < 200; width++) {
			pc_top_widths(table, width, list);
			sum = (int)table->columns_count - 1;
			for (unsigned i = 0; i < table->columns_count; i++) {
				assert_true(list[i] >= (int)strlen(table->columns[i].title));
				sum += list[i];
			}
			assert_true(sum <= width);
			assert_true(width == 80 || sum == width);
		}
	}
}

static void percents(void **state)
{
	char out[16];

	(void)state;
	assert_string_equal(pc_top_percent(0, 100, out), "0 %");
	assert_string_equal(pc_top_percent(0, 0, out), "0 %");
	assert_string_equal(pc_top_percent(1, 28232, out), "< 0.1 %");
	assert_string_equal(pc_top_percent(437, 1000, out), "43.7 %");
	assert_string_equal(pc_top_percent(28231, 28232, out), "99.9 %");
	assert_string_equal(pc_top_percent(5, 5, out), "100 %");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_within_budget),
		cmocka_unit_test(events_of_many_bytes),
		cmocka_unit_test(event_has_the_text_of_trace),
		cmocka_unit_test(rates),
		cmocka_unit_test(claimers_within_budget),
		cmocka_unit_test(sorting),
		cmocka_unit_test(filtering),
		cmocka_unit_test(widths),
		cmocka_unit_test(percents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
