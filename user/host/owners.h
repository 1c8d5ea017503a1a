/* SPDX-License-Identifier: GPL-2.0-only */
/* The owners of sockets: /proc/PID/fd, searched once for many sockets. */
#ifndef PORTCLASH_OWNERS_H
#define PORTCLASH_OWNERS_H

#include "core/base/model.h"

/* The identities of the owners that were found. They outlive every pc_party that points to them. */
struct pc_owners {
	struct pc_identity **list;
	size_t count;
	size_t room;
	struct pc_given *given; /* names of containers; NULL: none was sought yet */
	unsigned hidden;	/* processes whose descriptors may not be looked at */
};

/* A socket whose owners are sought, and where the search puts them. */
struct pc_owners_sought {
	const struct pc_socket *socket;
	struct pc_party *owners; /* room for PC_OWNERS_MAX */
	unsigned *owners_count;
	const char **note; /* why no owner is named, static; NULL: one is */
};

/* Finds the owners of `count` sockets by their inodes, and sorts `sought`. `proc` is "/proc".
 * Processes that come or end meanwhile may be found or not. 0 or a negative errno; the sockets have
 * the owners that were found until then. */
int pc_owners_find(const char *proc, struct pc_owners_sought *sought, size_t count,
		   struct pc_owners *owners);

/* Gives the identity of the process that has this pid now; it is read once. NULL: it cannot be
 * read. */
const struct pc_identity *pc_owners_identity(const char *proc, uint32_t pid,
					     struct pc_owners *owners);

void pc_owners_free(struct pc_owners *owners);

#endif
