// SPDX-License-Identifier: GPL-2.0-only
/* The explanation of each cause, in one sentence, from the evidence of this very case. */
#include "core/advice_private.h"

#include <errno.h>
#include <stdlib.h>

#include "core/address.h"
#include "core/decide.h"
#include "core/fixes.h"
#include "core/names.h"
#include "core/place.h"
#include "core/text.h"

const char *pc_advice_name(const struct pc_party *party, char *out, size_t size)
{
	if (party->who)
		snprintf(out, size, "%.15s[%u]", party->comm[0] ? party->comm : party->who->comm,
			 party->who->key.tgid);
	else
		snprintf(out, size, "a process that is not known");
	return out;
}

/* "an outgoing connection", "a listener": what a holder is, in words. */
static const char *holder_word(const struct pc_holder *h)
{
	const struct pc_socket *s = &h->socket;

	if (s->proto == PC_PROTO_UDP)
		return pc_holder_is_client(h) ? "a UDP client, not a server" : "a UDP server";
	if (s->state == PC_STATE_LISTEN)
		return "a listener";
	if (s->state == PC_STATE_CLOSE)
		return "a socket that is bound but does not listen";
	if (pc_socket_state(s) == PC_STATE_TIME_WAIT)
		return "the TIME_WAIT of an ended connection, not a listener";
	return h->how == PC_HOW_ACCEPT	? "an accepted connection, not a listener" :
	       h->how == PC_HOW_UNKNOWN ? "a connection, not a listener," :
					  "an outgoing connection, not a listener";
}

const struct pc_holder *pc_advice_primary(const struct pc_verdict *v)
{
	return v->primary < 0 ? NULL : &v->holders[v->primary];
}

void pc_advice_why_chosen(FILE *out, const struct pc_refusal *r)
{
	if (r->wanted_port < r->range_low || r->wanted_port > r->range_high)
		fprintf(out,
			"; the port is outside today's ephemeral range %u\u2013%u, so the range "
			"was "
			"different then or the socket has one of its own (IP_LOCAL_PORT_RANGE)",
			r->range_low, r->range_high);
	else if (r->reserved)
		fprintf(out,
			"; the port is in the ephemeral range %u\u2013%u of this network namespace "
			"and is reserved now, but was taken before that or by a socket with a "
			"range "
			"of its own",
			r->range_low, r->range_high);
	else
		fprintf(out,
			", because %u is in the ephemeral range %u\u2013%u of this network "
			"namespace "
			"and is not reserved",
			r->wanted_port, r->range_low, r->range_high);
}

static void about_reuseaddr(FILE *out, const struct pc_verdict *v, const struct pc_holder *h)
{
	if (v->refusal.socket.reuse)
		fprintf(out, "; the refused socket's SO_REUSEADDR does not help, because %s",
			h->socket.reuse ? "the kernel found another difference" :
					  "the holder did not set it too");
}

/* tcp_v6_connect() sets sk_rcv_saddr of a client on a specific IPv6 address to 127.0.0.6 and
 * leaves it not v6-only: to 0.0.0.0 that looks like an IPv4 socket. */
static void about_v6_quirk(FILE *out, const struct pc_verdict *v, const struct pc_holder *h)
{
	const struct pc_refusal *r = &v->refusal;

	if (r->wanted_family == PC_FAMILY_V4 && h->socket.family == PC_FAMILY_V6 &&
	    !pc_address_is_any(PC_FAMILY_V6, h->socket.local) &&
	    !pc_address_is_mapped(PC_FAMILY_V6, h->socket.local))
		fprintf(out, "; although it is an IPv6 connection, the kernel counts it against "
			     "0.0.0.0 (a specific IPv4 address would have been free)");
}

