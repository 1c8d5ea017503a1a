// SPDX-License-Identifier: GPL-2.0-only
/* Draw into a screen of cells. */
#include "top/cells.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "core/base/text.h"
#include "core/base/utf8.h"

/* Longer than a row of the widest screen. */
#define PRINT_MAX (4 * PC_CELLS_COLUMNS_MAX)

static int at_most(int value, int most)
{
	return value < 1 ? 1 : value > most ? most : value;
}

int pc_cells_resize(struct pc_cells *c, int rows, int columns)
{
	struct pc_cell *list;

	rows = at_most(rows, PC_CELLS_ROWS_MAX);
	columns = at_most(columns, PC_CELLS_COLUMNS_MAX);
	list = calloc((size_t)rows * (size_t)columns, sizeof(*list));
	if (!list)
		return -ENOMEM;
	free(c->list);
	c->list = list;
	c->rows = rows;
	c->columns = columns;
	pc_cells_clear(c);
	return 0;
}

void pc_cells_free(struct pc_cells *c)
{
	free(c->list);
	c->list = NULL;
	c->rows = c->columns = 0;
}

static struct pc_cell *cell_at(const struct pc_cells *c, int row, int column)
{
	return &c->list[(size_t)row * (size_t)c->columns + (size_t)column];
}

static void cell_set(struct pc_cell *cell, uint32_t code, enum pc_cell_style style)
{
	*cell = (struct pc_cell){ .code = code, .style = (uint8_t)style };
}

void pc_cells_clear(struct pc_cells *c)
{
	for (int row = 0; row < c->rows; row++)
		for (int column = 0; column < c->columns; column++)
			cell_set(cell_at(c, row, column), ' ', PC_STYLE_PLAIN);
}

/* ASCII for the signs that portclash itself prints. */
static const char *ascii_of(uint32_t code)
{
	static const struct {
		uint32_t code;
		const char *ascii;
	} signs[] = {
		{ 0x2192, "->" }, { 0x2026, "..." }, { 0x2502, "|" },
		{ 0x2588, "#" },  { 0x00b7, "-" },   { 0x2500, "-" },
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (signs[i].code == code)
			return signs[i].ascii;
	return "?";
}

static bool cells_may_show(uint32_t code)
{
	return code >= ' ' && code != 0x7f && code != PC_UTF8_NOT_A_CHARACTER;
}

/* This function reads a character. In ASCII a sign can take several columns; its code is 0 then. */
static int character_at(const struct pc_cells *c, const char *text, size_t len, size_t *taken,
			uint32_t *code)
{
	int width;

	*taken = pc_utf8_decode(text, len, code);
	if (*code < 0x80 || !cells_may_show(*code)) {
		*code = cells_may_show(*code) ? *code : '?';
		return 1;
	}
	if (!c->utf8)
		return (int)strlen(ascii_of(*code));
	width = wcwidth((wchar_t)*code);
	if (width < 0) {
		*code = '?';
		return 1;
	}
	return width;
}

int pc_cells_width(const struct pc_cells *c, const char *text, size_t len, size_t *taken)
{
	uint32_t code;

	return character_at(c, text, len, taken, &code);
}

/* A combining character belongs to the one before it. */
static void cells_combine(struct pc_cells *c, int row, int column, uint32_t code)
{
	struct pc_cell *cell;

	if (column < 1)
		return;
	cell = cell_at(c, row, column - 1);
	if (!cell->code && column > 1)
		cell--;
	for (int i = 0; i < PC_CELL_MARKS; i++) {
		if (!cell->marks[i]) {
			cell->marks[i] = code;
			return;
		}
	}
}

static void put_ascii(struct pc_cells *c, int row, int column, enum pc_cell_style style,
		      uint32_t code)
{
	for (const char *sign = ascii_of(code); *sign; sign++)
		cell_set(cell_at(c, row, column++), (uint32_t)*sign, style);
}

/* A wide character of which one half is overwritten goes whole. */
static void cells_unhalve(struct pc_cells *c, int row, int column)
{
	if (column > 0 && column < c->columns && !cell_at(c, row, column)->code)
		cell_at(c, row, column - 1)->code = ' ';
}

int pc_cells_put(struct pc_cells *c, int row, int column, int end, enum pc_cell_style style,
		 const char *text, size_t len)
{
	int first = column;

	if (row < 0 || row >= c->rows || column < 0)
		return column;
	end = end < c->columns ? end : c->columns;
	cells_unhalve(c, row, column);
	while (len) {
		size_t taken;
		uint32_t code;
		int width = character_at(c, text, len, &taken, &code);

		text += taken;
		len -= taken;
		if (!width) {
			if (column > first)
				cells_combine(c, row, column, code);
			continue;
		}
		if (column + width > end)
			break;
		if (!c->utf8 && code >= 0x80)
			put_ascii(c, row, column, style, code);
		else
			cell_set(cell_at(c, row, column), code, style);
		if (c->utf8 && width == 2)
			cell_set(cell_at(c, row, column + 1), 0, style);
		column += width;
	}
	if (column < c->columns && !cell_at(c, row, column)->code)
		cell_at(c, row, column)->code = ' ';
	return column;
}

int pc_cells_string(struct pc_cells *c, int row, int column, int end, enum pc_cell_style style,
		    const char *text)
{
	return pc_cells_put(c, row, column, end, style, text, strlen(text));
}

int pc_cells_print(struct pc_cells *c, int row, int column, enum pc_cell_style style,
		   const char *format, ...)
{
	char text[PRINT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return pc_cells_string(c, row, column, c->columns, style, text);
}

void pc_cells_style(struct pc_cells *c, int row, int column, int end, enum pc_cell_style style)
{
	if (row < 0 || row >= c->rows)
		return;
	for (; column < end && column < c->columns; column++)
		cell_at(c, row, column)->style = (uint8_t)style;
}

static void put_utf8(FILE *out, uint32_t code)
{
	if (code < 0x80) {
		fputc((int)code, out);
		return;
	}
	if (code < 0x800) {
		fputc((int)(0xc0 | code >> 6), out);
	} else if (code < 0x10000) {
		fputc((int)(0xe0 | code >> 12), out);
		fputc((int)(0x80 | (code >> 6 & 0x3f)), out);
	} else {
		fputc((int)(0xf0 | code >> 18), out);
		fputc((int)(0x80 | (code >> 12 & 0x3f)), out);
		fputc((int)(0x80 | (code >> 6 & 0x3f)), out);
	}
	fputc((int)(0x80 | (code & 0x3f)), out);
}

char *pc_cells_row(const struct pc_cells *c, int row)
{
	int end = c->columns;
	struct pc_text text;

	if (pc_text_open(&text))
		return NULL;
	while (end && cell_at(c, row, end - 1)->code == ' ')
		end--;
	for (int column = 0; column < end; column++) {
		const struct pc_cell *cell = cell_at(c, row, column);

		if (cell->code)
			put_utf8(text.out, cell->code);
		for (int i = 0; i < PC_CELL_MARKS && cell->marks[i]; i++)
			put_utf8(text.out, cell->marks[i]);
	}
	return pc_text_close(&text);
}
