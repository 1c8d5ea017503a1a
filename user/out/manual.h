/* SPDX-License-Identifier: GPL-2.0-only */
/* The page docs/causes.md, compiled in: its list of causes, and one section of it. */
#ifndef PORTCLASH_MANUAL_H
#define PORTCLASH_MANUAL_H

#include <stdbool.h>
#include <stdio.h>

/* Writes a line for every cause, and behind a blank line one for every error and socket state: the name and
 * the first sentence of its section. */
void pc_manual_list(FILE *out);

/* Returns the name of the error or socket state that the word means: by name in either case, or as the
 * number or the text of the error. NULL: none. */
const char *pc_manual_topic(const char *word);

/* Returns the name that a misspelt word is meant to be; NULL: none is near. */
const char *pc_manual_nearest(const char *word);

/* Writes the section of this name, without the marks of Markdown. Each paragraph is one line, to be laid out
 * (out/layout.h). False, and nothing printed: there is none. */
bool pc_manual_section(FILE *out, const char *cause);

#endif
