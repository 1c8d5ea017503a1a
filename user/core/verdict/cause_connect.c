// SPDX-License-Identifier: GPL-2.0-only
/* In these causes the kernel found no free port, or no free port for this connection. */
#include <errno.h>

#include "core/base/address.h"
#include "core/base/names.h"
#include "core/verdict/advice_fixes.h"
#include "core/verdict/advice_phrases.h"
#include "core/verdict/causes.h"
#include "core/verdict/proxy.h"
#include "core/verdict/range_use.h"

static const char *exhausted_call(const struct pc_request *r)
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

/* The words that a program prints for the error. */
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

/* The kernel does not try the last port of a range of odd size, so one port may be left. Where more are
 * left, no sentence may say that the range is used up. */
static bool ports_are_left(const struct pc_verdict *v)
{
	return v->range_use && v->range_use->left > 1;
}

static void explain_exhausted(struct pc_advice *a)
{
	const struct pc_request *r = &a->verdict->request;
	const struct pc_port_settings *s = &a->verdict->settings;
	struct pc_span range = pc_offered_range(s->low, s->high, r);

	pc_advice_explain(a, "%s found no free port in ", exhausted_call(r));
	if (r->own_low || r->own_high)
		pc_advice_explain(a, "the socket's own range %u\u2013%u (IP_LOCAL_PORT_RANGE)",
				  range.low, range.high);
	else
		pc_advice_explain(a, "the ephemeral range %u\u2013%u", range.low, range.high);
	if (ports_are_left(a->verdict))
		pc_advice_explain(
			a, ", says %s; but a moment later %u of its ports were left, so try again",
			exhausted_error(r->error), a->verdict->range_use->left);
	else
		pc_advice_explain(a, ": %s means here that the range is used up%s",
				  exhausted_error(r->error),
				  r->op == PC_OP_CONNECT && r->proto == PC_PROTO_TCP ?
					  " for connections to this destination" :
					  "");
}

/* A range of the socket's own is the program's to widen. Of the namespace's, only a range that reaches
 * no server's port is a piece of advice. */
static void fix_widen(struct pc_advice *a)
{
	const struct pc_request *r = &a->verdict->request;
	const struct pc_range_use *use = a->verdict->range_use;

	if (r->own_low || r->own_high) {
		pc_advice_fix(
			a, PC_LASTING,
			"or let the program ask for a wider range with IP_LOCAL_PORT_RANGE, or not set that option: net.ipv4.ip_local_port_range is not what limits this socket");
		return;
	}
	if (!use) {
		pc_advice_fix(
			a, PC_LASTING,
			"or widen net.ipv4.ip_local_port_range in that network namespace, by ports that no server uses; portclash could not look there for them, so run `portclash audit` after the change");
		return;
	}
	if (ports_are_left(a->verdict) || !use->wider.low)
		return;
	pc_advice_fix(
		a, PC_LASTING,
		"or widen the range; no server has a port in the wider one now that it does not have in this one");
	pc_advice_command_enter(a);
	pc_advice_command(a, "sysctl -w net.ipv4.ip_local_port_range='%u %u'", use->wider.low,
			  use->wider.high);
}

static void fix_exhausted(struct pc_advice *a)
{
	const struct pc_request *r = &a->verdict->request;

	if (r->proto == PC_PROTO_TCP && r->op != PC_OP_CONNECT)
		pc_advice_fix(
			a, PC_LASTING,
			"in a client that binds only to choose its address: set IP_BIND_ADDRESS_NO_PORT before bind(), and the port is chosen at connect(), where one port serves many destinations");
	fix_widen(a);
}

const struct pc_cause_row pc_cause_range_exhausted = {
	.name = "range-exhausted",
	.kind = PC_KIND_NO_HOLDER,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_exhausted,
	.fix = fix_exhausted,
};

static void explain_no_source(struct pc_advice *a)
{
	const struct pc_request *r = &a->verdict->request;
	char address[PC_ADDRESS_TEXT];

	pc_advice_explain(
		a,
		"this network namespace has no usable IPv6 address from which to reach %s, though it has a route; the kernel looked for no port, and ports are not what is missing",
		pc_address_text(r->wanted_family, r->wanted, address));
}

static void fix_no_source(struct pc_advice *a)
{
	pc_advice_fix(
		a, PC_NOW,
		"see which IPv6 addresses there are: none, one that is tentative or dadfailed, or only link-local ones");
	pc_advice_command_enter(a);
	pc_advice_command(a, "ip -6 address");
	pc_advice_fix(
		a, PC_LASTING,
		"give the machine a global IPv6 address, or take the route away, or let the program use IPv4");
}

const struct pc_cause_row pc_cause_no_source_address = {
	.name = "no-source-address",
	.kind = PC_KIND_NO_HOLDER,
	.usual = { .op = PC_OP_CONNECT, .error = EADDRNOTAVAIL },
	.explain = explain_no_source,
	.fix = fix_no_source,
};

static void explain_transparent(struct pc_advice *a)
{
	const struct pc_request *r = &a->verdict->request;
	char address[PC_ENDPOINT_TEXT];

	pc_advice_explain(
		a,
		"a transparent proxy asked for the address and port of its client, %s, to connect from there (%s); another connection of this machine has both already, perhaps for the same client, so nothing is wrong with the port or with its holder",
		pc_endpoint_text(r->wanted_family, r->wanted, r->wanted_port, address),
		r->socket.flags & PC_SOCKET_TRANSPARENT ? "IP_TRANSPARENT" : "IP_FREEBIND");
}

const struct pc_cause_row pc_cause_transparent_source = {
	.name = "transparent-source",
	.kind = PC_KIND_CLIENT,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_transparent,
	.fix = pc_advice_fix_proxy, /* to end the holder would cut off the client */
};

static void explain_connection_exists(struct pc_advice *a)
{
	pc_advice_explain(
		a,
		"the client bound its port %u before connect(), and there is a connection from that port to the same destination already, in %s: no two can have the same four addresses and ports",
		a->verdict->request.socket.lport,
		pc_state_name(pc_socket_state(&a->holder->socket)));
}

static void fix_connection_exists(struct pc_advice *a)
{
	pc_advice_fix_end(a);
	pc_advice_fix(
		a, PC_LASTING,
		"let the kernel choose the client's port: no bind() before connect(), or IP_BIND_ADDRESS_NO_PORT to choose the address only");
}

const struct pc_cause_row pc_cause_connection_exists = {
	.name = "connection-exists",
	.kind = PC_KIND_CLIENT,
	.usual = { .op = PC_OP_CONNECT, .error = EADDRNOTAVAIL },
	.explain = explain_connection_exists,
	.fix = fix_connection_exists,
};
