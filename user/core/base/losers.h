/* SPDX-License-Identifier: GPL-2.0-only */
/* The users whose claims the kernel side left out, because they made more than their share of the ring. */
#ifndef PORTCLASH_LOSERS_H
#define PORTCLASH_LOSERS_H

#include <stdbool.h>
#include <stdint.h>

/* Users that are counted each for itself. The claims of all later ones are counted together. */
#define PC_LOSERS_MAX 16

struct pc_loser {
	uint64_t lost; /* claims */
	uint64_t uid;  /* with which the user made the last of them */
};

struct pc_losers {
	struct pc_loser users[PC_LOSERS_MAX];
	uint64_t count;
	uint64_t others; /* claims of all other users */
};

/* Counts `lost` claims of a user. All ids of a user count as one (subuid.h). */
void pc_losers_add(struct pc_losers *losers, uint32_t uid, uint64_t lost);

/* May this user have lost a claim? */
bool pc_losers_have(const struct pc_losers *losers, uint32_t uid);

/* Has any user? */
static inline bool pc_losers_any(const struct pc_losers *losers)
{
	return losers->count || losers->others;
}

/* The losses after those of an earlier copy. */
void pc_losers_since(const struct pc_losers *losers, const struct pc_losers *then,
		     struct pc_losers *out);

#endif
