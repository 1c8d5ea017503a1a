/* SPDX-License-Identifier: GPL-2.0-only */
/* The users whose claims bpf/share.bpf.h left out, by the slots of its shares. */
#ifndef PORTCLASH_SHARE_LOSERS_H
#define PORTCLASH_SHARE_LOSERS_H

#include "core/base/losers.h"
#include "portclash/record.h"

/* Counts what each slot has lost since the last call. The last slot is of all who find no other: it knows only the last
 * of them, and each may have lost a claim. */
static inline void pc_share_losers_take(volatile struct pc_share *shares, struct pc_losers *losers)
{
	for (unsigned i = 0; i < PC_SHARES; i++) {
		volatile struct pc_share *s = &shares[i];
		uint64_t lost = s->lost, more = lost - s->told;

		if (more && i == PC_SHARES - 1)
			losers->others += more;
		else if (more)
			pc_losers_add(losers, s->uid, more);
		s->told = lost;
	}
}

#endif
