// SPDX-License-Identifier: GPL-2.0-only
/* In these causes a client, or a socket that is bound and not used, holds the port. */
#include <errno.h>

#include "core/base/address.h"
#include "core/verdict/advice_fixes.h"
#include "core/verdict/advice_phrases.h"
#include "core/verdict/causes.h"

/* tcp_v6_connect() sets sk_rcv_saddr of a client with a specific IPv6 address to 127.0.0.6 and
 * leaves the socket open to IPv4. To a bind() of 0.0.0.0 it looks like an IPv4 socket. */
static void about_v6_quirk(struct pc_advice *a)
{
	const struct pc_request *r = &a->verdict->request;
	const struct pc_socket *s = &a->holder->socket;

	if (r->wanted_family == PC_FAMILY_V4 && s->family == PC_FAMILY_V6 &&
	    !pc_address_is_any(PC_FAMILY_V6, s->local) &&
	    !pc_address_is_mapped(PC_FAMILY_V6, s->local))
		pc_advice_explain(
			a,
			"; although it is an IPv6 connection, the kernel counts it against 0.0.0.0 (a specific IPv4 address would have been free)");
}

static void explain_ephemeral_client(struct pc_advice *a)
{
	char name[PC_ADVICE_NAME];

	pc_advice_explain(
		a,
		"the port is held by an outgoing connection, not by a listener: the kernel gave it to %s at connect()",
		pc_advice_name(&a->holder->claimer, name));
	pc_advice_why_chosen(a);
	about_v6_quirk(a);
	pc_advice_why_no_reuse(a);
}

static void fix_ephemeral_client(struct pc_advice *a)
{
	pc_advice_fix_cut_or_end(a);
	pc_advice_fix_reuseaddr(a);
	pc_advice_fix_reserve(a);
	pc_advice_fix_other_port(a);
}

const struct pc_cause_row pc_cause_ephemeral_client = {
	.name = "ephemeral-client",
	.kind = PC_KIND_CLIENT,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_ephemeral_client,
	.fix = fix_ephemeral_client,
};

/* The protocol of a UDP client whose other end has a port that IANA gave to that protocol alone. */
static const char *udp_client_protocol(const struct pc_socket *s)
{
	switch (s->rport) {
	case 53:
		return "DNS";
	case 123:
		return "NTP";
	case 443:
		return "QUIC (HTTP/3)";
	case 853:
		return "encrypted DNS";
	default:
		return NULL;
	}
}

static void about_udp_client(struct pc_advice *a)
{
	const struct pc_socket *s = &a->holder->socket;
	const char *speaks = s->proto == PC_PROTO_UDP ? udp_client_protocol(s) : NULL;

	if (speaks)
		pc_advice_explain(a, "; its other end is port %u, so it speaks %s", s->rport,
				  speaks);
}

static const char *ephemeral_bind_call(const struct pc_holder *h)
{
	bool udp = h->socket.proto == PC_PROTO_UDP;

	if (h->how == PC_HOW_AUTOBIND)
		return udp ? "at its first send or connect() without a bind()" :
			     "at listen() without a bind()";
	if (h->how == PC_HOW_BIND_ZERO)
		return "at a bind() to port 0";
	return udp ? "at a bind() to port 0 or a send without a bind()" :
		     "at a bind() to port 0 or a listen() without a bind()";
}

static void explain_ephemeral_bind(struct pc_advice *a)
{
	const struct pc_holder *h = a->holder;
	char name[PC_ADVICE_NAME];

	pc_advice_explain(a, "the port is held by %s: the kernel gave it to %s %s",
			  pc_advice_holder_word(h), pc_advice_name(&h->claimer, name),
			  ephemeral_bind_call(h));
	pc_advice_why_chosen(a);
	about_udp_client(a);
}

static void fix_ephemeral_bind(struct pc_advice *a)
{
	pc_advice_fix_stop(a, "");
	pc_advice_fix_reuseaddr(a);
	pc_advice_fix_reserve(a);
	pc_advice_fix_other_port(a);
}

const struct pc_cause_row pc_cause_ephemeral_bind = {
	.name = "ephemeral-bind",
	.kind = PC_KIND_CLIENT,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_ephemeral_bind,
	.fix = fix_ephemeral_bind,
};

static void explain_explicit_client(struct pc_advice *a)
{
	char name[PC_ADVICE_NAME];

	pc_advice_explain(
		a,
		"the port is held by an outgoing connection, not by a listener: %s asked for exactly this port with bind() before it connected",
		pc_advice_name(&a->holder->claimer, name));
	pc_advice_why_no_reuse(a);
}

static void fix_explicit_client(struct pc_advice *a)
{
	pc_advice_fix_end(a);
	pc_advice_fix_reuseaddr(a);
	pc_advice_fix(
		a, PC_LASTING,
		"have the client bind another source port, or none; reserving the port does not help, because it was asked for by number");
}

const struct pc_cause_row pc_cause_explicit_client = {
	.name = "explicit-client",
	.kind = PC_KIND_CLIENT,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_explicit_client,
	.fix = fix_explicit_client,
};

static void explain_self_connect(struct pc_advice *a)
{
	char name[PC_ADVICE_NAME];

	pc_advice_explain(
		a,
		"%s connected to itself: while it retried to reach a server on this port that was down, the kernel chose the very same port as its source, and the connection to itself now owns the server's port",
		pc_advice_name(&a->holder->claimer, name));
}

static void fix_self_connect(struct pc_advice *a)
{
	pc_advice_fix_stop(a, "; it must reconnect from another port");
	pc_advice_fix_reserve(a);
	pc_advice_fix(
		a, PC_LASTING,
		"or have the client bind() a source port that is no server's, or compare getsockname() with getpeername() after connect() and retry when they are the same");
	pc_advice_fix_other_port(a);
}

const struct pc_cause_row pc_cause_self_connect = {
	.name = "self-connect",
	.kind = PC_KIND_STUCK,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_self_connect,
	.fix = fix_self_connect,
};

static void explain_bound(struct pc_advice *a)
{
	char name[PC_ADVICE_NAME];

	pc_advice_explain(
		a,
		"%s has bound this port and neither listens nor connects with it, which keeps it taken all the same",
		pc_advice_name(&a->holder->claimer, name));
	if (!a->holder->socket.reuse || !a->verdict->request.socket.reuse)
		pc_advice_explain(a, "; SO_REUSEADDR would let both in only if both set it");
}

static void fix_bound(struct pc_advice *a)
{
	pc_advice_fix_stop(a, ", or have it close that socket");
	pc_advice_fix_reuseaddr(a);
}

const struct pc_cause_row pc_cause_bound_not_listening = {
	.name = "bound-not-listening",
	.kind = PC_KIND_BOUND,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_bound,
	.fix = fix_bound,
};
