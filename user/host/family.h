/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a process comes from: its parent and its session, of now. `root` as in procfs.h. */
#ifndef PORTCLASH_FAMILY_H
#define PORTCLASH_FAMILY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model.h"

struct pc_family {
	uint32_t parent;  /* 0: none, or outside of this pid namespace */
	uint32_t session; /* pid of its leader, which can have exited; 0: the kernel's own */
};

/* 0, -ESRCH: no such process; -EBADMSG: its stat file cannot be understood, or another errno. */
int pc_family_read(const char *root, uint32_t pid, struct pc_family *out);

/* Did this process leave the session of `maker`, who started it, as daemon(3) does? It leads one
 * of its own; or the leader is neither the maker nor there any more, as after a double fork(),
 * which cannot be told from a child whose terminal was closed: then it is taken for a daemon,
 * of which less is said. */
bool pc_family_is_daemon(const char *root, uint32_t pid, uint32_t maker);

/* Parent and child, or children of one parent that runs the file of `a` too: the processes of
 * one server. False when one of them has exited. */
bool pc_family_is_kin(const char *root, const struct pc_identity *a, const struct pc_identity *b);

#endif