static void explain_ephemeral_client(FILE *out, const struct pc_verdict *v)
{
	const struct pc_holder *h = pc_advice_primary(v);
	char name[64];

	fprintf(out,
		"the port is held by an outgoing connection, not by a listener: the kernel gave it "
		"to "
		"%s at connect()",
		pc_advice_name(&h->maker, name, sizeof(name)));
	pc_advice_why_chosen(out, &v->refusal);
	about_v6_quirk(out, v, h);
	about_reuseaddr(out, v, h);
}

/* What a UDP client speaks, where the port at its other end is one protocol's own (IANA). */
static const char *udp_client_of(const struct pc_socket *s)
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

static void about_udp_client(FILE *out, const struct pc_socket *s)
{
	const char *speaks = s->proto == PC_PROTO_UDP ? udp_client_of(s) : NULL;

	if (speaks)
		fprintf(out, "; its other end is port %u, so it speaks %s", s->rport, speaks);
}

static void explain_ephemeral_bind(FILE *out, const struct pc_verdict *v)
{
	const struct pc_holder *h = pc_advice_primary(v);
	bool udp = h->socket.proto == PC_PROTO_UDP;
	char name[64];

	fprintf(out, "the port is held by %s: the kernel gave it to %s ", holder_word(h),
		pc_advice_name(&h->maker, name, sizeof(name)));
	if (h->how == PC_HOW_AUTOBIND)
		fprintf(out, udp ? "at its first send or connect() without a bind()" :
				   "at listen() without a bind()");
	else if (h->how == PC_HOW_BIND_ZERO)
		fprintf(out, "at a bind() to port 0");
	else
		fprintf(out, udp ? "at a bind() to port 0 or a send without a bind()" :
				   "at a bind() to port 0 or a listen() without a bind()");
	pc_advice_why_chosen(out, &v->refusal);
	about_udp_client(out, &h->socket);
}

static void explain_explicit_client(FILE *out, const struct pc_verdict *v)
{
	const struct pc_holder *h = pc_advice_primary(v);
	char name[64];

	fprintf(out,
		"the port is held by an outgoing connection, not by a listener: %s asked for "
		"exactly "
		"this port with bind() before it connected",
		pc_advice_name(&h->maker, name, sizeof(name)));
	about_reuseaddr(out, v, h);
}

static void explain_bound(FILE *out, const struct pc_verdict *v)
{
	const struct pc_holder *h = pc_advice_primary(v);
	char name[64];

	fprintf(out,
		"%s has bound this port and neither listens nor connects with it, which keeps it "
		"taken all the same",
		pc_advice_name(&h->maker, name, sizeof(name)));
	if (!h->socket.reuse || !v->refusal.socket.reuse)
		fprintf(out, "; SO_REUSEADDR would let both in only if both set it");
}

/* TIME_WAIT is the state of the end that closed first (RFC 9293, 3.6). */
static void explain_time_wait(FILE *out, const struct pc_verdict *v)
{
	const struct pc_holder *h = pc_advice_primary(v);
	unsigned left = h->socket.seconds_left;
	char name[64];

	if (h->how == PC_HOW_CONNECT)
		fprintf(out,
			"an outgoing connection of %s that has ended, not a listener, keeps the "
			"port in TIME_WAIT",
			pc_advice_name(&h->maker, name, sizeof(name)));
	else
		fprintf(out, "a connection on this port that has ended keeps it in TIME_WAIT");
	if (left)
		fprintf(out, " for %u s more (of 60 s)", left);
	else
		fprintf(out, " for up to 60 s");
	fprintf(out, ", because this end of it closed first");
	if (!h->socket.reuse)
		fprintf(out, "; its socket had not set SO_REUSEADDR, so setting it on the refused "
			     "socket does not help this time");
	else if (!v->refusal.socket.reuse)
		fprintf(out, "; its socket had SO_REUSEADDR, the refused one has not");
	fprintf(out, "; net.ipv4.tcp_tw_reuse changes nothing here: it is about outgoing "
		     "connections, not about bind()");
}

