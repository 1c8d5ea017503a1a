/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of the tests of histories: a history that takes lines, and a theft to tell of. */
#ifndef PORTCLASH_TESTS_HISTORY_STAGE_H
#define PORTCLASH_TESTS_HISTORY_STAGE_H

#include "core/history/history.h"
#include "logline.h"

extern const struct pc_history_filter history_all;

/* A refusal, with 3 of 4 in a repeat. */
extern const struct logline history_theft;

struct pc_history *history_begin(const struct pc_history_filter *filter);

/* Gives the line in memory of its own, so that nothing points into it afterwards. */
void history_take_from(struct pc_history *h, const char *line, const char *host);
void history_take(struct pc_history *h, const char *line);

/* Gives a refusal like `l` with another id, by number. */
void history_take_variant(struct pc_history *h, unsigned number, const struct logline *l);

const struct pc_history_group *history_only_group(const struct pc_history *h);
size_t history_count_groups(const struct pc_history *h);

#endif
