/* SPDX-License-Identifier: GPL-2.0-only */
/* The flight recorder: the claims of the last minutes, in a file that the agent has mapped. It wraps round, and
 * stays when the agent is killed. Pure: the caller brings the memory and the time. A claim is one slot, whole or
 * recognised as torn. When all slots are taken, the user with most claims gives up the oldest of them: a flood
 * pushes out its own claims. */
#ifndef PORTCLASH_FLIGHT_H
#define PORTCLASH_FLIGHT_H

#include "core/base/model.h"
#include "core/flight/format.h"

/* Users that have a share of their own; further ones have one together. One user may have many user ids
 * (subuid(5)): they are one here. A container of the system's counts as a user. */
#define PC_FLIGHT_SHARES 64

struct pc_flight;

/* The counts of a file since it was begun. */
struct pc_flight_account {
	uint64_t claims;      /* recorded */
	uint64_t overwritten; /* for want of room */
	uint64_t
		since_ns; /* wall clock: from then on every claim is there that reached the agent */
};

/* Takes over `map`, `size` bytes, 8-aligned: what a former agent recorded there in the same layout stays, all else is
 * emptied. `keep_ns`: claims that are older are wiped. `now_ns`: this and all times below are wall clock. NULL
 * without memory, or where not one slot fits; the map is as it was then. The map stays the caller's. */
struct pc_flight *pc_flight_new(void *map, size_t size, uint64_t keep_ns, uint64_t now_ns);
void pc_flight_free(struct pc_flight *f);

/* The agent watches from now on: it misses no claim. */
void pc_flight_begin(struct pc_flight *f, uint64_t now_ns);

/* Records a claim. A claim whose port is not known is counted only. */
void pc_flight_claim(struct pc_flight *f, const struct pc_claim *c, uint64_t wall_minus_boot_ns);

/* The socket of this claim listens, and its end will be told; or else it only keeps its port, and no end will be told. */
void pc_flight_listens(struct pc_flight *f, uint64_t cookie, bool listens);

/* The socket of this claim was closed, in this state (enum pc_state). */
void pc_flight_end(struct pc_flight *f, uint64_t cookie, uint8_t state, uint64_t now_ns);

/* Records that were lost since the agent's start. The loss of a claim leaves what is known of the sockets of other
 * claims as it is. */
struct pc_flight_losses {
	uint64_t records; /* of all kinds */
	uint64_t ends;	  /* those that may have been the end of a socket */
};

/* Once a round: wipes what is old, and notes that the agent lives. */
void pc_flight_round(struct pc_flight *f, const struct pc_flight_losses *lost, uint64_t now_ns);

void pc_flight_count(const struct pc_flight *f, struct pc_flight_account *out);

/* The agent ends. */
void pc_flight_close(struct pc_flight *f, uint64_t now_ns);

#endif
