// SPDX-License-Identifier: GPL-2.0-only
/* The decision. It marks the holders that block, infers how each got its port where no claim was
 * seen, and chooses the one holder that the verdict speaks of. */
#include "core/verdict/decide.h"

#include <errno.h>
#include <string.h>

#include "core/base/address.h"
#include "core/rule/conflict.h"
#include "core/rule/exposure.h"
#include "core/process/party.h"
#include "core/rule/server.h"
#include "core/verdict/causes.h"
#include "core/verdict/foreign.h"

bool pc_request_is_client(const struct pc_request *r)
{
	return r->op == PC_OP_CONNECT || r->op == PC_OP_SEND;
}

static bool in_range(const struct pc_port_settings *settings, uint16_t port)
{
	return port >= settings->low && port <= settings->high;
}

/* connect() makes its bind bucket with both marks -1 (inet_bind_hash from __inet_hash_connect).
 * Any explicit bind() and any listener sets them to 0 or more. */
static bool bucket_of_connect(const struct pc_socket *s)
{
	return s->fastreuse < 0 && s->fastreuseport < 0;
}

static enum pc_how infer_tcp_connected(const struct pc_holder *h,
				       const struct pc_port_settings *settings)
{
	const struct pc_socket *s = &h->socket;

	if (s->userlocks & PC_LOCK_PORT)
		return PC_HOW_BIND;
	if (s->userlocks & PC_LOCK_CONNECT || s->flags & PC_SOCKET_TW_CONNECT ||
	    bucket_of_connect(s))
		return PC_HOW_CONNECT;
	if (s->state == PC_STATE_SYN_SENT)
		return PC_HOW_BIND_ZERO;
	/* Accepted connections are left, and clients after a bind() to port 0. Such a client has a
	 * port of the range, and its claim was seen unless it is older. A TIME_WAIT socket keeps no
	 * lock flags: if it is older, it may also have bound by number. */
	if (!h->older || (s->state != PC_STATE_TIME_WAIT && !in_range(settings, s->lport)))
		return PC_HOW_ACCEPT;
	return PC_HOW_UNKNOWN;
}

/* The socket's own flags tell it at any age: sk_userlocks has SOCK_BINDPORT_LOCK if and only if the
 * port was asked for by number (__inet_bind). */
static enum pc_how infer_how(const struct pc_holder *h, const struct pc_port_settings *settings)
{
	const struct pc_socket *s = &h->socket;

	if (s->state == PC_STATE_TIME_WAIT)
		return infer_tcp_connected(h, settings);
	if (s->userlocks & PC_LOCK_PORT)
		return PC_HOW_BIND;
	if (s->proto == PC_PROTO_UDP)
		return s->userlocks & PC_LOCK_ADDR ? PC_HOW_BIND_ZERO : PC_HOW_UNKNOWN;
	if (s->state == PC_STATE_CLOSE)
		return PC_HOW_BIND_ZERO;
	if (s->state == PC_STATE_LISTEN)
		return PC_HOW_UNKNOWN;
	return infer_tcp_connected(h, settings);
}

bool pc_holder_kernel_chosen(const struct pc_holder *h)
{
	const struct pc_socket *s = &h->socket;

	switch (h->how) {
	case PC_HOW_CONNECT:
	case PC_HOW_BIND_ZERO:
	case PC_HOW_AUTOBIND:
		return true;
	case PC_HOW_UNKNOWN:
		return s->state != PC_STATE_TIME_WAIT && !(s->userlocks & PC_LOCK_PORT) &&
		       (s->proto == PC_PROTO_UDP || s->state == PC_STATE_LISTEN);
	default:
		return false;
	}
}

bool pc_holder_is_client(const struct pc_holder *h)
{
	const struct pc_socket *s = &h->socket;

	if (s->proto == PC_PROTO_UDP)
		return s->rport || pc_holder_kernel_chosen(h);
	return s->state != PC_STATE_LISTEN && s->state != PC_STATE_CLOSE && s->rport &&
	       h->how != PC_HOW_ACCEPT;
}

static enum pc_cause cause_udp(const struct pc_holder *h)
{
	if (pc_holder_kernel_chosen(h))
		return PC_CAUSE_EPHEMERAL_BIND;
	return h->socket.rport ? PC_CAUSE_EXPLICIT_CLIENT : PC_CAUSE_LISTENER;
}

static enum pc_cause cause_tcp(const struct pc_holder *h)
{
	const struct pc_socket *s = &h->socket;

