/* SPDX-License-Identifier: GPL-2.0-only */
/* Comparing one field of a JSON line with the truth; each mismatch is recorded as
 * "expected X, got Y at path". */
#ifndef LIVE_JUDGE_EXPECT_H
#define LIVE_JUDGE_EXPECT_H

#include <jansson.h>

#include "stage/acts.h"
#include "stage/puppet.h"

/* A value in a JSON line and the way to it. */
struct spot {
	struct test *t;
	json_t *json; /* NULL: the key is missing */
	char path[160];
};

struct spot spot_of(struct test *t, json_t *line);
struct spot spot_below(const struct spot *s, const char *key);
struct spot spot_at(const struct spot *s, size_t index);

/* Records a mismatch: "expected FORMAT, got VALUE at PATH". */
void expected(const struct spot *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

void expect_null(const struct spot *s, const char *key);
void expect_bool(const struct spot *s, const char *key, bool value);
void expect_int(const struct spot *s, const char *key, long long value);

/* Expects a verdict that lacks no evidence. A mismatch shows the reason that the verdict gives. */
void expect_complete(const struct spot *verdict);

/* NULL: null is expected. */
void expect_string(const struct spot *s, const char *key, const char *value);
void expect_contains(const struct spot *s, const char *key, const char *part);

/* Compares with the raw bytes of a process: bytes that are not UTF-8 stand as \xNN. */
void expect_hostile(const struct spot *s, const char *key, const char *raw);

/* port 0: null is expected. */
void expect_end(const struct spot *s, const char *key, const struct end *end);

/* Reads a time of a line, in nanoseconds of Unix time. */
bool parse_time(const char *text, int64_t *ns);

/* Expects RFC 3339 with microseconds, between two wall clock readings. */
void expect_time(const struct spot *s, const char *key, int64_t after, int64_t before);
void expect_recent(const struct spot *s, const char *key);

void expect_options(const struct spot *s, const char *key, const struct io_look *look);

/* Compares the fields that every mention of a process has. */
void compare_person(const struct spot *at, const struct person *who);

/* `who` NULL: null is expected. */
void expect_person(const struct spot *s, const char *key, const struct person *who);

/* Prints the whole line below the mismatches. */
void note_line(struct test *t, json_t *line);

#endif
