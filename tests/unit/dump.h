/* SPDX-License-Identifier: GPL-2.0-only */
/* All fields of verdicts, claims, warnings and counters as text: two runs of a join are the same if and
 * only if their texts are. */
#ifndef PORTCLASH_TESTS_DUMP_H
#define PORTCLASH_TESTS_DUMP_H

#include <stdio.h>

#include "core/join/join.h"

/* Prints to `out` what a join makes, one line each. */
struct pc_join_output dump_output(FILE *out);

/* Dump all counters but `records_bad`: records that make no sense are not recorded. */
void dump_counters(FILE *out, const struct pc_counters *c);

#endif
