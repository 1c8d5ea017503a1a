// SPDX-License-Identifier: GPL-2.0-only
/* The view of top: keys, the selection, opened texts, and that nothing is done before the port was typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "top_stage.h"

struct screen {
	struct pc_top *top;
	struct pc_top_view view;
	struct pc_cells cells;
};

static void draw(struct screen *s)
{
	pc_top_view_draw(&s->view, s->top, &s->cells);
	topstage_assert_whole(&s->cells);
}

static void screen_open(struct screen *s, int rows, int columns)
{
	*s = (struct screen){ .top = topstage_top(), .cells = { .utf8 = true } };
	assert_int_equal(pc_top_view_init(&s->view), 0);
	assert_int_equal(pc_cells_resize(&s->cells, rows, columns), 0);
	draw(s);
}

static void screen_close(struct screen *s)
{
	pc_top_view_free(&s->view);
	pc_cells_free(&s->cells);
	pc_top_free(s->top);
}

static enum pc_top_wish press(struct screen *s, uint32_t key)
{
	enum pc_top_wish wish = pc_top_view_key(&s->view, s->top, key);

	draw(s);
	return wish;
}

static enum pc_top_wish type(struct screen *s, const char *text)
{
	enum pc_top_wish wish = PC_WISH_NOTHING;

	for (; *text; text++)
		wish = press(s, (uint32_t)*text);
	return wish;
}

static const struct pc_top_row *selected(const struct screen *s)
{
	return &s->view.rows[s->view.tabs[s->view.tab].selected];
}

static void tabs(void **state)
{
	static const char *const sentences[] = { "Nothing was refused", "No network namespace",
						 "No process",		"No client",
						 "No server",		"keeps no port" };
	struct screen s;

	(void)state;
	screen_open(&s, 24, 80);
	for (uint32_t i = 0; i < PC_TAB_COUNT; i++) {
		press(&s, '1' + i);
		assert_true(topstage_shows(&s.cells, sentences[i]));
	}
	press(&s, PC_KEY_RIGHT);
	assert_int_equal(s.view.tab, PC_TAB_EVENTS);
	press(&s, PC_KEY_LEFT);
	assert_int_equal(s.view.tab, PC_TAB_GUARDED);
	assert_int_equal(press(&s, 'q'), PC_WISH_QUIT);
	screen_close(&s);
}

static void selection_stays(void **state)
{
	struct screen s;

	(void)state;
	screen_open(&s, 24, 80);
	for (uint16_t port = 1; port <= 60; port++) {
		topstage_refusal(s.top, port, "server", "thief");
		topstage_seconds(s.top, 1);
	}
	draw(&s);
	/* The newest is on top, and stays selected while it is the topmost. */
	assert_int_equal(selected(&s)->port, 60);
	topstage_refusal(s.top, 61, "server", "thief");
	draw(&s);
	assert_int_equal(selected(&s)->port, 61);
	press(&s, PC_KEY_DOWN);
	topstage_seconds(s.top, 1);
	topstage_refusal(s.top, 62, "server", "thief");
	draw(&s);
	assert_int_equal(selected(&s)->port, 60);
	press(&s, PC_KEY_END);
	assert_int_equal(selected(&s)->port, 1);
	press(&s, PC_KEY_PAGE_UP);
	assert_int_equal(selected(&s)->port, 1 + s.view.page);
	press(&s, 'S');
	assert_int_equal(selected(&s)->port, 1 + s.view.page);
	press(&s, PC_KEY_HOME);
	assert_int_equal(selected(&s)->port, 1);
	/* The row gives way to newer ones: another one has its place. */
	for (int i = 0; i < PC_TOP_EVENTS_MAX; i++)
		topstage_refusal(s.top, 7777, "server", "thief");
	draw(&s);
	assert_int_equal(selected(&s)->port, 7777);
	assert_true(topstage_shows(&s.cells, "62 more had no room"));
	screen_close(&s);
}

static void filter(void **state)
{
	struct screen s;

	(void)state;
	screen_open(&s, 24, 80);
	topstage_refusal(s.top, 8080, "nginx", "curl");
	topstage_refusal(s.top, 9090, "quit", "wget");
	type(&s, "/qu");
	assert_int_equal(s.view.count, 1);
	assert_true(topstage_shows(&s.cells, "Filter: qu_"));
	assert_true(topstage_shows(&s.cells, "1 of 2 rows have \"qu\""));
	press(&s, PC_KEY_ENTER);
	assert_int_equal(selected(&s)->port, 9090);
	type(&s, "/zz");
	assert_true(topstage_shows(&s.cells, "No row has what the filter asks for"));
	for (int i = 0; i < 100; i++)
		type(&s, "x");
	for (int i = 0; i < 100; i++)
		press(&s, PC_KEY_BACKSPACE);
	assert_int_equal(s.view.count, 2);
	type(&s, "curl");
	press(&s, PC_KEY_ESCAPE);
	assert_int_equal(s.view.count, 2);
	assert_int_equal(s.view.mode, PC_TOP_LIST);
	screen_close(&s);
}

