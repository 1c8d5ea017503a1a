/* SPDX-License-Identifier: GPL-2.0-only */
/* A socket of the kernel's and the tunnel to which it belongs. The port alone does not tell: a tunnel of IPv4 and one
 * of IPv6 can have the same. A device that was moved to another network namespace leaves its socket behind, and
 * nothing here shows the device. */
#ifndef PORTCLASH_TUNNEL_MATCH_H
#define PORTCLASH_TUNNEL_MATCH_H

#include "core/base/model.h"

enum pc_tunnel_match {
	PC_TUNNEL_OTHER = 0, /* the socket is not this tunnel's */
	PC_TUNNEL_PERHAPS,
	PC_TUNNEL_SURE, /* others may share it */
};

/* Is this holder's socket the tunnel's? The verdict has the other sockets and tunnels of the port. */
enum pc_tunnel_match pc_tunnel_match(const struct pc_verdict *v, const struct pc_holder *h,
				     const struct pc_tunnel *t);

/* The best match of the tunnel with a socket of the kernel's that blocks. */
enum pc_tunnel_match pc_tunnel_match_blocker(const struct pc_verdict *v, const struct pc_tunnel *t);

/* Does any tunnel match this holder so well? */
bool pc_tunnel_matches(const struct pc_verdict *v, const struct pc_holder *h,
		       enum pc_tunnel_match match);

/* Is there a tunnel that surely has it, for each socket of the kernel's that blocks? */
bool pc_tunnel_all_known(const struct pc_verdict *v);

/* Gives the one tunnel that is down and for which the kernel may have asked for the socket that was refused. NULL:
 * there is none, or there are several. */
const struct pc_tunnel *pc_tunnel_refused(const struct pc_verdict *v);

#endif
