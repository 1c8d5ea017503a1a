/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of top: each tab has its columns, and makes its rows of the model. Pure. */
#ifndef PORTCLASH_TOP_TABLE_H
#define PORTCLASH_TOP_TABLE_H

#include "top/cells.h"
#include "top/model.h"

enum pc_top_tab {
	PC_TAB_EVENTS = 0,
	PC_TAB_RANGES,
	PC_TAB_CLAIMS,
	PC_TAB_DESTINATIONS,
	PC_TAB_EXPOSED,
	PC_TAB_GUARDED,
	PC_TAB_COUNT,
};

#define PC_TOP_COLUMNS_MAX 7

/* The largest of the tables behind the rows. */
#define PC_TOP_ROWS_MAX PC_TOP_LISTENERS_MAX

struct pc_top_column {
	const char *title;
	int width;    /* columns of the screen on the narrowest one */
	int grow;     /* its share of what a wider screen has more */
	bool right;   /* numbers */
	bool falling; /* the largest number first */
};

struct pc_top_row {
	uint64_t id; /* stays the same from one making to the next */
	uint32_t netns;
	uint16_t port; /* that can be reserved or freed; 0: none */
	uint8_t proto;
	enum pc_cell_style style;
	double number[PC_TOP_COLUMNS_MAX]; /* by which a column sorts, before its text */
	char text[PC_TOP_COLUMNS_MAX][PC_TOP_NAME];
};

struct pc_top_table {
	const char *name;
	const char *empty; /* the sentence in place of rows */
	const struct pc_top_column *columns;
	unsigned columns_count;
	unsigned sort; /* column, at the start */
	/* Makes at most PC_TOP_ROWS_MAX rows. */
	unsigned (*fill)(const struct pc_top *top, struct pc_top_row *rows);
	/* Things that have no row, for want of room. */
	uint64_t (*dropped)(const struct pc_top *top);
};

const struct pc_top_table *pc_top_table(enum pc_top_tab tab);

/* Keeps the rows that have `filter` in some column, in any case of ASCII; "" keeps all. Returns their number. */
unsigned pc_top_rows_filter(const struct pc_top_table *table, struct pc_top_row *rows,
			    unsigned count, const char *filter);

/* Sorts by a column; `turned`: the other way round. Rows that are alike stay in the order of their ids. */
void pc_top_rows_sort(const struct pc_top_table *table, struct pc_top_row *rows, unsigned count,
		      unsigned column, bool turned);

/* The widths of the columns on a screen; with a blank between two of them they fill `width`, or are cut at it. */
void pc_top_widths(const struct pc_top_table *table, int width, int *widths);

/* "14:02:11", local time, into `out` (16 bytes); returns it. */
const char *pc_top_time(const struct pc_clock *clock, uint64_t boot_ns, char *out);

/* "43.7 %" of a part, into `out` (16 bytes); returns it. */
const char *pc_top_percent(unsigned part, unsigned of, char *out);

#endif
