/* SPDX-License-Identifier: GPL-2.0-only */
/* A screen of cells, drawn in memory: each has one character of one column, so that no text of a stranger can
 * leave its place. Pure. */
#ifndef PORTCLASH_TOP_CELLS_H
#define PORTCLASH_TOP_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Combining characters that a cell keeps; those beyond are left off. */
#define PC_CELL_MARKS 2

enum pc_cell_style {
	PC_STYLE_PLAIN = 0,
	PC_STYLE_BOLD,
	PC_STYLE_DIM,
	PC_STYLE_BAR,	   /* title, heads, keys: reversed */
	PC_STYLE_SELECTED, /* the selected row */
	PC_STYLE_REFUSED,
	PC_STYLE_WARNING,
	PC_STYLE_COMMAND,
	PC_STYLE_COUNT,
};

struct pc_cell {
	uint32_t code;		       /* 0: the right half of the wide character before it */
	uint32_t marks[PC_CELL_MARKS]; /* 0: none */
	uint8_t style;
};

struct pc_cells {
	int rows;
	int columns;
	bool utf8; /* false: the terminal shows ASCII alone */
	struct pc_cell *list;
};

/* The largest screen; a terminal can claim to be any size. */
#define PC_CELLS_ROWS_MAX 500
#define PC_CELLS_COLUMNS_MAX 1000

/* Makes a blank screen of that size, or of the largest. 0 or -ENOMEM, and the cells are as before. */
int pc_cells_resize(struct pc_cells *c, int rows, int columns);
void pc_cells_free(struct pc_cells *c);
void pc_cells_clear(struct pc_cells *c);

/* Puts `len` bytes from `column` on, no further than before column `end`, and returns the column behind them.
 * What is no printable character becomes '?'. Without UTF-8 a few signs become ASCII, and the rest '?'. */
int pc_cells_put(struct pc_cells *c, int row, int column, int end, enum pc_cell_style style,
		 const char *text, size_t len);
int pc_cells_string(struct pc_cells *c, int row, int column, int end, enum pc_cell_style style,
		    const char *text);

/* Puts printed text at most up to the edge of the screen; returns the column behind it. */
int pc_cells_print(struct pc_cells *c, int row, int column, enum pc_cell_style style,
		   const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Gives the cells of a row from `column` to before `end` a style. */
void pc_cells_style(struct pc_cells *c, int row, int column, int end, enum pc_cell_style style);

/* Columns that the character at `text` takes here, and its bytes in *taken. */
int pc_cells_width(const struct pc_cells *c, const char *text, size_t len, size_t *taken);

/* The row as UTF-8 without blanks at its end; malloc'd, NULL without memory. */
char *pc_cells_row(const struct pc_cells *c, int row);

#endif
