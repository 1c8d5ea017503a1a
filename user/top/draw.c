// SPDX-License-Identifier: GPL-2.0-only
/* Draw the view into cells: title, the own range, tabs, the table, the latest events, keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "out/text_parts.h"
#include "top/view.h"

/* Below this nothing can be read. */
#define ROWS_MIN 8
#define COLUMNS_MIN 40

/* Lines above the table (title, range, tabs, heads) and below it (rows, keys). */
#define ABOVE 4
#define BELOW 2

/* From so many rows on, the latest events stand below the other tables. */
#define LATEST_ROWS_MIN 20

static void age_text(uint64_t ns, char *out, size_t size)
{
	struct pc_text text;
	char *string = NULL;

	*out = '\0';
	if (pc_text_open(&text))
		return;
	pc_put_age(text.out, ns);
	string = pc_text_close(&text);
	if (string)
		pc_top_copy(out, size, string);
	free(string);
}

static void draw_right(struct pc_cells *cells, int row, int least, enum pc_cell_style style,
		       const char *text)
{
	int at = cells->columns - (int)strlen(text);

	if (at >= least)
		pc_cells_string(cells, row, at, cells->columns, style, text);
}

static void draw_title(const struct pc_top *top, struct pc_cells *cells)
{
	char time[16], age[32], text[128];
	int end;

	age_text(top->clock.now_ns - top->started_ns, age, sizeof(age));
	pc_cells_style(cells, 0, 0, cells->columns, PC_STYLE_BAR);
	end = pc_cells_print(cells, 0, 0, PC_STYLE_BAR, " portclash top  %s  up %s",
			     pc_top_time(&top->clock, top->clock.now_ns, time), age);
	snprintf(text, sizeof(text), "refused %lu  warnings %lu  claims %.1f/s%s ",
		 (unsigned long)top->refusals, (unsigned long)top->warnings,
		 pc_top_claimers_rate(&top->claimers), top->lost ? "  LOST" : "");
	draw_right(cells, 0, end + 1, PC_STYLE_BAR, text);
	pc_cells_style(cells, 0, 0, cells->columns, PC_STYLE_BAR);
}

static int draw_bar(struct pc_cells *cells, int row, int column, int width, unsigned part,
		    unsigned of)
{
	int full = of ? (int)((uint64_t)part * (uint64_t)width / of) : 0;

	if (part && !full)
		full = 1;
	column = pc_cells_string(cells, row, column, cells->columns, PC_STYLE_BOLD, "[");
	for (int i = 0; i < width; i++)
		column = pc_cells_string(cells, row, column, cells->columns,
					 of && part * 100ULL >= of * 80ULL ? PC_STYLE_REFUSED :
									     PC_STYLE_COMMAND,
					 i < full ? "|" : " ");
	return pc_cells_string(cells, row, column, cells->columns, PC_STYLE_BOLD, "]");
}

static void draw_range(const struct pc_top *top, struct pc_cells *cells)
{
	const struct pc_top_look *look = &top->look;
	const struct pc_top_space *own = pc_top_space_own(look);
	char percent[16], age[32];
	int column;

	if (!look->time_ns) {
		pc_cells_string(cells, 1, 1, cells->columns, PC_STYLE_DIM,
				"Looking at the machine ...");
		return;
	}
	if (!own) {
		pc_cells_print(cells, 1, 1, PC_STYLE_WARNING,
			       "The own network namespace could not be looked at: %s",
			       look->error ? strerror(-look->error) : "it is not in the list");
		return;
	}
	column = pc_cells_print(cells, 1, 1, PC_STYLE_PLAIN, "own range %u-%u  TCP ", own->low,
				own->high);
	column =
		draw_bar(cells, 1, column, cells->columns >= 100 ? 30 : 12, own->tcp, own->offered);
	column = pc_cells_print(cells, 1, column, PC_STYLE_PLAIN, " %s, %u of %u",
				pc_top_percent(own->tcp, own->offered, percent), own->tcp,
				own->offered);
	if (top->clock.now_ns < look->time_ns)
		return;
	age_text(top->clock.now_ns - look->time_ns, age, sizeof(age));
	if (column + (int)strlen(age) + 14 < cells->columns)
		pc_cells_print(cells, 1, column, PC_STYLE_DIM, "  seen %s ago", age);
}

