/* SPDX-License-Identifier: GPL-2.0-only */
/* The processes in the cgroup of a systemd unit, and in the cgroups below it. */
#ifndef PORTCLASH_UNIT_TREE_H
#define PORTCLASH_UNIT_TREE_H

#include "core/base/model.h"

/* The unit that a process belongs to first of all. */
struct pc_unit_tree {
	const char *unit; /* of the identity */
	size_t len;	  /* of the part of its cgroup path that is the unit's */
};

/* False: the process belongs to no unit of the system's or a user's manager. It may be in a cgroup of such a
 * name, which somebody else made below a unit. */
bool pc_unit_tree_of(const struct pc_identity *who, struct pc_unit_tree *out);

/* Calls visit() for each process until it returns something else than 0. Returns that, 0, or a negative
 * errno: not all could be looked at. `cgroups` is where the control groups are mounted. */
int pc_unit_tree_each(const char *cgroups, const char *path, const struct pc_unit_tree *tree,
		      int (*visit)(void *context, uint32_t pid), void *context);

#endif
