/* SPDX-License-Identifier: GPL-2.0-only */
/* Texts: a string that grows as it is printed to, quoting for a shell, comparing. */
#ifndef PORTCLASH_TEXT_H
#define PORTCLASH_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

struct pc_text {
	FILE *out;
	char *string;
	size_t len;
};

/* 0 or -ENOMEM. */
int pc_text_open(struct pc_text *text);

/* The malloc'd string, or NULL without memory. */
char *pc_text_close(struct pc_text *text);

/* A string that is appended to. It costs a tenth of a pc_text, whose stream has a buffer of 8 KiB that is
 * cleared first. All zero is a good start. */
struct pc_words {
	char *string; /* NULL: nothing was appended */
	size_t len;
	size_t size;
	bool failed; /* for want of memory */
};

void pc_words_add(struct pc_words *words, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Appends `word` so that a POSIX shell reads it as one word. */
void pc_words_quote(struct pc_words *words, const char *word);

/* The malloc'd string, or NULL: nothing was appended, or `failed` was set. `words` is as at its start. */
char *pc_words_take(struct pc_words *words);

/* Are both known (not NULL), and the same? */
bool pc_text_same(const char *a, const char *b);

/* The same, or is neither known? */
bool pc_text_same_or_none(const char *a, const char *b);

/* Prints `word` so that a POSIX shell reads it as one word. */
void pc_text_quote(FILE *out, const char *word);

#endif