static void explain_lingering(FILE *out, const struct pc_verdict *v)
{
	const struct pc_holder *h = pc_advice_primary(v);
	char endpoint[PC_ENDPOINT_TEXT];

	fprintf(out,
		"no one listens on the port any more, but a connection that was accepted on it, "
		"from "
		"%s, is still %s",
		pc_endpoint_text(h->socket.family, h->socket.remote, h->socket.rport, endpoint),
		h->owners_count ? "open" : "being closed by the kernel");
	if (!h->socket.reuse)
		fprintf(out, "; the old listener had not set SO_REUSEADDR, so the new one cannot "
			     "share the port with it");
	else if (!v->refusal.socket.reuse)
		fprintf(out, "; the old listener had SO_REUSEADDR, the refused socket has not");
}

static void explain_self_connect(FILE *out, const struct pc_verdict *v)
{
	const struct pc_holder *h = pc_advice_primary(v);
	char name[64];

	fprintf(out,
		"%s connected to itself: while it retried to reach a server on this port that was "
		"down, the kernel chose the very same port as its source, and the connection to "
		"itself now owns the server's port",
		pc_advice_name(&h->maker, name, sizeof(name)));
}

static void explain_privileged(FILE *out, const struct pc_verdict *v)
{
	fprintf(out,
		"ports below %u need CAP_NET_BIND_SERVICE in this network namespace "
		"(net.ipv4.ip_unprivileged_port_start), and the process has not got it; nobody "
		"holds "
		"the port",
		v->refusal.unprivileged_start);
}

static void explain_not_local(FILE *out, const struct pc_verdict *v)
{
	char address[PC_ADDRESS_TEXT];

	fprintf(out, "%s is not an address of any interface of this network namespace%s",
		pc_address_text(v->refusal.wanted_family, v->refusal.wanted, address),
		v->refusal.wanted_family == PC_FAMILY_V6 ?
			" (or is still tentative: duplicate address detection takes a second or "
			"two)" :
			"");
}

static const char *exhausted_op(const struct pc_refusal *r)
{
	switch (r->op) {
	case PC_OP_LISTEN:
		return "a listen() without a bind()";
	case PC_OP_CONNECT:
		return "a connect()";
	case PC_OP_SEND:
		return "a send without a bind()";
	default:
		return "a bind() to port 0";
	}
}

/* What the error reads like, and what it means here. */
static const char *exhausted_error(int error)
{
	switch (error) {
	case EADDRNOTAVAIL:
		return "\"cannot assign requested address\"";
	case EAGAIN:
		return "\"resource temporarily unavailable\"";
	default:
		return "\"in use\"";
	}
}

static void explain_exhausted(FILE *out, const struct pc_verdict *v)
{
	const struct pc_refusal *r = &v->refusal;

	fprintf(out, "%s found no free port in ", exhausted_op(r));
	if (r->own_low)
		fprintf(out, "the socket's own range %u\u2013%u (IP_LOCAL_PORT_RANGE)", r->own_low,
			r->own_high);
	else
		fprintf(out, "the ephemeral range %u\u2013%u", r->range_low, r->range_high);
	fprintf(out, ": %s means here that the range is used up%s", exhausted_error(r->error),
		r->op == PC_OP_CONNECT && r->proto == PC_PROTO_TCP ?
			" for connections to this destination" :
			"");
}

static void explain_connection_exists(FILE *out, const struct pc_verdict *v)
{
	const struct pc_holder *h = pc_advice_primary(v);

	fprintf(out,
		"the client bound its port %u before connect(), and there is a connection from "
		"that "
		"port to the same destination already, in %s: no two can have the same four "
		"addresses and ports",
		v->refusal.socket.lport, pc_state_name(pc_socket_state(&h->socket)));
}

static void explain_denied(FILE *out, const struct pc_refusal *r)
{
	fprintf(out, "permission was denied");
	if (r->op == PC_OP_BIND && r->wanted_port)
		fprintf(out, " although the port is not below %u", r->unprivileged_start);
	fprintf(out,
		": a security module (SELinux, AppArmor, Landlock) or a cgroup program refused "
		"it");
}

