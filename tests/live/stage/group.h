/* SPDX-License-Identifier: GPL-2.0-only */
/* Control groups for puppets to be moved into, below a folder of the tests' own. */
#ifndef LIVE_STAGE_GROUP_H
#define LIVE_STAGE_GROUP_H

#include "stage/puppet.h"

#define GROUP_ROOT "portclash-live.slice"

/* Makes the group ("/" GROUP_ROOT "/orders.service") where it is missing, and moves the puppet
 * there; skips the scenario where that cannot be done. */
void group_move(struct test *t, const char *path, struct puppet *p);

/* The same in the hierarchy of cgroup v1 that has the controller "pids". */
void group_move_v1(struct test *t, const char *path, struct puppet *p);

/* Returns, in `out`, the folder of the group. 0, or -ENOENT: cgroup v2 is not mounted. */
int group_folder(const char *path, char *out, size_t size);

/* Removes the empty folders of the group, in both hierarchies, once its puppets have exited. */
void group_remove(const char *path);

#endif
