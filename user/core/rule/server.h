/* SPDX-License-Identifier: GPL-2.0-only */
/* The causes a server in the way can have: why it and the refused one cannot share. */
#ifndef PORTCLASH_SERVER_H
#define PORTCLASH_SERVER_H

#include "core/rule/conflict.h"
#include "core/base/model.h"

/* Decides which cause applies to this blocking holder, of those that docs/causes.md ranks for
 * servers: inherited-listener, reuseport-mismatch, duplicate-instance, dual-stack,
 * wildcard-overlap, or listener when none does. */
enum pc_cause pc_server_cause(const struct pc_verdict *v, const struct pc_holder *h);

/* Why SO_REUSEPORT does not let the two share although one of them at least has it. */
enum pc_reuseport {
	PC_REUSEPORT_NO_MATTER = 0, /* neither has it, or it would not help */
	PC_REUSEPORT_USERS,	    /* both have it, as different users */
	PC_REUSEPORT_REFUSED_ONLY,
	PC_REUSEPORT_HOLDER_ONLY,
};

enum pc_reuseport pc_reuseport_of(const struct pc_verdict *v, const struct pc_holder *h);

/* Would the kernel let `asking` in beside all the sockets on the port? `change` alters each of their sides
 * first; NULL: they stay as they are. No, where a socket could not be described, and where the kernel
 * refused the request for a socket that the rule lets pass. */
bool pc_server_fits(const struct pc_verdict *v, const struct pc_side *asking,
		    void (*change)(struct pc_side *holding));

/* Do the two sides' addresses overlap only because of [::] without IPV6_V6ONLY? */
bool pc_dual_stack(const struct pc_side *asking, const struct pc_side *holding);

/* Is one of the two any address, and the other a specific one? */
bool pc_wildcard_overlap(const struct pc_side *asking, const struct pc_side *holding);

/* Does this side take [::] and, without IPV6_V6ONLY, IPv4 too? */
bool pc_side_is_dual_stack(const struct pc_side *side);

/* Is it any address of its family: 0.0.0.0, ::, ::ffff:0.0.0.0? */
bool pc_side_is_any(const struct pc_side *side);

#endif
