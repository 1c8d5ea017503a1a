/* SPDX-License-Identifier: GPL-2.0-only */
/* Subordinate user ids: a user may have many user ids in user namespaces of its own (subuid(5)). */
#ifndef PORTCLASH_SUBUID_H
#define PORTCLASH_SUBUID_H

#include <stdint.h>

#include "portclash/values.h"

/* Gives the first of the user ids that belong to the same user. An id of the machine stands for itself. */
static inline uint64_t pc_subuid_first(uint64_t uid)
{
	return uid < PC_SUBUID_FIRST ? uid : uid - (uid - PC_SUBUID_FIRST) % PC_SUBUID_COUNT;
}

#endif
