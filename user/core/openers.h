/* SPDX-License-Identifier: GPL-2.0-only */
/* Who has the holders of a verdict open now, and who is at the other end of their connections: what
 * a pass over the descriptor tables is to look for, and what becomes of what it finds. */
#ifndef PORTCLASH_OPENERS_H
#define PORTCLASH_OPENERS_H

#include "core/model.h"

/* Keys of one verdict at most: of each holder its inode, and two for the other end. */
#define PC_OPENERS_KEYS (3 * PC_HOLDERS_MAX)

/* Fills `keys` of the set `wanted_sockets`; returns how many. */
size_t pc_openers_keys(const struct pc_verdict *v, uint64_t *keys);

/* Names the process of a record: false when that is not possible, and nothing is written. */
typedef bool (*pc_opener_fn)(void *context, const struct pc_owner *owner, struct pc_party *out);

/* Gives an open socket to the holders it belongs to: an owner, each process once and PC_OWNERS_MAX
 * at most, with its descriptor; or the peer, whoever has accepted the connection, else who listens
 * for it. `name` is asked only for what is taken. */
void pc_openers_give(struct pc_verdict *v, const struct pc_owner *o, pc_opener_fn name,
		     void *context);

#endif
