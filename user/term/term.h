/* SPDX-License-Identifier: GPL-2.0-only */
/* The terminal, by ncurses: shows a screen of cells, gives keys, and is as it was before when portclash ends,
 * also by a signal of a crash. */
#ifndef PORTCLASH_TERM_H
#define PORTCLASH_TERM_H

#include "top/cells.h"
#include "top/view.h"

#define PC_TERM_SENTENCE 256

/* Can the terminal at standard input and output show a screen? 0, or a negative errno with the sentence
 * (PC_TERM_SENTENCE bytes). Nothing is changed. */
int pc_term_check(char *sentence);

/* Begins to use the terminal, in colours if it has them and `color` says so. 0 or -EIO. */
int pc_term_open(bool color);

/* Does the terminal show UTF-8? By the locale of the environment, once pc_term_open() has succeeded. */
bool pc_term_utf8(void);

void pc_term_size(int *rows, int *columns);

/* Shows the cells; `redraw`: everything, whatever the terminal may show now. */
void pc_term_show(const struct pc_cells *cells, bool redraw);

/* The next key (enum pc_top_key, or a code point), or 0: there is none. *resized: the terminal has another size. */
uint32_t pc_term_key(bool *resized);

/* Ends it. Not opened: nothing happens. */
void pc_term_close(void);

#endif
