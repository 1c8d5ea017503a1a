// SPDX-License-Identifier: GPL-2.0-only
/* In these causes a connection holds the port, and no process listens on it any more. */
#include <errno.h>

#include "core/base/address.h"
#include "core/verdict/advice_fixes.h"
#include "core/verdict/advice_phrases.h"
#include "core/verdict/causes.h"

static void about_time_wait_reuse(struct pc_advice *a)
{
	if (!a->holder->socket.reuse)
		pc_advice_explain(
			a,
			"; its socket had not set SO_REUSEADDR, so setting it on the refused socket does not help this time");
	else if (!a->verdict->request.socket.reuse)
		pc_advice_explain(a, "; its socket had SO_REUSEADDR, the refused socket lacks it");
}

/* The end that closed first is in TIME_WAIT (RFC 9293, 3.6). */
static void explain_time_wait(struct pc_advice *a)
{
	const struct pc_holder *h = a->holder;
	unsigned left = h->socket.seconds_left;
	char name[PC_ADVICE_NAME];

	if (h->how == PC_HOW_CONNECT)
		pc_advice_explain(
			a,
			"an outgoing connection of %s that has ended, not a listener, keeps the port in TIME_WAIT",
			pc_advice_name(&h->claimer, name));
	else
		pc_advice_explain(a,
				  "a connection on this port that has ended keeps it in TIME_WAIT");
	if (left)
		pc_advice_explain(a, " for %u s more (of 60 s)", left);
	else
		pc_advice_explain(a, " for up to 60 s");
	pc_advice_explain(a, ", because this end of it closed first");
	about_time_wait_reuse(a);
	pc_advice_explain(
		a,
		"; net.ipv4.tcp_tw_reuse changes nothing here: it is about outgoing connections, not about bind()");
}

static void fix_time_wait(struct pc_advice *a)
{
	const struct pc_holder *h = a->holder;

	pc_advice_fix_time_wait(a);
	pc_advice_fix_reuseaddr(a);
	if (h->how == PC_HOW_CONNECT) {
		pc_advice_fix_reserve(a);
		pc_advice_fix_other_port(a);
	} else if (!h->socket.reuse) {
		pc_advice_fix(
			a, PC_LASTING,
			"set SO_REUSEADDR before bind() in every run of the server; it works only when the old socket and the new one both have it");
	}
}

const struct pc_cause_row pc_cause_time_wait = {
	.name = "time-wait",
	.kind = PC_KIND_ENDED,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_time_wait,
	.fix = fix_time_wait,
};

static void explain_lingering(struct pc_advice *a)
{
	const struct pc_socket *s = &a->holder->socket;
	char endpoint[PC_ENDPOINT_TEXT];

	pc_advice_explain(
		a,
		"no one listens on the port any more, but a connection that was accepted on it, from %s, is still %s",
		pc_endpoint_text(s->family, s->remote, s->rport, endpoint),
		a->holder->owners_count ? "open" : "being closed by the kernel");
	if (!s->reuse)
		pc_advice_explain(
			a,
			"; the old listener had not set SO_REUSEADDR, so the new one cannot share the port with it");
	else if (!a->verdict->request.socket.reuse)
		pc_advice_explain(
			a, "; the old listener had SO_REUSEADDR, the refused socket has not");
}

static void fix_lingering(struct pc_advice *a)
{
	pc_advice_fix_end(a);
	pc_advice_fix_reuseaddr(a);
	if (!a->holder->socket.reuse)
		pc_advice_fix(
			a, PC_LASTING,
			"set SO_REUSEADDR before bind() in every run of the server; accepted connections have it from their listener");
}

const struct pc_cause_row pc_cause_lingering_connection = {
	.name = "lingering-connection",
	.kind = PC_KIND_ENDING,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_lingering,
	.fix = fix_lingering,
};
