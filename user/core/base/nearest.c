// SPDX-License-Identifier: GPL-2.0-only
/* Names compared letter by letter. */
#include "core/base/nearest.h"

#include <string.h>

/* The longest word that is compared. */
#define WORD_MAX 48

/* A word with more wrong letters than these is no slip of the hand. */
#define SLIPS_MAX 3

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Letters to add, drop or change (Levenshtein) to make `b`, which is short, of `a`. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[WORD_MAX + 1];
	size_t len = strnlen(b, WORD_MAX);

	for (unsigned j = 0; j <= len; j++)
		row[j] = j;
	for (; *a; a++) {
		unsigned diagonal = row[0]++;

		for (size_t j = 0; j < len; j++) {
			unsigned above = row[j + 1];

			row[j + 1] = least(above + 1, row[j] + 1, diagonal + (*a != b[j]));
			diagonal = above;
		}
	}
	return row[len];
}

const char *pc_nearest(const char *word, const char *(*name_at)(const void *context, size_t index),
		       const void *context, size_t count)
{
	size_t len = strnlen(word, WORD_MAX + 1);
	unsigned best = len / 2 < SLIPS_MAX ? (unsigned)len / 2 : SLIPS_MAX;
	const char *nearest = NULL;

	if (len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const char *name = name_at(context, i);
		unsigned slips = name ? distance(word, name) : SLIPS_MAX + 1;

		if (slips < best || (slips == best && !nearest)) {
			best = slips;
			nearest = name;
		}
	}
	return nearest;
}