static void draw_tabs(const struct pc_top_view *view, struct pc_cells *cells)
{
	int column = 0;

	for (int i = 0; i < PC_TAB_COUNT; i++)
		column = pc_cells_print(cells, 2, column,
					(enum pc_top_tab)i == view->tab ? PC_STYLE_SELECTED :
									  PC_STYLE_PLAIN,
					" %d %s ", i + 1, pc_top_table((enum pc_top_tab)i)->name);
}

/* A cell of the table: to the left or to the right of its column. */
static void draw_field(struct pc_cells *cells, int row, int column, int width, bool right,
		       enum pc_cell_style style, const char *text)
{
	int columns = 0;
	size_t len = strlen(text);

	if (!right) {
		pc_cells_string(cells, row, column, column + width, style, text);
		return;
	}
	for (size_t at = 0, taken; at < len; at += taken)
		columns += pc_cells_width(cells, text + at, len - at, &taken);
	if (columns < width)
		column += width - columns;
	pc_cells_string(cells, row, column, column + (columns < width ? columns : width), style,
			text);
}

static void draw_heads(const struct pc_top_view *view, struct pc_cells *cells, int row)
{
	const struct pc_top_table *table = pc_top_table(view->tab);
	const struct pc_top_tab_view *tab = &view->tabs[view->tab];
	int widths[PC_TOP_COLUMNS_MAX], column = 0;

	pc_top_widths(table, cells->columns, widths);
	pc_cells_style(cells, row, 0, cells->columns, PC_STYLE_BAR);
	for (unsigned i = 0; i < table->columns_count; i++) {
		draw_field(cells, row, column, widths[i], table->columns[i].right,
			   i == tab->sort ? PC_STYLE_SELECTED : PC_STYLE_BAR,
			   table->columns[i].title);
		column += widths[i] + 1;
	}
	pc_cells_style(cells, row, 0, cells->columns, PC_STYLE_BAR);
}

static void draw_row(const struct pc_top_table *table, const struct pc_top_row *r,
		     struct pc_cells *cells, int row, bool selected)
{
	int widths[PC_TOP_COLUMNS_MAX], column = 0;

	pc_top_widths(table, cells->columns, widths);
	for (unsigned i = 0; i < table->columns_count && column < cells->columns; i++) {
		draw_field(cells, row, column, widths[i], table->columns[i].right, r->style,
			   r->text[i]);
		column += widths[i] + 1;
	}
	if (selected)
		pc_cells_style(cells, row, 0, cells->columns, PC_STYLE_SELECTED);
}

static void draw_table(struct pc_top_view *view, struct pc_cells *cells, int row, int end)
{
	const struct pc_top_table *table = pc_top_table(view->tab);
	const struct pc_top_tab_view *tab = &view->tabs[view->tab];

	if (!view->count)
		pc_cells_print(cells, row + 1, 2, PC_STYLE_DIM, "%s",
			       view->of ? "No row has what the filter asks for." : table->empty);
	for (unsigned i = tab->first; i < view->count && row < end; i++, row++)
		draw_row(table, &view->rows[i], cells, row, i == tab->selected);
}

/* The events under another table, the newest first. */
static void draw_latest(const struct pc_top *top, struct pc_cells *cells, int row, int end)
{
	const struct pc_top_table *table = pc_top_table(PC_TAB_EVENTS);
	struct pc_top_row *rows = calloc(PC_TOP_EVENTS_MAX, sizeof(*rows));
	unsigned count;

	if (!rows)
		return;
	count = table->fill(top, rows);
	pc_cells_style(cells, row, 0, cells->columns, PC_STYLE_BAR);
	pc_cells_string(cells, row++, 0, cells->columns, PC_STYLE_BAR, "Latest events");
	if (!count)
		pc_cells_string(cells, row, 2, cells->columns, PC_STYLE_DIM, table->empty);
	for (; count && row < end; row++)
		draw_row(table, &rows[--count], cells, row, false);
	free(rows);
}

static void draw_count(const struct pc_top_view *view, const struct pc_top *top,
		       struct pc_cells *cells, int row)
{
	const struct pc_top_table *table = pc_top_table(view->tab);
	uint64_t dropped = table->dropped(top);
	const struct pc_top_tab_view *tab = &view->tabs[view->tab];
	int column = 1;

