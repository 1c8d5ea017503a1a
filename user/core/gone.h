/* SPDX-License-Identifier: GPL-2.0-only */
/* Listeners that have ended and that a server will want to be again: what was there, for the day
 * the kernel gives their port to a client. Pure. */
#ifndef PORTCLASH_GONE_H
#define PORTCLASH_GONE_H

#include "core/model.h"

/* At most so many are remembered; the one that ended first gives way. A deployment restarts some
 * hundred servers at once at most. */
#define PC_GONE_MAX 512

/* So long a listener is missed. One that is away for longer is a case for `portclash audit`. */
#define PC_GONE_KEEP_NS 3600000000000ULL

/* A TCP listener on a port that was asked for by number. */
struct pc_gone {
	uint64_t gone_ns; /* boot clock: it was closed */
	uint16_t port;
	uint8_t family;
	uint8_t local[PC_ADDR_LEN];
	struct pc_party party;	     /* who made it; `who` is NULL or points to `identity` */
	struct pc_identity identity; /* a copy of its own */
};

struct pc_gone_table;

struct pc_gone_table *pc_gone_new(void);
void pc_gone_free(struct pc_gone_table *table);

/* Adds a listener that ended, in place of one on the same port; `gone->party` is copied with all
 * that it points to. The port that is remembered no more because of it, or 0; or -ENOMEM. */
int pc_gone_put(struct pc_gone_table *table, const struct pc_gone *gone);

/* Valid until the next put, drop or expiry; NULL: none is missed on this port. */
const struct pc_gone *pc_gone_find(const struct pc_gone_table *table, uint16_t port);

/* Was one missed on this port? It is no more. */
bool pc_gone_drop(struct pc_gone_table *table, uint16_t port);

/* The port of a listener that ended before `now_ns` - PC_GONE_KEEP_NS, which is dropped; 0: there
 * is none. */
uint16_t pc_gone_expire(struct pc_gone_table *table, uint64_t now_ns);

#endif
