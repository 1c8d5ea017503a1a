/* SPDX-License-Identifier: GPL-2.0-only */
/* Which processes have a socket open: /proc/PID/fd, searched once for many sockets. */
#ifndef PORTCLASH_OWNERS_H
#define PORTCLASH_OWNERS_H

#include "core/audit.h"

/* The identities that entries point to; freed after them. */
struct pc_owners {
	struct pc_identity **list;
	size_t count;
	size_t room;
	unsigned hidden; /* processes whose descriptors may not be looked at */
};

/* Fills owners, owners_count and process_note of `count` entries by the inodes of their sockets.
 * `proc` is "/proc". Processes that come or end meanwhile may be found or not. 0 or a negative
 * errno; the entries hold what was found till then. */
int pc_owners_find(const char *proc, struct pc_audit_entry **entries, size_t count,
		   struct pc_owners *owners);

/* The identity of the process that has this pid now, read once; NULL when it cannot be read. */
const struct pc_identity *pc_owners_identity(const char *proc, uint32_t pid,
					     struct pc_owners *owners);

void pc_owners_free(struct pc_owners *owners);

#endif
