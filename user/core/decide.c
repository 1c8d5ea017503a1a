// SPDX-License-Identifier: GPL-2.0-only
/* From what was captured to one cause: which holders block, how each got its port where no
 * claim was seen, and which of them the verdict speaks of. */
#include "core/decide.h"

#include <errno.h>
#include <string.h>

#include "core/address.h"
#include "core/conflict.h"
#include "core/party.h"
#include "core/server.h"

bool pc_refusal_is_client(const struct pc_refusal *r)
{
	return r->op == PC_OP_CONNECT || r->op == PC_OP_SEND;
}

/* The kernel's table is read without locks, and before 6.18 its entries are freed at once: what was
 * a socket on this port can have become another one, or none at all. */
static bool still_holds(const struct pc_socket *s, const struct pc_refusal *r)
{
	return (s->family == PC_FAMILY_V4 || s->family == PC_FAMILY_V6) && s->proto == r->proto &&
	       s->state < PC_STATE_COUNT && s->netns == r->netns &&
	       s->lport == (pc_refusal_is_client(r) ? r->socket.lport : r->wanted_port);
}

void pc_verdict_begin(struct pc_verdict *v, const struct pc_refusal *r)
{
	memset(v, 0, sizeof(*v));
	memcpy(&v->refusal, r, PC_REFUSAL_SIZE(r->holders_count));
	v->primary = -1;
	v->requester.fd = -1;
	for (unsigned i = 0; i < r->holders_count; i++) {
		if (still_holds(&r->holders[i], r)) {
			v->holders[v->holders_count].socket = r->holders[i];
			v->holders[v->holders_count++].peer.fd = -1;
		} else {
			v->holders_changed++;
		}
	}
}

static bool in_range(const struct pc_refusal *r, uint16_t port)
{
	return port >= r->range_low && port <= r->range_high;
}

/* connect() makes its bind bucket with both marks -1 (inet_bind_hash from
 * __inet_hash_connect); any explicit bind or listener sets them to 0 or more. */
static bool bucket_of_connect(const struct pc_socket *s)
{
	return s->fastreuse < 0 && s->fastreuseport < 0;
}

static enum pc_how infer_tcp_connected(const struct pc_holder *h, const struct pc_refusal *r)
{
	const struct pc_socket *s = &h->socket;

	if (s->userlocks & PC_LOCK_PORT)
		return PC_HOW_BIND;
	if (s->userlocks & PC_LOCK_CONNECT || s->flags & PC_SOCKET_TW_CONNECT ||
	    bucket_of_connect(s))
		return PC_HOW_CONNECT;
	if (s->state == PC_STATE_SYN_SENT)
		return PC_HOW_BIND_ZERO;
	/* Left are accepted connections, and clients after a bind to port 0, whose claim would
	 * have been seen unless they are older, and whose port is always from the range. A
	 * TIME_WAIT socket keeps no lock flags: older, it can also have bound by number. */
	if (!h->older || (s->state != PC_STATE_TIME_WAIT && !in_range(r, s->lport)))
		return PC_HOW_ACCEPT;
	return PC_HOW_UNKNOWN;
}

/* From the flags of the socket itself, which say it at any age: sk_userlocks has
 * SOCK_BINDPORT_LOCK if and only if the port was asked for by number (__inet_bind). */
static enum pc_how infer_how(const struct pc_holder *h, const struct pc_refusal *r)
{
	const struct pc_socket *s = &h->socket;

	if (s->state == PC_STATE_TIME_WAIT)
		return infer_tcp_connected(h, r);
	if (s->userlocks & PC_LOCK_PORT)
		return PC_HOW_BIND;
	if (s->proto == PC_PROTO_UDP)
		return s->userlocks & PC_LOCK_ADDR ? PC_HOW_BIND_ZERO : PC_HOW_UNKNOWN;
	if (s->state == PC_STATE_CLOSE)
		return PC_HOW_BIND_ZERO;
	if (s->state == PC_STATE_LISTEN)
		return PC_HOW_UNKNOWN;
	return infer_tcp_connected(h, r);
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

/* What kind of holder it is; refined once it is the one that the verdict speaks of. */
static enum pc_cause kind_of(const struct pc_verdict *v, const struct pc_holder *h)
{
	/* Two bound the port and one listens already: how the port was come by says nothing. */
	if (v->refusal.op == PC_OP_LISTEN && h->socket.state == PC_STATE_LISTEN)
		return PC_CAUSE_LISTENER;
	return h->socket.proto == PC_PROTO_UDP ? cause_udp(h) : cause_tcp(h);
}

static enum pc_cause cause_of(const struct pc_verdict *v, const struct pc_holder *h)
{
	enum pc_cause kind = kind_of(v, h);

