// SPDX-License-Identifier: GPL-2.0-only
/* The sentence and the fixes of an early warning; the fixes are those of the refusal to come. */
#include "core/verdict/warning.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"
#include "core/base/time.h"
#include "core/verdict/advice.h"
#include "core/verdict/advice_fixes.h"
#include "core/verdict/advice_phrases.h"

bool pc_warning_concerns(enum pc_how how)
{
	return how == PC_HOW_CONNECT || how == PC_HOW_BIND_ZERO || how == PC_HOW_AUTOBIND;
}

static const char *claiming_call(const struct pc_claim *c)
{
	switch (c->how) {
	case PC_HOW_CONNECT:
		return "connect()";
	case PC_HOW_BIND_ZERO:
		return "a bind() to port 0";
	default:
		return c->proto == PC_PROTO_TCP ? "a listen() without a bind()" :
						  "a send or connect() without a bind()";
	}
}

/* The refusal that a server would get on this port now, with the client as the one holder. */
static struct pc_verdict *refusal_to_come(const struct pc_warning *w)
{
	struct pc_verdict *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->request.proto = w->claim.proto;
	v->request.netns = w->claim.netns;
	v->request.wanted_port = w->claim.port;
	if (w->settings) {
		v->settings.known = true;
		v->settings.low = w->settings->low;
		v->settings.high = w->settings->high;
		v->settings.wanted_reserved = pc_ports_has(w->settings->reserved, w->claim.port);
		v->settings.reserved = w->settings->reserved;
	}
	v->monitor_netns = w->monitor_netns;
	v->monitor_boots = w->monitor_boots;
	v->netns_pid = w->netns_pid;
	v->holders[0].claimer = w->claim.claimer;
	v->holders_count = 1;
	return v;
}

/* "port 8080, on which nginx[7] listened until 300 ms before" */
static void put_ended_listener(struct pc_advice *a, const struct pc_warning *w)
{
	const struct pc_ended *gone = w->listener;
	uint64_t ns = w->claim.time_ns > gone->ended_ns ? w->claim.time_ns - gone->ended_ns : 0;
	char name[PC_ADVICE_NAME];

	pc_advice_explain(a, "port %u, on which %s", w->claim.port,
			  gone->party.who ? pc_advice_name(&gone->party, name) :
					    "a process whose name was not seen");
	if (ns < PC_NS_PER_SECOND)
		pc_advice_explain(a, " listened until %lu ms before",
				  (unsigned long)(ns / PC_NS_PER_MS));
	else
		pc_advice_explain(a, " listened until %lu s before",
				  (unsigned long)(ns / PC_NS_PER_SECOND));
}

static void explain_warning(struct pc_advice *a, const struct pc_warning *w)
{
	char name[PC_ADVICE_NAME];

	if (w->listener)
		put_ended_listener(a, w);
	else
		pc_advice_explain(a, "protected port %u", w->claim.port);
	if (!w->listener && w->listener_forgotten)
		pc_advice_explain(
			a, " (a listener that ended on it was forgotten, because too many ended)");
	pc_advice_explain(a, "%s was given by the kernel to %s at %s", w->listener ? "," : "",
			  pc_advice_name(&w->claim.claimer, name), claiming_call(&w->claim));
	if (w->settings)
		pc_advice_why_chosen(a);
	pc_advice_explain(a, "; a server that is started on it now can be refused");
}

static void fix_warning(struct pc_advice *a, const struct pc_warning *w)
{
	pc_advice_fix_stop(
		a, w->claim.how == PC_HOW_CONNECT ? ", or wait for its connection to end" : "");
	pc_advice_fix_reserve(a);
}

int pc_warning_advise(struct pc_warning *w)
{
	struct pc_verdict *v = refusal_to_come(w);
	struct pc_advice a;
	int err;

	if (!v)
		return -ENOMEM;
	err = pc_advice_begin(&a, v);
	if (!err) {
		explain_warning(&a, w);
		fix_warning(&a, w);
		err = pc_advice_end(&a);
		w->explanation = v->explanation;
		memcpy(w->fixes, v->fixes, sizeof(w->fixes));
		w->fixes_count = v->fixes_count;
	}
	free(v);
	return err;
}

void pc_warning_clear(struct pc_warning *w)
{
	free(w->explanation);
	w->explanation = NULL;
	pc_advice_clear_fixes(w->fixes, &w->fixes_count);
}
