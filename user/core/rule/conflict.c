// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's conflict rule as a pure function; sources in conflict.h. */
#include "core/rule/conflict.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/base/address.h"

/* LOOPBACK4_IPV6 (include/net/ipv6.h): sk_rcv_saddr of a socket on a specific IPv6 address. */
#define V6_AS_V4 0x7f000006

/* sk_reuse == SK_FORCE_REUSE (TCP_REPAIR): the check is skipped altogether. */
#define REUSE_FORCED 2

enum kind { KIND_V4, KIND_ANY, KIND_MAPPED, KIND_SPECIFIC };

static enum kind conflict_kind_of(const struct pc_side *s)
{
	if (s->family != PC_FAMILY_V6)
		return KIND_V4;
	if (pc_address_is_any(PC_FAMILY_V6, s->v6))
		return KIND_ANY;
	return pc_address_is_mapped(PC_FAMILY_V6, s->v6) ? KIND_MAPPED : KIND_SPECIFIC;
}

static uint32_t v4_of_v6(const uint8_t *v6)
{
	uint32_t v4;

	if (pc_address_is_any(PC_FAMILY_V6, v6))
		return 0;
	if (!pc_address_is_mapped(PC_FAMILY_V6, v6))
		return htonl(V6_AS_V4);
	memcpy(&v4, v6 + 12, sizeof(v4));
	return v4;
}

void pc_side_of_holder(const struct pc_socket *s, struct pc_side *out)
{
	memset(out, 0, sizeof(*out));
	out->family = s->family;
	memcpy(out->v6, s->local, sizeof(out->v6));
	out->v4 = s->v4_address;
	out->uid = s->uid;
	out->ifindex = s->ifindex;
	out->v6only = s->flags & PC_SOCKET_V6ONLY;
	out->reuse = s->reuse;
	out->reuseport = s->flags & PC_SOCKET_REUSEPORT;
	out->reuseport_cb = s->flags & PC_SOCKET_REUSEPORT_CB;
	out->listening = s->proto == PC_PROTO_TCP && s->state == PC_STATE_LISTEN;
	out->time_wait = s->state == PC_STATE_TIME_WAIT;
}

void pc_side_of_requester(const struct pc_request *r, struct pc_side *out)
{
	pc_side_of_holder(&r->socket, out);
	if (r->op == PC_OP_LISTEN)
		return;
	out->family = r->wanted_family;
	memcpy(out->v6, r->wanted, sizeof(out->v6));
	if (r->wanted_family != PC_FAMILY_V6) {
		memcpy(&out->v4, r->wanted, sizeof(out->v4));
		return;
	}
	out->v4 = v4_of_v6(r->wanted);
	/* __inet6_bind(): a specific IPv6 address makes the socket v6-only for the check. */
	if (conflict_kind_of(out) == KIND_SPECIFIC)
		out->v6only = true;
}

static bool v4_overlap(const struct pc_side *a, const struct pc_side *b)
{
	return !b->v6only && (a->v4 == b->v4 || !a->v4 || !b->v4);
}

bool pc_addresses_overlap(const struct pc_side *asking, const struct pc_side *holding)
{
	enum kind a = conflict_kind_of(asking), h = conflict_kind_of(holding);
	bool h_is_v4 = h == KIND_V4 || h == KIND_MAPPED;

	if (a == KIND_V4)
		return v4_overlap(asking, holding);
	if (a == KIND_MAPPED && h_is_v4)
		return v4_overlap(asking, holding);
	if (h == KIND_ANY)
		return a != KIND_MAPPED || !holding->v6only;
	if (a == KIND_ANY)
		return !h_is_v4 || !asking->v6only;
	return h != KIND_V4 && memcmp(asking->v6, holding->v6, sizeof(asking->v6)) == 0;
}

static bool share_reuseaddr(uint8_t proto, const struct pc_side *a, const struct pc_side *h)
{
	/* UDP has no listening state: both sides with SO_REUSEADDR always share. */
	return a->reuse && h->reuse && (proto == PC_PROTO_UDP || !h->listening);
}

static bool share_reuseport(const struct pc_side *a, const struct pc_side *h)
{
	/* 5.14+ also allow a group in which sockets were closed; not seen from outside. */
	return a->reuseport && h->reuseport && !a->reuseport_cb &&
	       (h->time_wait || a->uid == h->uid);
}

bool pc_conflict(uint8_t proto, const struct pc_side *asking, const struct pc_side *holding)
{
	if (proto == PC_PROTO_TCP && asking->reuse == REUSE_FORCED)
		return false;
	if (asking->ifindex && holding->ifindex && asking->ifindex != holding->ifindex)
		return false;
	if (!pc_addresses_overlap(asking, holding))
		return false;
	return !share_reuseaddr(proto, asking, holding) && !share_reuseport(asking, holding);
}
