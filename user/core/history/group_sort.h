/* SPDX-License-Identifier: GPL-2.0-only */
/* The order in which a person wants to read groups. */
#ifndef PORTCLASH_GROUP_SORT_H
#define PORTCLASH_GROUP_SORT_H

#include "core/history/history.h"

/* Sorts as pc_history_groups() says. 0 or -ENOMEM. */
int pc_group_sort(const struct pc_history_group **list, size_t count);

#endif
