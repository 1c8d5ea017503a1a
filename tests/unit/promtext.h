/* SPDX-License-Identifier: GPL-2.0-only */
/* A strict reader of the Prometheus text format, for tests: what it does not take is a failure. */
#ifndef PORTCLASH_TESTS_PROMTEXT_H
#define PORTCLASH_TESTS_PROMTEXT_H

#include <stddef.h>

#define FAMILIES_MAX 64
#define SERIES_MAX 4096

/* The findings of one reading. Lines point into the text, which the reading cuts into pieces. */
struct reading {
	const char *families[FAMILIES_MAX];
	int families_count;
	const char *series[SERIES_MAX];
	int series_count;
};

/* Reads a whole file; the reading points into `text`. */
void promtext_read(struct reading *reading, char *text, size_t len);

/* How many series begin with `start`. */
int promtext_count(const struct reading *reading, const char *start);

/* `line` is a whole sample: name, labels, value. */
void assert_sample(const struct reading *reading, const char *line);

#endif