static void explain_unknown(FILE *out, const struct pc_verdict *v)
{
	const struct pc_refusal *r = &v->refusal;
	const struct pc_holder *h = pc_advice_primary(v);

	if (r->error == EACCES)
		explain_denied(out, r);
	else if (r->walk & PC_WALK_NO_TABLE)
		fprintf(out, "the kernel's port table was not found, so the holders are not known");
	else if (h)
		fprintf(out,
			"%s holds the port; whether it was accepted by a listener that is gone "
			"or is an outgoing connection is not known, because it is older than "
			"portclash",
			holder_word(h));
	else if (r->walk & PC_WALK_TRUNCATED)
		fprintf(out, "more sockets are on this port than could be looked at, and none of "
			     "those seen explains the refusal");
	else if (r->holders_total)
		fprintf(out,
			"%u sockets are on this port, but none of those seen should have "
			"blocked this one",
			r->holders_total);
	else
		fprintf(out, "nobody held the port any more when the kernel's table was read, an "
			     "instant after the refusal: try again");
}

static void (*const explainers[])(FILE *out, const struct pc_verdict *v) = {
	[PC_CAUSE_INVALID] = explain_unknown,
	[PC_CAUSE_EPHEMERAL_CLIENT] = explain_ephemeral_client,
	[PC_CAUSE_EPHEMERAL_BIND] = explain_ephemeral_bind,
	[PC_CAUSE_EXPLICIT_CLIENT] = explain_explicit_client,
	[PC_CAUSE_LISTENER] = pc_explain_listener,
	[PC_CAUSE_BOUND_NOT_LISTENING] = explain_bound,
	[PC_CAUSE_TIME_WAIT] = explain_time_wait,
	[PC_CAUSE_LINGERING_CONNECTION] = explain_lingering,
	[PC_CAUSE_SELF_CONNECT] = explain_self_connect,
	[PC_CAUSE_PRIVILEGED_PORT] = explain_privileged,
	[PC_CAUSE_ADDRESS_NOT_LOCAL] = explain_not_local,
	[PC_CAUSE_RANGE_EXHAUSTED] = explain_exhausted,
	[PC_CAUSE_CONNECTION_EXISTS] = explain_connection_exists,
	[PC_CAUSE_DUPLICATE_INSTANCE] = pc_explain_duplicate,
	[PC_CAUSE_INHERITED_LISTENER] = pc_explain_inherited,
	[PC_CAUSE_REUSEPORT_MISMATCH] = pc_explain_reuseport,
	[PC_CAUSE_WILDCARD_OVERLAP] = pc_explain_wildcard,
	[PC_CAUSE_DUAL_STACK] = pc_explain_dual_stack,
	[PC_CAUSE_LISTEN_RACE] = pc_explain_listen_race,
	[PC_CAUSE_KERNEL_SOCKET] = pc_explain_kernel_socket,
	[PC_CAUSE_UNKNOWN] = explain_unknown,
};
_Static_assert(sizeof(explainers) / sizeof(explainers[0]) == PC_CAUSE_COUNT,
	       "every cause has its explanation");

int pc_advise(struct pc_verdict *v)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	explainers[v->cause < PC_CAUSE_COUNT ? v->cause : PC_CAUSE_UNKNOWN](text.out, v);
	if (v->primary >= 0)
		pc_place_explain(text.out, v, pc_advice_primary(v));
	v->explanation = pc_text_close(&text);
	pc_fixes(v);
	return v->explanation ? 0 : -ENOMEM;
}

void pc_verdict_clear(struct pc_verdict *v)
{
	free(v->explanation);
	v->explanation = NULL;
	for (unsigned i = 0; i < v->fixes_count; i++) {
		free(v->fixes[i].what);
		free(v->fixes[i].command);
	}
	v->fixes_count = 0;
}
