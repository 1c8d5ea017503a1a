/* SPDX-License-Identifier: GPL-2.0-only */
/* A family is whom a quota is for: a user with all that it can make itself into, or a container. Pure. */
#ifndef PORTCLASH_FAMILY_H
#define PORTCLASH_FAMILY_H

#include "core/base/model.h"

/* A container's id, cut. */
#define PC_FAMILY_CONTAINER 65

struct pc_family {
	uint32_t users; /* the first of the user ids: one user may have many (subuid(5)) */
	char container[PC_FAMILY_CONTAINER]; /* "": none */
};

/* Fills `out` for a process of this user; `who` NULL: its container is not known. A container counts where the
 * user could not have made up its name. */
void pc_family_of(uint32_t uid, const struct pc_identity *who, struct pc_family *out);

/* The same, for a process of whom no more is known. Processes that are not known (`who` NULL) are one user's. */
uint32_t pc_family_user(const struct pc_identity *who);
void pc_family_of_process(const struct pc_identity *who, struct pc_family *out);

bool pc_family_same(const struct pc_family *a, const struct pc_family *b);

/* Root outside of containers: no quota keeps it from anything. */
bool pc_family_is_root(const struct pc_family *family);

#endif
