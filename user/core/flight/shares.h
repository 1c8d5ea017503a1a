/* SPDX-License-Identifier: GPL-2.0-only */
/* The users of a flight recorder's slots: for each user a queue, and by cookie the slots of sockets that are open.
 * All operations but pc_flight_shares_victim() take constant time. */
#ifndef PORTCLASH_FLIGHT_SHARES_H
#define PORTCLASH_FLIGHT_SHARES_H

#include <stdint.h>

#define PC_FLIGHT_NONE UINT32_MAX

struct pc_flight_user {
	uint64_t block; /* core/base/subuid.h */
	uint32_t container;
};

struct pc_flight_shares;

struct pc_flight_shares *pc_flight_shares_new(uint32_t slots);
void pc_flight_shares_free(struct pc_flight_shares *s);

/* Makes the slots free that nobody has. Once; until then slots are taken in any order, and none is free. */
void pc_flight_shares_ready(struct pc_flight_shares *s);

/* A slot that nobody has; PC_FLIGHT_NONE: all are taken. */
uint32_t pc_flight_shares_free_slot(const struct pc_flight_shares *s);

/* Gives the slot that pc_flight_shares_free_slot() named to this user, as its newest. `cookie` 0: it is not found by one. */
void pc_flight_shares_take(struct pc_flight_shares *s, uint32_t slot,
			   const struct pc_flight_user *user, uint64_t cookie);

/* Makes it free. */
void pc_flight_shares_drop(struct pc_flight_shares *s, uint32_t slot);

/* The oldest slot of the user who has most; some slot is taken. */
uint32_t pc_flight_shares_victim(const struct pc_flight_shares *s);

/* The oldest slot of the user with this number, below PC_FLIGHT_SHARES; PC_FLIGHT_NONE: there is none. */
uint32_t pc_flight_shares_oldest(const struct pc_flight_shares *s, unsigned share);

/* The newest slot with this cookie; PC_FLIGHT_NONE: there is none. pc_flight_shares_forget(): it is not found by its
 * cookie any more. */
uint32_t pc_flight_shares_find(const struct pc_flight_shares *s, uint64_t cookie);
void pc_flight_shares_forget(struct pc_flight_shares *s, uint32_t slot);

#endif
