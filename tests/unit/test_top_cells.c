// SPDX-License-Identifier: GPL-2.0-only
/* The screen of top: whatever text is put into it, each cell has a character that can be shown, and no text
 * leaves its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "top_stage.h"

static struct pc_cells blank(int rows, int columns, bool utf8)
{
	struct pc_cells cells = { .utf8 = utf8 };

	assert_int_equal(pc_cells_resize(&cells, rows, columns), 0);
	return cells;
}

static void assert_row(struct pc_cells *cells, const char *text, int end, const char *want)
{
	char *have;

	pc_cells_clear(cells);
	pc_cells_string(cells, 0, 0, end, PC_STYLE_PLAIN, text);
	topstage_assert_whole(cells);
	have = pc_cells_row(cells, 0);
	assert_string_equal(have, want);
	free(have);
}

static void characters(void **state)
{
	struct pc_cells cells = blank(1, 10, true);

	(void)state;
	assert_row(&cells, "nginx", 10, "nginx");
	assert_row(&cells, "nginx", 3, "ngi");
	assert_row(&cells, "\x1b[31m\n\x7f", 10, "?[31m??");
	assert_row(&cells, "a\xff\xc3z", 10, "a??z");
	/* C1 controls, which some terminals obey. */
	assert_row(&cells, "a\xc2\x9b[31mb", 10, "a?[31mb");
	assert_row(&cells, "a→b…", 10, "a→b…");
	pc_cells_free(&cells);
}

static void wide(void **state)
{
	struct pc_cells cells = blank(1, 5, true);

	(void)state;
	assert_row(&cells, "日本語", 5, "日本");
	assert_row(&cells, "日本", 3, "日");
	assert_row(&cells, "a日本", 5, "a日本");
	/* Text over a half of one takes the other half away. */
	pc_cells_string(&cells, 0, 2, 5, PC_STYLE_PLAIN, "x");
	assert_int_equal(cells.list[1].code, ' ');
	assert_int_equal(cells.list[2].code, 'x');
	topstage_assert_whole(&cells);
	pc_cells_string(&cells, 0, 3, 4, PC_STYLE_PLAIN, "y");
	topstage_assert_whole(&cells);
	pc_cells_free(&cells);
}

static void combining(void **state)
{
	struct pc_cells cells = blank(1, 4, true);

	(void)state;
	assert_row(&cells, "e\u0301x", 4, "e\u0301x");
	/* A tower of them grows no further than two; the first has nothing to stand on. */
	assert_row(&cells, "\u0301e\u0301\u0302\u0303\u0304z", 4, "e\u0301\u0302z");
	assert_row(&cells, "日\u0301", 4, "日\u0301");
	/* Nor does it stand on the last character of the text before. */
	pc_cells_clear(&cells);
	pc_cells_string(&cells, 0, 0, 1, PC_STYLE_PLAIN, "e");
	pc_cells_string(&cells, 0, 1, 4, PC_STYLE_PLAIN, "\u0301x");
	assert_int_equal(cells.list[0].code, 'e');
	assert_int_equal(cells.list[0].marks[0], 0);
	assert_int_equal(cells.list[1].code, 'x');
	pc_cells_free(&cells);
}

static void ascii(void **state)
{
	struct pc_cells cells = blank(1, 12, false);

	(void)state;
	assert_row(&cells, "a→b…", 12, "a->b...");
	assert_row(&cells, "日本é", 12, "???");
	/* A sign is not cut in half. */
	assert_row(&cells, "abc…", 5, "abc");
	pc_cells_free(&cells);
}

static void anywhere(void **state)
{
	struct pc_cells cells = blank(2, 4, true);

	(void)state;
	assert_int_equal(pc_cells_string(&cells, 2, 0, 4, PC_STYLE_PLAIN, "x"), 0);
	assert_int_equal(pc_cells_string(&cells, -1, 0, 4, PC_STYLE_PLAIN, "x"), 0);
	assert_int_equal(pc_cells_string(&cells, 0, 9, 12, PC_STYLE_PLAIN, "x"), 9);
	pc_cells_style(&cells, 7, 0, 4, PC_STYLE_BAR);
	assert_false(topstage_shows(&cells, "x"));
	assert_int_equal(pc_cells_resize(&cells, 100000, 100000), 0);
	assert_int_equal(cells.rows, PC_CELLS_ROWS_MAX);
	assert_int_equal(cells.columns, PC_CELLS_COLUMNS_MAX);
	assert_int_equal(pc_cells_resize(&cells, 0, -1), 0);
	assert_int_equal(cells.rows, 1);
	pc_cells_free(&cells);
}

/* Any bytes in any place, with and without UTF-8. */
static void any_bytes(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		struct pc_cells cells = blank(3, 1 + round % 13, round % 2);
		char text[24];

		for (int put = 0; put < 6; put++) {
			for (size_t i = 0; i < sizeof(text); i++)
				text[i] = (char)(rand_r(&seed) >> 7);
			pc_cells_put(&cells, put % 3, rand_r(&seed) % 12, rand_r(&seed) % 16,
				     PC_STYLE_PLAIN, text, (size_t)rand_r(&seed) % sizeof(text));
		}
		topstage_assert_whole(&cells);
		pc_cells_free(&cells);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters), cmocka_unit_test(wide),
		cmocka_unit_test(combining),  cmocka_unit_test(ascii),
		cmocka_unit_test(anywhere),   cmocka_unit_test(any_bytes),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
