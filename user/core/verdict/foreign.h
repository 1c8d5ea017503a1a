/* SPDX-License-Identifier: GPL-2.0-only */
/* Decision and holders of a refusal that is foreign: of a socket that is neither TCP nor UDP. Pure. */
#ifndef PORTCLASH_VERDICT_FOREIGN_H
#define PORTCLASH_VERDICT_FOREIGN_H

#include "core/verdict/holder_owners.h"

/* The most keys of one such verdict. */
#define PC_FOREIGN_KEYS 2

/* Is the request for something other than a port? */
static inline bool pc_request_is_foreign(const struct pc_request *r)
{
	return r->foreign.family != 0;
}

/* Fills `keys` of the set `wanted_sockets`; returns their number. */
size_t pc_foreign_keys(const struct pc_verdict *v, uint64_t *keys);

/* Gives an open socket to the verdict. If it has the refused name, it becomes a holder, and its process
 * an owner. */
void pc_foreign_give(struct pc_verdict *v, const struct pc_open_socket *o, pc_owner_name_fn name,
		     void *context);

/* Says which cause it is, and which holder it speaks of. */
enum pc_cause pc_decide_foreign(struct pc_verdict *v);

/* Says why evidence is missing; NULL: it is complete. Static. */
const char *pc_foreign_missing(const struct pc_verdict *v);

#endif
