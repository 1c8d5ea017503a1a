/* SPDX-License-Identifier: GPL-2.0-only */
/* The rule by which two refusals are of one group, and by which a line matches a filter. */
#ifndef PORTCLASH_HISTORY_GROUP_H
#define PORTCLASH_HISTORY_GROUP_H

#include "core/history/history.h"

/* Makes a line the event of a group: texts cut to their limit, and what no group tells left out. */
void pc_group_prepare(struct pc_logged *e);

/* An order of groups: by all in which two groups can differ. */
int pc_group_compare(const struct pc_history_group *a, const struct pc_history_group *b);

/* The parts of that order. */
int pc_group_compare_port(const struct pc_history_group *a, const struct pc_history_group *b);
int pc_group_compare_server(const struct pc_history_group *a, const struct pc_history_group *b);
int pc_group_compare_cause(const struct pc_history_group *a, const struct pc_history_group *b);
int pc_group_compare_thief(const struct pc_history_group *a, const struct pc_history_group *b);

/* Bytes of the event's texts; copies them to `room` and has the event point there. */
size_t pc_group_texts_size(const struct pc_logged *e);
void pc_group_texts_copy(struct pc_logged *e, char *room);

/* Does the filter take the line, of which the refusals stand at `time_ns`? */
bool pc_group_matches(const struct pc_history_filter *filter, const struct pc_logged *e,
		      uint64_t time_ns);

#endif
