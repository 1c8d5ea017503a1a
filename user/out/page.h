/* SPDX-License-Identifier: GPL-2.0-only */
/* A page as HTML or as Markdown, written by one walk. Every text is plain: each kind escapes it for where it
 * goes. What other processes chose has been through pc_escape_terminal() before, so that nothing in it turns the
 * text round or hides. */
#ifndef PORTCLASH_OUT_PAGE_H
#define PORTCLASH_OUT_PAGE_H

#include <stddef.h>
#include <stdio.h>

struct pc_page {
	void (*begin)(FILE *out, const char *title);
	void (*heading)(FILE *out, const char *text);
	void (*paragraph)(FILE *out, const char *text);
	void (*item)(FILE *out, const char *text); /* of a list; between begin and end */
	void (*list)(FILE *out, int begin);
	void (*code)(FILE *out, const char *text); /* a command to type */
	void (*table)(FILE *out, const char *const *heads, size_t columns);
	void (*row)(FILE *out, const char *const *cells, size_t columns);
	void (*table_end)(FILE *out);
	void (*fold)(FILE *out, const char *title); /* what follows is folded away */
	void (*fold_end)(FILE *out);
	void (*end)(FILE *out);
	int pictures; /* has it room for SVG? */
};

extern const struct pc_page pc_page_html;
extern const struct pc_page pc_page_markdown;

/* The text as it stands in HTML, in an element or in an attribute with quotes. */
void pc_put_html(FILE *out, const char *text);

#endif
