/* SPDX-License-Identifier: GPL-2.0-only */
/* The names in a cgroup path are a word of somebody. A user who owns a folder of the hierarchy makes folders below
 * it, and may name them like any unit, container or pod of the system. */
#ifndef PORTCLASH_GROUP_WORD_H
#define PORTCLASH_GROUP_WORD_H

#include "core/base/model.h"

/* The hierarchies of control groups, of this machine. */
#define PC_CGROUPS "/sys/fs/cgroup"

/* Can root alone make folders above the unit, container or pod that the path of `who` names? `cgroups` is
 * PC_CGROUPS. A folder that cannot be found says nothing. */
bool pc_group_is_roots_word(const char *cgroups, const struct pc_identity *who);

/* The same about the container of `who`. If not, its `container_word` says so: no file of root's tells the name of
 * such a container. */
bool pc_group_judge_word(const char *cgroups, struct pc_identity *who);

#endif
