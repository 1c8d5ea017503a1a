// SPDX-License-Identifier: GPL-2.0-only
/* Advice about a refused socket that may be a transparent proxy's. */
#include "core/verdict/proxy.h"

#include <errno.h>

#include "core/base/address.h"
#include "core/process/party.h"

/* For all that is known: an agent that may not enter the network namespace knows no addresses there. */
static bool may_be_elsewhere(const struct pc_verdict *v)
{
	return v->address.state == PC_ADDRESS_MISSING || v->address.state == PC_ADDRESS_UNKNOWN;
}

/* A client on this machine has a local address, too. */
static bool may_be_proxy(const struct pc_advice *a)
{
	const struct pc_verdict *v = a->verdict;
	const struct pc_request *r = &v->request;

	if (v->cause == PC_CAUSE_TRANSPARENT_SOURCE || !a->holder || r->op != PC_OP_BIND ||
	    r->error != EADDRINUSE || pc_address_is_any(r->wanted_family, r->wanted))
		return false;
	if (r->socket.flags & PC_SOCKET_TRANSPARENT)
		return may_be_elsewhere(v) || a->holder->socket.rport;
	return r->socket.flags & PC_SOCKET_FREEBIND && may_be_elsewhere(v) &&
	       !pc_holder_is_server(a->holder);
}

void pc_advice_explain_proxy(struct pc_advice *a)
{
	if (may_be_proxy(a))
		pc_advice_explain(
			a,
			"; the refused socket has %s, so it may also be that of a proxy, which connects from its client's address and port: then nothing is wrong with the port or with its holder",
			a->verdict->request.socket.flags & PC_SOCKET_TRANSPARENT ?
				"IP_TRANSPARENT" :
				"IP_FREEBIND");
}

void pc_advice_fix_proxy_first(struct pc_advice *a)
{
	if (may_be_proxy(a))
		pc_advice_fix(
			a, PC_NOW,
			"first see what the refused program is: if a proxy connects from its client's address here, end nothing and change the proxy; if it is a server, go on");
}

void pc_advice_fix_proxy(struct pc_advice *a)
{
	pc_advice_fix(
		a, PC_LASTING,
		"or, in the proxy, set IP_BIND_ADDRESS_NO_PORT and bind the client's address with port 0: the kernel then finds a port at connect(), where one port serves many destinations");
	pc_advice_fix(
		a, PC_LASTING,
		"or, if the server must see the client's port: set SO_REUSEADDR on the proxy's sockets before bind(), and connect with another port where bind() is refused");
}

void pc_advice_fix_proxy_last(struct pc_advice *a)
{
	if (may_be_proxy(a))
		pc_advice_fix_proxy(a);
}
