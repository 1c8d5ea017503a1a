/* SPDX-License-Identifier: GPL-2.0-only */
/* Listeners that have ended and that a server will want to be again: what was there, for the day
 * the kernel gives their port to a client. Pure. */
#ifndef PORTCLASH_ENDED_H
#define PORTCLASH_ENDED_H

#include "core/process/family.h"

/* The table holds at most so many listeners, of one family one a port. A deployment restarts some hundred servers at once at most. At
 * the limit, the one gives way that ended first, of the family of users with most. Root's give way last, as long as
 * another family has more than PC_ENDED_FAIR. */
#define PC_ENDED_MAX 512
#define PC_ENDED_FAIR 64

/* A listener is missed for so long. One that stays away for longer is a case for `portclash
 * audit`. */
#define PC_ENDED_KEEP_NS 3600000000000ULL

/* A TCP listener on a port that was asked for by number. */
struct pc_ended {
	uint64_t ended_ns; /* boot clock: it was closed */
	uint16_t port;
	uint8_t family;
	uint8_t local[PC_ADDR_LEN];
	struct pc_family owner;	     /* whose it was */
	struct pc_party party;	     /* who made it; `who` is NULL or points to `identity` */
	struct pc_identity identity; /* a copy of its own */
};

struct pc_ended_table;

/* The table remembers for at least so long, and for twice as long at most, that a listener gave way on a port. */
#define PC_FORGOTTEN_KEEP_NS PC_ENDED_KEEP_NS

struct pc_ended_table *pc_ended_new(void);
void pc_ended_free(struct pc_ended_table *table);

/* Adds a listener that ended, in place of one of the same family on the same port; `gone->party` is copied with all
 * that it points to. The port of a listener that is remembered no more because of it, or 0; or -ENOMEM. */
int pc_ended_put(struct pc_ended_table *table, const struct pc_ended *gone);

/* The listener that is missed on this port: root's, else the one that ended last. Valid until the next put, drop or
 * expiry; NULL: none is missed. */
const struct pc_ended *pc_ended_find(const struct pc_ended_table *table, uint16_t port);

/* Has a listener on this port given way in the last two hours? Root's server on the port ends that, too. */
bool pc_ended_forgot(struct pc_ended_table *table, uint16_t port, uint64_t now_ns);

/* A process of the family `by` has the port: its own listener there is not missed any more, and with root's no
 * listener is. Another user's process may have the port for a moment only. Was one dropped? */
bool pc_ended_drop(struct pc_ended_table *table, uint16_t port, const struct pc_family *by);

/* The port of a listener that ended before `now_ns` - PC_ENDED_KEEP_NS, which is dropped; 0: there
 * is none. */
uint16_t pc_ended_expire(struct pc_ended_table *table, uint64_t now_ns);

#endif
