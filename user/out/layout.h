/* SPDX-License-Identifier: GPL-2.0-only */
/* The layout of text for people: wrapped at a terminal's width, with colours, or neither. Pure. */
#ifndef PORTCLASH_LAYOUT_H
#define PORTCLASH_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

/* Marks in a text say what stands out. Each is a control character, which no escaped text has. A line
 * with a command is never wrapped: it can be pasted as it stands. */
#define PC_MARK_CULPRIT "\x01"
#define PC_MARK_COMMAND "\x02"
#define PC_MARK_TITLE "\x03"
#define PC_MARK_END "\x04"

struct pc_layout {
	unsigned width; /* columns of the terminal; 0: lines are not wrapped */
	bool color;
	bool marks; /* without `color`: the marks stay in the text */
	bool prose; /* paragraphs and lists: a line without an indent goes on at the margin */
};

/* Lays `text` (`len` bytes, lines with \n between them) out. Without width, colour and `marks` only the marks go.
 * Returns a malloc'd string that ends in a NUL, and its length in *ret_len; NULL: no memory. */
char *pc_layout_text(const char *text, size_t len, const struct pc_layout *layout, size_t *ret_len);

/* Takes the marks out of a text, which may be NULL; returns it. */
char *pc_layout_plain(char *text);

/* Columns that a text without marks takes on a terminal that shows UTF-8. */
size_t pc_layout_columns(const char *text, size_t len);

#endif