	if (*view->filter)
		column = pc_cells_print(cells, row, column, PC_STYLE_WARNING,
					"%u of %u rows have \"%s\"", view->count, view->of,
					view->filter);
	else
		column = pc_cells_print(cells, row, column, PC_STYLE_DIM, "%u row%s", view->of,
					view->of == 1 ? "" : "s");
	column = pc_cells_print(cells, row, column, PC_STYLE_DIM, ", by %s%s",
				table->columns[tab->sort].title,
				tab->turned ? ", turned round" : "");
	if (dropped)
		column = pc_cells_print(cells, row, column, PC_STYLE_WARNING,
					"; %lu more had no room", (unsigned long)dropped);
	if (top->lost)
		pc_cells_print(cells, row, column, PC_STYLE_REFUSED, "; %lu records lost",
			       (unsigned long)top->lost);
}

static void draw_list_keys(struct pc_cells *cells, int row)
{
	static const char *const pairs[][2] = {
		{ "q", "quit" }, { "Enter", "open" }, { "s", "sort" }, { "/", "filter" },
		{ "f", "free" }, { "r", "reserve" },  { "?", "help" },
	};
	int column = 1;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		column = pc_cells_print(cells, row, column, PC_STYLE_BOLD, "%s", pairs[i][0]);
		column = pc_cells_print(cells, row, column + 1, PC_STYLE_PLAIN, "%s", pairs[i][1]);
		column += 3;
	}
}

static void draw_keys(const struct pc_top_view *view, struct pc_cells *cells, int row)
{
	char text[256];

	if (view->message[0])
		pc_cells_print(cells, row, 1, PC_STYLE_WARNING, "%s", view->message);
	else if (view->mode == PC_TOP_FILTER)
		pc_cells_print(cells, row, 1, PC_STYLE_BOLD, "Filter: %s_", view->filter);
	else if (view->mode == PC_TOP_ACT) {
		pc_top_act_prompt(view, text, sizeof(text));
		pc_cells_print(cells, row, 1, PC_STYLE_BOLD, "%s", text);
	} else if (view->mode == PC_TOP_PANE)
		pc_cells_string(cells, row, 1, cells->columns, PC_STYLE_BOLD,
				"Esc back   up, down scroll   f free   r reserve");
	else
		draw_list_keys(cells, row);
}

static void draw_pane(struct pc_top_view *view, struct pc_cells *cells)
{
	struct pc_top_pane *pane = &view->pane;
	char text[64];
	int last;

	pc_cells_style(cells, 1, 0, cells->columns, PC_STYLE_BAR);
	pc_cells_print(cells, 1, 1, PC_STYLE_BAR, "%s", pane->title);
	pc_top_pane_draw(pane, cells, 2, cells->rows - 1);
	last = pane->first + pane->page;
	if (pane->lines <= pane->page)
		return;
	snprintf(text, sizeof(text), "lines %d to %d of %d ", pane->first + 1,
		 last < pane->lines ? last : pane->lines, pane->lines);
	draw_right(cells, 1, 2, PC_STYLE_BAR, text);
}

static void draw_list(struct pc_top_view *view, const struct pc_top *top, struct pc_cells *cells)
{
	int end = cells->rows - BELOW, latest = 0;

	if (view->tab != PC_TAB_EVENTS && cells->rows >= LATEST_ROWS_MIN)
		latest = 1 + (cells->rows - ABOVE - BELOW) / 4;
	draw_range(top, cells);
	draw_tabs(view, cells);
	draw_heads(view, cells, ABOVE - 1);
	view->page = (unsigned)(end - latest - ABOVE);
	pc_top_view_make(view, top);
	draw_table(view, cells, ABOVE, end - latest);
	if (latest)
		draw_latest(top, cells, end - latest, end);
	draw_count(view, top, cells, end);
}

void pc_top_view_draw(struct pc_top_view *view, const struct pc_top *top, struct pc_cells *cells)
{
	pc_cells_clear(cells);
	if (cells->rows < ROWS_MIN || cells->columns < COLUMNS_MIN) {
		pc_cells_print(cells, 0, 0, PC_STYLE_PLAIN, "at least %d x %d", COLUMNS_MIN,
			       ROWS_MIN);
		return;
	}
	draw_title(top, cells);
	if (view->mode == PC_TOP_PANE || view->mode == PC_TOP_ACT)
		draw_pane(view, cells);
	else
		draw_list(view, top, cells);
	draw_keys(view, cells, cells->rows - 1);
}