	if (pc_socket_state(s) == PC_STATE_TIME_WAIT)
		return PC_CAUSE_TIME_WAIT;
	if (s->state == PC_STATE_LISTEN)
		return pc_holder_kernel_chosen(h) ? PC_CAUSE_EPHEMERAL_BIND : PC_CAUSE_LISTENER;
	if (pc_socket_is_self(s))
		return PC_CAUSE_SELF_CONNECT;
	if (h->how == PC_HOW_BIND_ZERO)
		return PC_CAUSE_EPHEMERAL_BIND;
	if (s->state == PC_STATE_CLOSE)
		return PC_CAUSE_BOUND_NOT_LISTENING;
	switch (h->how) {
	case PC_HOW_CONNECT:
		return PC_CAUSE_EPHEMERAL_CLIENT;
	case PC_HOW_BIND:
		return PC_CAUSE_EXPLICIT_CLIENT;
	case PC_HOW_ACCEPT:
		return PC_CAUSE_LINGERING_CONNECTION;
	default:
		return PC_CAUSE_UNKNOWN;
	}
}

/* The cause by the holder alone; cause_of() refines it for the holder that the verdict speaks of. */
static enum pc_cause holder_cause(const struct pc_verdict *v, const struct pc_holder *h)
{
	/* Both sides bound the port and one listens already: how they got the port is no cause. */
	if (v->request.op == PC_OP_LISTEN && h->socket.state == PC_STATE_LISTEN)
		return PC_CAUSE_LISTENER;
	return h->socket.proto == PC_PROTO_UDP ? cause_udp(h) : cause_tcp(h);
}

static enum pc_cause cause_of(const struct pc_verdict *v, const struct pc_holder *h)
{
	enum pc_cause cause = holder_cause(v, h);

	if (pc_holder_is_kernels(h))
		return PC_CAUSE_KERNEL_SOCKET;
	if (v->request.op == PC_OP_LISTEN && h->socket.state == PC_STATE_LISTEN)
		return PC_CAUSE_LISTEN_RACE;
	return cause == PC_CAUSE_LISTENER ? pc_server_cause(v, h) : cause;
}

/* The verdict speaks of the blocking holder that stays longest. A TCP listener stays like a server,
 * however it got its port. */
static enum pc_cause_kind kind_of_holder(const struct pc_verdict *v, const struct pc_holder *h)
{
	if (h->socket.proto == PC_PROTO_TCP && h->socket.state == PC_STATE_LISTEN)
		return PC_KIND_SERVER;
	return pc_cause_row(holder_cause(v, h))->kind;
}

/* A socket that no process has open ends by itself. Among equals, name one that a process has. */
static unsigned rank_of_holder(const struct pc_verdict *v, const struct pc_holder *h)
{
	return kind_of_holder(v, h) * 2u + !(h->socket.flags & (PC_SOCKET_ORPHAN | PC_SOCKET_DEAD));
}

static int choose_primary(const struct pc_verdict *v)
{
	int best = -1;

	for (unsigned i = 0; i < v->holders_count; i++) {
		if (!v->holders[i].blocking)
			continue;
		if (best < 0 ||
		    rank_of_holder(v, &v->holders[i]) > rank_of_holder(v, &v->holders[best]))
			best = (int)i;
	}
	return best;
}

static void infer_missing_how(struct pc_holder *h, const struct pc_port_settings *settings)
{
	if (h->how != PC_HOW_UNKNOWN)
		return;
	h->how = infer_how(h, settings);
	h->how_inferred = h->how != PC_HOW_UNKNOWN;
}

static void mark_blocking_holders(struct pc_verdict *v)
{
	struct pc_side asking, holding;

	pc_side_of_requester(&v->request, &asking);
	for (unsigned i = 0; i < v->holders_count; i++) {
		struct pc_holder *h = &v->holders[i];

		pc_side_of_holder(&h->socket, &holding);
		/* The rule decides only where the kernel itself did not name the holder. */
		h->blocking = h->socket.flags & PC_SOCKET_EXACT ||
			      pc_conflict(v->request.proto, &asking, &holding);
		infer_missing_how(h, &v->settings);
	}
}

/* A transparent proxy asks for the address and port of its own client, to connect from there. A server may
 * ask for an address that is elsewhere, too: a virtual IP. Only the holder tells them apart: here it is a
 * connection from that very address, which asked by number for a port that servers seldom have. */
static bool is_transparent_source(const struct pc_verdict *v, const struct pc_holder *h)
{
	const struct pc_request *r = &v->request;
	const struct pc_socket *s = &h->socket;

	return r->op == PC_OP_BIND && v->address.state == PC_ADDRESS_MISSING &&
	       r->socket.flags & (PC_SOCKET_TRANSPARENT | PC_SOCKET_FREEBIND) && s->rport &&
	       h->how == PC_HOW_BIND && in_range(&v->settings, s->lport) &&
	       pc_address_equal(s->family, s->local, r->wanted_family, r->wanted);
}

static enum pc_cause decide_in_use(struct pc_verdict *v)
{
	if (!v->request.wanted_port)
		return PC_CAUSE_RANGE_EXHAUSTED;
	mark_blocking_holders(v);
	v->primary = choose_primary(v);
	if (v->primary < 0)
		return PC_CAUSE_UNKNOWN;
	if (is_transparent_source(v, &v->holders[v->primary]))
		return PC_CAUSE_TRANSPARENT_SOURCE;
	return cause_of(v, &v->holders[v->primary]);
}