static void opened(void **state)
{
	struct screen s;

	(void)state;
	screen_open(&s, 24, 80);
	press(&s, PC_KEY_ENTER);
	assert_int_equal(s.view.mode, PC_TOP_LIST);
	topstage_refusal(s.top, 8080, "server", "thief");
	draw(&s);
	press(&s, PC_KEY_ENTER);
	assert_true(topstage_shows(&s.cells, "tcp bind 0.0.0.0:8080 refused: EADDRINUSE"));
	assert_true(topstage_shows(&s.cells, "the kernel chose this port"));
	/* The text stays open while others come, and when its event has given way. */
	for (int i = 0; i < PC_TOP_EVENTS_MAX; i++)
		topstage_refusal(s.top, 7777, "server", "thief");
	draw(&s);
	assert_true(topstage_shows(&s.cells, "0.0.0.0:8080"));
	press(&s, PC_KEY_ESCAPE);
	topstage_look(s.top, 7777, "nginx[9]");
	press(&s, '5');
	press(&s, PC_KEY_ENTER);
	assert_true(topstage_shows(&s.cells, "nginx[9]"));
	assert_true(topstage_shows(&s.cells, "25.0 %"));
	assert_true(topstage_shows(&s.cells, "The last event about this port"));
	press(&s, '1');
	assert_int_equal(s.view.mode, PC_TOP_LIST);
	assert_int_equal(s.view.tab, PC_TAB_EVENTS);
	press(&s, '?');
	assert_true(topstage_shows(&s.cells, "show a table"));
	press(&s, PC_KEY_END);
	assert_true(topstage_shows(&s.cells, "had no room"));
	press(&s, PC_KEY_HOME);
	assert_true(topstage_shows(&s.cells, "show a table"));
	screen_close(&s);
}

/* An outcome is on top: its refusal, with the evidence, is in the same text. */
static void outcome_with_its_refusal(void **state)
{
	struct screen s;

	(void)state;
	screen_open(&s, 24, 80);
	topstage_refusal(s.top, 8080, "server", "thief");
	topstage_refusal(s.top, 9090, "other", "thief");
	topstage_seconds(s.top, 1);
	topstage_outcome(s.top, 8080, "server");
	draw(&s);
	press(&s, PC_KEY_ENTER);
	assert_true(topstage_shows(&s.cells, "gave up"));
	assert_true(topstage_shows(&s.cells, "0.0.0.0:8080 refused"));
	assert_false(topstage_shows(&s.cells, "9090"));
	screen_close(&s);
}

static void act_needs_the_port(void **state)
{
	struct screen s;

	(void)state;
	screen_open(&s, 24, 80);
	assert_int_equal(press(&s, 'f'), PC_WISH_NOTHING);
	assert_true(topstage_shows(&s.cells, "has no local port"));
	topstage_refusal(s.top, 8080, "server", "thief");
	draw(&s);
	assert_int_equal(press(&s, 'f'), PC_WISH_START);
	assert_int_equal(s.view.act.port, 8080);
	assert_int_equal(s.view.act.netns, TOPSTAGE_NETNS);
	/* Before the command asks, no key can say yes: also not typed ahead. */
	assert_int_equal(type(&s, "8080y"), PC_WISH_NOTHING);
	assert_int_equal(press(&s, PC_KEY_ENTER), PC_WISH_NOTHING);
	pc_top_act_output(&s.view, "ends thief[8]\n", 14);
	pc_top_act_asks(&s.view);
	draw(&s);
	assert_true(topstage_shows(&s.cells, "ends thief[8]"));
	assert_true(topstage_shows(&s.cells, "Type 8080 and Enter to free port 8080"));
	assert_int_equal(press(&s, PC_KEY_ENTER), PC_WISH_NOTHING);
	assert_int_equal(type(&s, "yes"), PC_WISH_NOTHING);
	assert_int_equal(press(&s, PC_KEY_ENTER), PC_WISH_NOTHING);
	assert_int_equal(type(&s, "808"), PC_WISH_NOTHING);
	assert_int_equal(press(&s, PC_KEY_ENTER), PC_WISH_NOTHING);
	assert_true(topstage_shows(&s.cells, "\"808\" is not 8080: nothing was done"));
	type(&s, "80807");
	press(&s, PC_KEY_BACKSPACE);
	assert_int_equal(press(&s, PC_KEY_ENTER), PC_WISH_CONFIRM);
	/* Once: a second Enter says nothing. */
	assert_int_equal(press(&s, PC_KEY_ENTER), PC_WISH_NOTHING);
	pc_top_act_ended(&s.view, 0);
	assert_int_equal(press(&s, PC_KEY_ESCAPE), PC_WISH_LOOK);
	assert_int_equal(s.view.mode, PC_TOP_LIST);
	screen_close(&s);
}