	if (pc_holder_is_kernels(h))
		return PC_CAUSE_KERNEL_SOCKET;
	if (v->refusal.op == PC_OP_LISTEN && h->socket.state == PC_STATE_LISTEN)
		return PC_CAUSE_LISTEN_RACE;
	return kind == PC_CAUSE_LISTENER ? pc_server_cause(v, h) : kind;
}

/* Of several blocking holders the verdict speaks of the one that waiting helps least with:
 * what listens outlasts a client, a client outlasts the end of a connection. */
static int weight(const struct pc_verdict *v, const struct pc_holder *h)
{
	if (h->socket.proto == PC_PROTO_TCP && h->socket.state == PC_STATE_LISTEN)
		return 100;
	switch (kind_of(v, h)) {
	case PC_CAUSE_LISTENER:
		return 90;
	case PC_CAUSE_SELF_CONNECT:
		return 80;
	case PC_CAUSE_BOUND_NOT_LISTENING:
		return 70;
	case PC_CAUSE_EPHEMERAL_BIND:
	case PC_CAUSE_EXPLICIT_CLIENT:
	case PC_CAUSE_EPHEMERAL_CLIENT:
		return 60;
	case PC_CAUSE_LINGERING_CONNECTION:
		return 50;
	case PC_CAUSE_UNKNOWN:
		return 40;
	default:
		return 30;
	}
}

/* A socket that nobody has open ends by itself: among equals, name one that somebody has. */
static int rank(const struct pc_verdict *v, const struct pc_holder *h)
{
	return weight(v, h) * 2 + !(h->socket.flags & (PC_SOCKET_ORPHAN | PC_SOCKET_DEAD));
}

static int choose_primary(const struct pc_verdict *v)
{
	int best = -1;

	for (unsigned i = 0; i < v->holders_count; i++) {
		if (!v->holders[i].blocking)
			continue;
		if (best < 0 || rank(v, &v->holders[i]) > rank(v, &v->holders[best]))
			best = (int)i;
	}
	return best;
}

static void infer(struct pc_holder *h, const struct pc_refusal *r)
{
	if (h->how != PC_HOW_UNKNOWN)
		return;
	h->how = infer_how(h, r);
	h->how_inferred = h->how != PC_HOW_UNKNOWN;
}

static void mark_holders(struct pc_verdict *v)
{
	struct pc_side asking, holding;

	pc_side_of_requester(&v->refusal, &asking);
	for (unsigned i = 0; i < v->holders_count; i++) {
		struct pc_holder *h = &v->holders[i];

		pc_side_of_holder(&h->socket, &holding);
		/* Where the kernel itself said so, the rule is not asked. */
		h->blocking = h->socket.flags & PC_SOCKET_EXACT ||
			      pc_conflict(v->refusal.proto, &asking, &holding);
		infer(h, &v->refusal);
	}
}

static enum pc_cause decide_in_use(struct pc_verdict *v)
{
	if (!v->refusal.wanted_port)
		return PC_CAUSE_RANGE_EXHAUSTED;
	mark_holders(v);
	v->primary = choose_primary(v);
	return v->primary < 0 ? PC_CAUSE_UNKNOWN : cause_of(v, &v->holders[v->primary]);
}

/* The same connection again, from the port the socket was bound to: __inet_check_established(). */
static bool is_same_connection(const struct pc_socket *s, const struct pc_refusal *r)
{
	return s->rport == r->wanted_port &&
	       pc_address_equal(s->family, s->remote, r->wanted_family, r->wanted);
}

static enum pc_cause decide_client(struct pc_verdict *v)
{
	if (!v->refusal.socket.lport)
		return PC_CAUSE_RANGE_EXHAUSTED;
	for (unsigned i = 0; i < v->holders_count; i++) {
		struct pc_holder *h = &v->holders[i];

		h->blocking = is_same_connection(&h->socket, &v->refusal);
		infer(h, &v->refusal);
		if (h->blocking)
			v->primary = (int)i;
	}
	return v->primary < 0 ? PC_CAUSE_UNKNOWN : PC_CAUSE_CONNECTION_EXISTS;
}

/* __inet_bind() asks for the capability; listen() asks for none. */
static bool privileged(const struct pc_refusal *r)
{
	return r->op == PC_OP_BIND && r->wanted_port && r->wanted_port < r->unprivileged_start;
}

void pc_decide(struct pc_verdict *v)
{
	const struct pc_refusal *r = &v->refusal;

	v->primary = -1;
	if (pc_refusal_is_client(r)) {
		v->cause = decide_client(v);
		return;
	}
	switch (r->error) {
	case EADDRINUSE:
		v->cause = decide_in_use(v);
		break;
	case EADDRNOTAVAIL:
		v->cause = PC_CAUSE_ADDRESS_NOT_LOCAL;
		break;
	case EACCES:
		v->cause = privileged(r) ? PC_CAUSE_PRIVILEGED_PORT : PC_CAUSE_UNKNOWN;
		break;
	default:
		v->cause = PC_CAUSE_UNKNOWN;
	}
}