/* __inet_check_established() refuses a second connection with the same four addresses and ports. */
static bool is_same_connection(const struct pc_socket *s, const struct pc_request *r)
{
	return s->rport == r->wanted_port &&
	       pc_address_equal(s->family, s->remote, r->wanted_family, r->wanted);
}

static enum pc_cause decide_client(struct pc_verdict *v)
{
	if (v->request.no_source)
		return PC_CAUSE_NO_SOURCE_ADDRESS;
	if (!v->request.socket.lport)
		return PC_CAUSE_RANGE_EXHAUSTED;
	for (unsigned i = 0; i < v->holders_count; i++) {
		struct pc_holder *h = &v->holders[i];

		h->blocking = is_same_connection(&h->socket, &v->request);
		infer_missing_how(h, &v->settings);
		if (h->blocking)
			v->primary = (int)i;
	}
	return v->primary < 0 ? PC_CAUSE_UNKNOWN : PC_CAUSE_CONNECTION_EXISTS;
}

/* __inet_bind() checks the capability; listen() does not. */
static bool needs_capability(const struct pc_verdict *v)
{
	const struct pc_request *r = &v->request;

	return r->op == PC_OP_BIND && r->wanted_port && !r->capable &&
	       r->wanted_port < v->settings.unprivileged_start;
}

static void decide_by_error(struct pc_verdict *v)
{
	switch (v->request.error) {
	case EADDRINUSE:
		v->cause = decide_in_use(v);
		break;
	case EADDRNOTAVAIL:
		v->cause = PC_CAUSE_ADDRESS_NOT_LOCAL;
		break;
	case EACCES:
		v->cause =
			needs_capability(v) ? PC_CAUSE_PRIVILEGED_PORT : PC_CAUSE_SECURITY_DENIED;
		break;
	case EPERM:
		v->cause = PC_CAUSE_CGROUP_DENIED;
		break;
	default:
		v->cause = PC_CAUSE_UNKNOWN;
	}
}

/* Can this address be refused for no other reason than that the machine lacks it? A multicast address is nobody's own; IPv6
 * has more to say of addresses that belong to a device or to IPv4 (__inet6_bind()). */
static bool is_plain_address(const struct pc_request *r)
{
	const uint16_t foreign = PC_SOCKET_TRANSPARENT | PC_SOCKET_FREEBIND;

	if (r->socket.ifindex || r->socket.flags & foreign ||
	    pc_address_is_any(r->wanted_family, r->wanted) ||
	    pc_address_is_loopback(r->wanted_family, r->wanted))
		return false;
	if (r->wanted_family == PC_FAMILY_V4)
		return r->wanted[0] < 224;
	return r->wanted_family == PC_FAMILY_V6 && r->wanted[0] != 0xff &&
	       !pc_address_is_mapped(r->wanted_family, r->wanted) &&
	       !pc_address_is_link_local(r->wanted_family, r->wanted);
}

/* Is the port none that needs a privilege? If the kernel was to choose it, there must be a port to choose: for want of one
 * that is free, a socket would have been in the way. */
static bool is_plain_port(const struct pc_verdict *v)
{
	const struct pc_port_settings *s = &v->settings;
	const struct pc_offer offer = { s->low, s->high, s->reserved };

	if (!s->known)
		return false;
	if (v->request.wanted_port)
		return v->request.wanted_port >= s->unprivileged_start;
	return !v->request.own_low && s->reserved && pc_offer_size(&offer);
}

/* Was this bind() refused for its address? With EADDRNOTAVAIL the kernel side says that no program on the cgroup refused,
 * and that no socket was in the way. The look at the devices has to confirm it. */
static bool lacks_address(const struct pc_verdict *v)
{
	enum pc_address_state state = v->address.state;

	return v->request.error == EADDRNOTAVAIL && is_plain_address(&v->request) &&
	       is_plain_port(v) && state > PC_ADDRESS_UNKNOWN && state < PC_ADDRESS_USABLE;
}

/* The kernel's answer was not seen, so its errno is a guess. The guess is right if a program on the
 * cgroup had refused, if one of the holders blocks, or if the machine lacks the address. */
static void decide_late(struct pc_verdict *v)
{
	struct pc_request *r = &v->request;

	if (r->error == EPERM || lacks_address(v)) {
		decide_by_error(v);
		return;
	}
	if (r->error == EADDRINUSE && r->wanted_port)
		decide_by_error(v);
	if (v->primary >= 0)
		return;
	r->error = 0;
	v->address = (struct pc_address_look){ 0 };
	v->cause = PC_CAUSE_NOT_SEEN;
}

void pc_decide(struct pc_verdict *v)
{
	v->primary = -1;
	if (pc_request_is_foreign(&v->request))
		v->cause = pc_decide_foreign(v);
	else if (pc_request_is_client(&v->request))
		v->cause = decide_client(v);
	else if (v->request.late && v->request.op != PC_OP_LISTEN)
		decide_late(v); /* a listen() has one errno only */
	else
		decide_by_error(v);
}
