/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of groups within a budget in bytes, shared fairly among users. */
#ifndef PORTCLASH_GROUP_TABLE_H
#define PORTCLASH_GROUP_TABLE_H

#include "core/history/history.h"

struct pc_group_table;

struct pc_group_table *pc_group_table_new(uint64_t budget);
void pc_group_table_free(struct pc_group_table *t);

/* The group equal to `probe`, whose event went through pc_group_prepare(); made, with a copy of its texts and
 * zero counts, if there is none. When the budget is used, the newest group of the user who has most gives way,
 * and its refusals are added to *beyond; if that is the user of `probe`, *out is NULL. 0 or -ENOMEM. */
int pc_group_table_get(struct pc_group_table *t, const struct pc_history_group *probe,
		       uint64_t *beyond, struct pc_history_group **out);

/* A name by which a group can be found while it is there: NULL once it gave way. */
void pc_group_table_name(const struct pc_history_group *g, uint32_t *slot, uint64_t *serial);
struct pc_history_group *pc_group_table_at(const struct pc_group_table *t, uint32_t slot,
					   uint64_t serial);

/* All groups in no order, malloc'd; NULL without memory. */
const struct pc_history_group **pc_group_table_list(const struct pc_group_table *t, size_t *count);

#endif