static void act_is_left(void **state)
{
	struct screen s;

	(void)state;
	screen_open(&s, 24, 80);
	topstage_look(s.top, 8080, "nginx[9]");
	press(&s, '5');
	assert_int_equal(press(&s, 'r'), PC_WISH_START);
	assert_int_equal(s.view.act.kind, PC_ACT_RESERVE);
	/* Another port comes to the selection: what was begun is for the first. */
	topstage_look(s.top, 9090, "nginx[9]");
	draw(&s);
	pc_top_act_asks(&s.view);
	type(&s, "9090");
	assert_int_equal(press(&s, PC_KEY_ENTER), PC_WISH_NOTHING);
	assert_int_equal(press(&s, PC_KEY_ESCAPE), PC_WISH_CANCEL);
	assert_true(topstage_shows(&s.cells, "nothing was done"));
	screen_close(&s);
}

/* A port of a connect() is the destination's: nothing here can free it. */
static void act_only_on_local_ports(void **state)
{
	struct screen s;

	(void)state;
	screen_open(&s, 24, 80);
	topstage_claim(s.top, 1, "client");
	press(&s, '3');
	assert_int_equal(press(&s, 'f'), PC_WISH_NOTHING);
	assert_int_equal(press(&s, 'r'), PC_WISH_NOTHING);
	screen_close(&s);
}

static void hostile_names(void **state)
{
	static const char *const names[] = { "\x1b[2J\x1b]0;own\a", "日本語日本語日",
					     "e\u0301\u0301\u0301", "\xff\xfe\xc0\x80",
					     "\u202egnp.exe" };
	struct screen s;

	(void)state;
	screen_open(&s, 24, 80);
	for (unsigned i = 0; i < 5; i++) {
		topstage_refusal(s.top, (uint16_t)(8000 + i), names[i], names[i]);
		topstage_claim(s.top, i + 1, names[i]);
		topstage_look(s.top, 8080, "x");
	}
	for (uint32_t key = '1'; key <= '6'; key++)
		press(&s, key);
	press(&s, '1');
	for (unsigned i = 0; i < 5; i++) {
		press(&s, PC_KEY_ENTER);
		press(&s, PC_KEY_ESCAPE);
		press(&s, PC_KEY_DOWN);
	}
	assert_true(topstage_shows(&s.cells, "\\x1b[2J"));
	assert_true(topstage_shows(&s.cells, "\\xe2\\x80\\xae"));
	screen_close(&s);
}

static void any_size(void **state)
{
	struct screen s;

	(void)state;
	screen_open(&s, 1, 1);
	topstage_look(s.top, 8080, "日本語");
	for (int i = 0; i < 30; i++)
		topstage_refusal(s.top, 8080, "日本語", "thief");
	for (int rows = 1; rows < 45; rows += 3) {
		for (int columns = 1; columns < 140; columns += 7) {
			assert_int_equal(pc_cells_resize(&s.cells, rows, columns), 0);
			for (uint32_t key = '1'; key <= '6'; key++)
				press(&s, key);
			press(&s, '1');
			press(&s, PC_KEY_END);
			press(&s, PC_KEY_ENTER);
			press(&s, PC_KEY_END);
			press(&s, PC_KEY_ESCAPE);
			press(&s, PC_KEY_HOME);
		}
	}
	screen_close(&s);
}

/* Any keys, in any order: the screen stays whole, and no command acts that was not asked about. */
static void any_keys(void **state)
{
	static const uint32_t keys[] = { '8', '0', '/', 'x', 's', 'S', 'f', 'r', 'q', ' ' };
	struct screen s;
	unsigned seed = 3;

	(void)state;
	screen_open(&s, 24, 80);
	topstage_look(s.top, 8080, "nginx[9]");
	topstage_refusal(s.top, 8080, "server", "thief");
	for (int i = 0; i < 20000; i++) {
		unsigned n = (unsigned)rand_r(&seed);
		uint32_t key = n % 3 ? keys[n / 3 % 10] : PC_KEY_UP + n / 3 % 14;
		bool asked = s.view.mode == PC_TOP_ACT && s.view.act.phase == PC_ACT_ASKS;
		enum pc_top_wish wish = pc_top_view_key(&s.view, s.top, key);

		if (wish == PC_WISH_CONFIRM) {
			assert_true(asked && key == PC_KEY_ENTER);
			assert_string_equal(s.view.act.typed, "8080");
			pc_top_act_ended(&s.view, 0);
		} else if (wish == PC_WISH_START && n % 2) {
			pc_top_act_asks(&s.view);
		}
		pc_top_view_make(&s.view, s.top);
	}
	draw(&s);
	screen_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tabs),
		cmocka_unit_test(selection_stays),
		cmocka_unit_test(filter),
		cmocka_unit_test(opened),
		cmocka_unit_test(outcome_with_its_refusal),
		cmocka_unit_test(act_needs_the_port),
		cmocka_unit_test(act_is_left),
		cmocka_unit_test(act_only_on_local_ports),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(any_size),
		cmocka_unit_test(any_keys),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
