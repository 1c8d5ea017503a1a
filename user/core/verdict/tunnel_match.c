// SPDX-License-Identifier: GPL-2.0-only
/* Sockets of the kernel's and the tunnels of the same port (vxlan_sock_add(), geneve_open(), bareudp_create_sock(),
 * wg_socket_init()). */
#include "core/verdict/tunnel_match.h"

#include "core/process/party.h"

#define WALK_CUT (PC_WALK_TRUNCATED | PC_WALK_NO_TABLE | PC_WALK_BY_ADDRESS)

static uint8_t kind_of_socket(const struct pc_socket *s)
{
	if (s->family == PC_FAMILY_V4)
		return PC_TUNNEL_V4;
	return s->flags & PC_SOCKET_V6ONLY ? PC_TUNNEL_V6 : PC_TUNNEL_DUAL;
}

static bool may_hold(const struct pc_holder *h, const struct pc_tunnel *t)
{
	return h->socket.proto == PC_PROTO_UDP && t->up && t->port && t->port == h->socket.lport &&
	       t->sockets & kind_of_socket(&h->socket);
}

/* Are all sockets that the kernel has on this port of the same kind? A tunnel that is up has one of them. */
static bool is_only_kind(const struct pc_verdict *v, const struct pc_holder *h)
{
	if (v->holders_total > v->holders_count || v->walk & WALK_CUT)
		return false;
	for (unsigned i = 0; i < v->holders_count; i++)
		if (pc_holder_is_kernels(&v->holders[i]) &&
		    kind_of_socket(&v->holders[i].socket) != kind_of_socket(&h->socket))
			return false;
	return true;
}

static bool is_only_candidate(const struct pc_verdict *v, const struct pc_holder *h,
			      const struct pc_tunnel *t)
{
	for (uint32_t i = 0; i < v->tunnels.count; i++)
		if (&v->tunnels.list[i] != t && may_hold(h, &v->tunnels.list[i]))
			return false;
	return v->tunnels.total == v->tunnels.count;
}

enum pc_tunnel_match pc_tunnel_match(const struct pc_verdict *v, const struct pc_holder *h,
				     const struct pc_tunnel *t)
{
	bool sure;

	if (!pc_holder_is_kernels(h) || !may_hold(h, t))
		return PC_TUNNEL_OTHER;
	/* WireGuard shares no socket, and does not say that a device came from another network namespace. Of those
	 * for different VRFs, each has a socket. */
	if (t->kind == PC_TUNNEL_WIREGUARD || h->socket.ifindex)
		sure = is_only_candidate(v, h, t);
	else
		sure = t->sockets_known || is_only_kind(v, h);
	return sure ? PC_TUNNEL_SURE : PC_TUNNEL_PERHAPS;
}

enum pc_tunnel_match pc_tunnel_match_blocker(const struct pc_verdict *v, const struct pc_tunnel *t)
{
	enum pc_tunnel_match best = PC_TUNNEL_OTHER;

	for (unsigned i = 0; i < v->holders_count; i++) {
		enum pc_tunnel_match match = pc_tunnel_match(v, &v->holders[i], t);

		if (v->holders[i].blocking && match > best)
			best = match;
	}
	return best;
}

bool pc_tunnel_matches(const struct pc_verdict *v, const struct pc_holder *h,
		       enum pc_tunnel_match match)
{
	for (uint32_t i = 0; i < v->tunnels.count; i++)
		if (pc_tunnel_match(v, h, &v->tunnels.list[i]) == match)
			return true;
	return false;
}

bool pc_tunnel_all_known(const struct pc_verdict *v)
{
	for (unsigned i = 0; i < v->holders_count; i++)
		if (v->holders[i].blocking && pc_holder_is_kernels(&v->holders[i]) &&
		    !pc_tunnel_matches(v, &v->holders[i], PC_TUNNEL_SURE))
			return false;
	return true;
}

const struct pc_tunnel *pc_tunnel_refused(const struct pc_verdict *v)
{
	const struct pc_tunnel *found = NULL;

	for (uint32_t i = 0; i < v->tunnels.count; i++) {
		const struct pc_tunnel *t = &v->tunnels.list[i];

		if (t->up || t->port != v->request.wanted_port ||
		    !(t->sockets & kind_of_socket(&v->request.socket)))
			continue;
		if (found)
			return NULL;
		found = t;
	}
	return found;
}
