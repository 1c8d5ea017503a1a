// SPDX-License-Identifier: GPL-2.0-only
/* Decode checked records, field by field. */
#include "core/join/decode.h"

#include <stddef.h>
#include <string.h>

#include "core/verdict/decide.h"

void pc_socket_decode(const struct pc_socket_record *r, struct pc_socket *out)
{
	*out = (struct pc_socket){
		.cookie = r->cookie,
		.inode = r->inode,
		.v4_address = r->v4_address,
		.uid = r->uid,
		.ifindex = r->ifindex,
		.netns = r->netns,
		.lport = r->lport,
		.rport = r->rport,
		.family = r->family,
		.flags = r->flags,
		.proto = r->proto,
		.state = r->state,
		.substate = r->substate,
		.userlocks = r->userlocks,
		.reuse = r->reuse,
		.fastreuse = r->fastreuse,
		.fastreuseport = r->fastreuseport,
		.seconds_left = r->seconds_left,
	};
	memcpy(out->local, r->local, sizeof(out->local));
	memcpy(out->remote, r->remote, sizeof(out->remote));
}

void pc_socket_encode(const struct pc_socket *s, struct pc_socket_record *out)
{
	*out = (struct pc_socket_record){
		.cookie = s->cookie,
		.inode = s->inode,
		.v4_address = s->v4_address,
		.uid = s->uid,
		.ifindex = s->ifindex,
		.netns = s->netns,
		.lport = s->lport,
		.rport = s->rport,
		.family = s->family,
		.flags = s->flags,
		.proto = s->proto,
		.state = s->state,
		.substate = s->substate,
		.userlocks = s->userlocks,
		.reuse = s->reuse,
		.fastreuse = s->fastreuse,
		.fastreuseport = s->fastreuseport,
		.seconds_left = s->seconds_left,
	};
	memcpy(out->local, s->local, sizeof(out->local));
	memcpy(out->remote, s->remote, sizeof(out->remote));
}

void pc_endpoints_decode(const struct pc_endpoints_record *r, struct pc_endpoints *out)
{
	*out = (struct pc_endpoints){
		.cookie = r->cookie,
		.lport = r->lport,
		.rport = r->rport,
		.family = r->family,
		.state = r->state,
	};
	memcpy(out->local, r->local, sizeof(out->local));
	memcpy(out->remote, r->remote, sizeof(out->remote));
}

void pc_claim_decode(const struct pc_claim_record *r, struct pc_claim *out)
{
	*out = (struct pc_claim){
		.time_ns = r->time_ns,
		.cookie = r->cookie,
		.netns = r->netns,
		.port = r->port,
		.how = r->how,
		.proto = r->proto,
		.family = r->family,
		.claimer = { .key = r->process, .tid = r->tid, .fd = -1 },
	};
	memcpy(out->claimer.comm, r->comm, sizeof(out->claimer.comm));
}

void pc_merged_decode(const struct pc_merged_record *r, struct pc_merged *out)
{
	*out = (struct pc_merged){
		.scope = r->scope,
		.count = r->count,
		.first_ns = r->first_ns,
		.last_ns = r->last_ns,
		.request = {
			.op = r->op,
			.error = r->error,
			.proto = r->proto,
			.wanted_family = r->wanted_family,
			.wanted_port = r->wanted_port,
			.uid = r->uid,
			.netns = r->netns,
		},
		.requester = { .key = r->process, .fd = -1 },
	};
	memcpy(out->request.wanted, r->wanted, sizeof(out->request.wanted));
	memcpy(out->requester.comm, r->comm, sizeof(out->requester.comm));
	if (r->proto != PC_PROTO_UNIX && r->proto != PC_PROTO_OTHER)
		return;
	out->request.wanted_port = 0;
	out->request.foreign.family = r->wanted_family;
	out->request.foreign.protocol = r->wanted_port;
}

void pc_open_socket_decode(const struct pc_owner_record *r, struct pc_open_socket *out)
{
	*out = (struct pc_open_socket){ .process = r->process, .fd = (int)r->fd };
	memcpy(out->comm, r->comm, sizeof(out->comm));
	pc_socket_decode(&r->socket, &out->socket);
}

static void decode_request(const struct pc_refusal_record *r, struct pc_request *out)
{
	*out = (struct pc_request){
		.op = r->op,
		.error = r->error,
		.late = r->marks & PC_MARK_LATE,
		.proto = r->proto,
		.wanted_family = r->wanted_family,
		.wanted_port = r->wanted_port,
		.own_low = r->own_low,
		.own_high = r->own_high,
		.no_source = r->marks & PC_MARK_NO_SOURCE,
		.capable = r->marks & PC_MARK_CAPABLE,
		.userns = r->marks & PC_MARK_USERNS,
		.in_netns = r->marks & PC_MARK_IN_NETNS,
		.uid = r->uid,
		.netns = r->netns,
		.netns_key = r->netns_key,
	};
	memcpy(out->wanted, r->wanted, sizeof(out->wanted));
	pc_socket_decode(&r->socket, &out->socket);
}

static void decode_requester(const struct pc_refusal_record *r, struct pc_party *out)
{
	*out = (struct pc_party){ .key = r->process, .tid = r->tid, .fd = -1 };
	memcpy(out->comm, r->comm, sizeof(out->comm));
}

static bool still_holds(const struct pc_socket *s, const struct pc_request *r)
{
	return (s->family == PC_FAMILY_V4 || s->family == PC_FAMILY_V6) && s->proto == r->proto &&
	       s->state < PC_STATE_COUNT && s->netns == r->netns &&
	       s->lport == (pc_request_is_client(r) ? r->socket.lport : r->wanted_port);
}

static void decode_holders(const struct pc_refusal_record *r, struct pc_verdict *v)
{
	for (unsigned i = 0; i < r->holders_count; i++) {
		struct pc_holder *h = &v->holders[v->holders_count];
		struct pc_socket s;

		pc_socket_decode(&r->holders[i], &s);
		if (!still_holds(&s, &v->request)) {
			v->holders_changed++;
			continue;
		}
		*h = (struct pc_holder){ .socket = s, .peer.fd = -1 };
		v->holders_count++;
	}
}

void pc_verdict_decode(const struct pc_refusal_record *r, struct pc_verdict *v)
{
	memset(v, 0, offsetof(struct pc_verdict, holders));
	v->time_ns = r->time_ns;
	v->primary = -1;
	v->walk = r->walk;
	v->holders_total = r->holders_total;
	v->settings = (struct pc_port_settings){
		.known = r->walk & PC_WALK_NETNS,
		.low = r->range_low,
		.high = r->range_high,
		.unprivileged_start = r->unprivileged_start,
		.wanted_reserved = r->reserved,
	};
	decode_request(r, &v->request);
	decode_requester(r, &v->requester);
	decode_holders(r, v);
}
