/* SPDX-License-Identifier: GPL-2.0-only */
/* A file system of a user's that never answers: FUSE, by /dev/fuse itself. A child of the puppet serves it. It
 * answers names and attributes until it is told to fall silent, and never a read of the one file. */
#ifndef LIVE_STAGE_DEAD_FILES_H
#define LIVE_STAGE_DEAD_FILES_H

#include "stage/puppet.h"

/* A puppet of this user mounts it in a user and a mount namespace of its own, as any user can. A puppet of root's
 * mounts it for the user in a mount namespace, open to all users, as `allow_other` does, and becomes that user. Skips
 * the scenario where there is no FUSE. `folder` (512 bytes) receives the path of the mount. */
void dead_files_mount(struct puppet *by, uid_t uid, char *folder);

/* From now on nobody gets an answer but the puppet itself. The second: how many calls wait for one. */
void dead_files_fall_silent(struct puppet *by);
unsigned dead_files_waiting(struct puppet *by);

/* Has the arguments of the puppet, which needs some pages of them (DEAD_ARGUMENT), lie in the file. The kernel
 * reads none of a file since 4.17. */
void dead_files_take_arguments(struct puppet *by);
#define DEAD_ARGUMENT (4 * 4096)

/* Makes a thread of the puppet read a page of the file, and hold the lock of the puppet's memory while it waits
 * for it; another thread waits to change the memory. So whoever reads the arguments of the puppet waits, too. The puppet
 * makes system calls as before, but can change its memory no more. */
void dead_files_hold_memory(struct puppet *by);

/* Does a read of the puppet's arguments wait? */
bool dead_files_block_arguments(const struct puppet *by);

#endif
