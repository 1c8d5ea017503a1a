/* SPDX-License-Identifier: GPL-2.0-only */
/* A text that fills the screen and scrolls: a verdict, the keys, the output of a command. */
#ifndef PORTCLASH_TOP_PANE_H
#define PORTCLASH_TOP_PANE_H

#include "top/cells.h"

/* A longer text is cut, and says so. */
#define PC_TOP_PANE_BYTES (256U << 10)

struct pc_top_pane {
	char title[96];
	char *text; /* with marks of out/layout.h; malloc'd */
	size_t len;
	size_t cut; /* bytes that it had no room for */
	int first;  /* the topmost line */
	int lines;  /* of the last drawing */
	int page;
};

/* Makes it an empty one. */
void pc_top_pane_open(struct pc_top_pane *pane, const char *title);
void pc_top_pane_add(struct pc_top_pane *pane, const char *text, size_t len);
void pc_top_pane_free(struct pc_top_pane *pane);

/* Scrolls by so many lines, as far as there are some. */
void pc_top_pane_scroll(struct pc_top_pane *pane, int lines);

/* Draws the text into the rows from `row` to before `end`. */
void pc_top_pane_draw(struct pc_top_pane *pane, struct pc_cells *cells, int row, int end);

#endif
