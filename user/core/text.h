/* SPDX-License-Identifier: GPL-2.0-only */
/* A string that grows as it is printed to, and quoting for a shell. */
#ifndef PORTCLASH_TEXT_H
#define PORTCLASH_TEXT_H

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

/* Prints `word` so that a POSIX shell reads it as one word. */
void pc_text_quote(FILE *out, const char *word);

#endif
