// SPDX-License-Identifier: GPL-2.0-only
/* Lay a text out at the screen's width, and draw the lines that are on it. */
#include "top/pane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out/layout.h"

void pc_top_pane_free(struct pc_top_pane *pane)
{
	free(pane->text);
	*pane = (struct pc_top_pane){ 0 };
}

void pc_top_pane_open(struct pc_top_pane *pane, const char *title)
{
	pc_top_pane_free(pane);
	snprintf(pane->title, sizeof(pane->title), "%s", title);
}

void pc_top_pane_add(struct pc_top_pane *pane, const char *text, size_t len)
{
	size_t room = PC_TOP_PANE_BYTES - pane->len, taken = len < room ? len : room;
	char *grown = taken ? realloc(pane->text, pane->len + taken) : NULL;

	if (!grown) {
		pane->cut += len;
		return;
	}
	memcpy(grown + pane->len, text, taken);
	pane->text = grown;
	pane->len += taken;
	pane->cut += len - taken;
}

void pc_top_pane_scroll(struct pc_top_pane *pane, int lines)
{
	int last = pane->lines > pane->page ? pane->lines - pane->page : 0;

	pane->first += lines;
	pane->first = pane->first > last ? last : pane->first;
	pane->first = pane->first < 0 ? 0 : pane->first;
}

static enum pc_cell_style style_of_mark(char mark)
{
	if (mark == PC_MARK_CULPRIT[0])
		return PC_STYLE_REFUSED;
	if (mark == PC_MARK_COMMAND[0])
		return PC_STYLE_COMMAND;
	return mark == PC_MARK_TITLE[0] ? PC_STYLE_BOLD : PC_STYLE_PLAIN;
}

struct pane_pen {
	struct pc_cells *cells;
	int line; /* of the text, from 0 on */
	int first;
	int row; /* of the first line that is shown */
	int end;
	int column;
	enum pc_cell_style style;
};

static void pen_newline(struct pane_pen *pen)
{
	pen->line++;
	pen->column = 0;
}

/* A command is never wrapped by its layout: here it goes on in the next line. */
static size_t pen_put(struct pane_pen *pen, const char *text, size_t len)
{
	size_t taken;
	int width = pc_cells_width(pen->cells, text, len, &taken);
	int row = pen->row + pen->line - pen->first;

	if (pen->column + width > pen->cells->columns) {
		pen_newline(pen);
		row++;
	}
	/* A combining character comes with what it belongs to. */
	while (taken < len && (unsigned char)text[taken] >= 0x80) {
		size_t more;

		if (pc_cells_width(pen->cells, text + taken, len - taken, &more))
			break;
		taken += more;
	}
	if (pen->line >= pen->first && row < pen->end)
		pc_cells_put(pen->cells, row, pen->column, pen->cells->columns, pen->style, text,
			     taken);
	pen->column += width;
	return taken;
}

static int pane_draw_text(struct pane_pen *pen, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		if (text[at] == '\n')
			pen_newline(pen);
		else if (text[at] >= PC_MARK_CULPRIT[0] && text[at] <= PC_MARK_END[0])
			pen->style = style_of_mark(text[at]);
		else {
			at += pen_put(pen, text + at, len - at);
			continue;
		}
		at++;
	}
	return pen->line + 1;
}

void pc_top_pane_draw(struct pc_top_pane *pane, struct pc_cells *cells, int row, int end)
{
	const struct pc_layout layout = { .width = (unsigned)cells->columns, .marks = true };
	struct pane_pen pen = { .cells = cells, .row = row, .end = end };
	size_t len = 0;
	char *laid = pc_layout_text(pane->text ? pane->text : "", pane->len, &layout, &len);

	if (!laid)
		return;
	pane->page = end - row;
	pen.first = INT32_MAX;
	pane->lines = pane_draw_text(&pen, laid, len) + (pane->cut ? 1 : 0);
	pc_top_pane_scroll(pane, 0);
	pen = (struct pane_pen){ .cells = cells, .row = row, .end = end, .first = pane->first };
	pane_draw_text(&pen, laid, len);
	if (pane->cut && pane->first + pane->page >= pane->lines)
		pc_cells_print(cells, end - 1, 0, PC_STYLE_DIM, "(%zu bytes more had no room here)",
			       pane->cut);
	free(laid);
}
