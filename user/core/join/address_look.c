// SPDX-License-Identifier: GPL-2.0-only
/* The look for an address that could not be bound: where it is, in the network namespace of the refusal,
 * or else in portclash's own. */
#include <errno.h>
#include <string.h>

#include "core/base/address.h"
#include "core/join/join_private.h"

/* An address is in question when the kernel refused it, and when the socket may have foreign ones: a
 * transparent proxy takes its client's. */
static bool is_in_question(const struct pc_request *r)
{
	const uint16_t foreign = PC_SOCKET_TRANSPARENT | PC_SOCKET_FREEBIND;

	if (r->wanted_family != PC_FAMILY_V4 && r->wanted_family != PC_FAMILY_V6)
		return false;
	if (r->op != PC_OP_BIND || pc_address_is_any(r->wanted_family, r->wanted))
		return false;
	return r->error == EADDRNOTAVAIL ||
	       (r->error == EADDRINUSE && r->wanted_port && r->socket.flags & foreign);
}

static bool is_same_question(const struct pc_verdict *a, const struct pc_verdict *b)
{
	return is_in_question(&a->request) && a->request.netns == b->request.netns &&
	       a->request.socket.ifindex == b->request.socket.ifindex &&
	       a->request.wanted_family == b->request.wanted_family &&
	       !memcmp(a->request.wanted, b->request.wanted, sizeof(a->request.wanted));
}

/* The answer that an earlier refusal of this batch got. */
static bool is_answered(const struct pc_batch *b, struct pc_verdict *v)
{
	for (const struct pc_verdict *earlier = b->list; earlier < v; earlier++) {
		if (is_same_question(earlier, v) && earlier->address.state) {
			v->address = earlier->address;
			return true;
		}
	}
	return false;
}

static int look_in(struct pc_join *j, const struct pc_netns_ref *netns, struct pc_verdict *v,
		   struct pc_address_look *out)
{
	uint64_t took_ns = 0;
	int err;

	if (netns->inode != j->options.netns && (!netns->pid || j->options.own_netns_only))
		return -1;
	if (!pc_look_begin(j, PC_LOOK_ADDRESS))
		return -1;
	err = j->host.address(j->host.context, netns, &v->request, out, &took_ns);
	pc_look_end(j, PC_LOOK_ADDRESS, took_ns);
	return err;
}

/* A server in a container that asks for an address of its host. */
static void look_at_own(struct pc_join *j, struct pc_verdict *v)
{
	const struct pc_netns_ref own = { .inode = j->options.netns };
	struct pc_address_look found;

	if (pc_address_is_loopback(v->request.wanted_family, v->request.wanted) ||
	    pc_address_is_link_local(v->request.wanted_family, v->request.wanted))
		return;
	if (v->request.netns == own.inode || look_in(j, &own, v, &found) ||
	    found.state <= PC_ADDRESS_MISSING)
		return;
	v->address.netns = own.inode;
	memcpy(v->address.device, found.device, sizeof(v->address.device));
}

void pc_address_look_find(struct pc_join *j, struct pc_verdict *v)
{
	struct pc_netns_ref netns = { .inode = v->request.netns, .pid = v->netns_pid };
	const struct pc_party *p = &v->requester;

	v->address = (struct pc_address_look){ 0 };
	if (!is_in_question(&v->request) || is_answered(&j->batch, v))
		return;
	if (p->who && p->running && p->who->netns == netns.inode)
		netns.pid = p->who->key.tgid;
	if (look_in(j, &netns, v, &v->address)) {
		v->address = (struct pc_address_look){ 0 };
		return;
	}
	if (v->address.state == PC_ADDRESS_MISSING)
		look_at_own(j, v);
}
