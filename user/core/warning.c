// SPDX-License-Identifier: GPL-2.0-only
/* What an early warning says, and what it advises: the fixes of the refusal that is to come. */
#include "core/warning.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/advice_private.h"
#include "core/fixes_private.h"
#include "core/ports.h"
#include "core/text.h"

#define NS_PER_SECOND 1000000000

bool pc_warning_concerns(uint8_t how)
{
	return how == PC_HOW_CONNECT || how == PC_HOW_BIND_ZERO || how == PC_HOW_AUTOBIND;
}

static const char *how_words(const struct pc_claim *c)
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
	v->refusal.proto = w->claim.proto;
	v->refusal.netns = w->claim.netns;
	v->refusal.wanted_port = w->claim.port;
	if (w->settings) {
		v->refusal.range_low = w->settings->low;
		v->refusal.range_high = w->settings->high;
		v->refusal.reserved = pc_ports_has(w->settings->reserved, w->claim.port);
		v->reserved = w->settings->reserved;
	}
	v->monitor_netns = w->monitor_netns;
	v->netns_pid = w->netns_pid;
	v->holders[0].maker = w->client;
	v->holders_count = 1;
	return v;
}

static void explain_listener(FILE *out, const struct pc_warning *w)
{
	const struct pc_gone *gone = w->listener;
	uint64_t ns = w->claim.time_ns > gone->gone_ns ? w->claim.time_ns - gone->gone_ns : 0;
	char name[64];

	fprintf(out, "port %u, on which ", w->claim.port);
	if (gone->party.who)
		fputs(pc_advice_name(&gone->party, name, sizeof(name)), out);
	else
		fputs("a process whose name was not seen", out);
	if (ns < NS_PER_SECOND)
		fprintf(out, " listened until %lu ms before", (unsigned long)(ns / 1000000));
	else
		fprintf(out, " listened until %lu s before", (unsigned long)(ns / NS_PER_SECOND));
}

static void explain(FILE *out, const struct pc_warning *w, const struct pc_verdict *v)
{
	char name[64];

	if (w->listener)
		explain_listener(out, w);
	else
		fprintf(out, "protected port %u", w->claim.port);
	fprintf(out, "%s was given by the kernel to %s at %s", w->listener ? "," : "",
		pc_advice_name(&w->client, name, sizeof(name)), how_words(&w->claim));
	if (w->settings)
		pc_advice_why_chosen(out, &v->refusal);
	fputs("; a server that is started on it now can be refused", out);
}

/* What is reserved there is not known: a whole list to type would undo it. */
static void fix_reserve_unknown(struct pc_verdict *v)
{
	pc_fix_add(v, PC_LASTING,
		   pc_fix_say("add %u to net.ipv4.ip_local_reserved_ports of network namespace "
			      "%u, so that the kernel never chooses it again",
			      v->refusal.wanted_port, v->refusal.netns),
		   NULL);
}

static void advise(struct pc_verdict *v, const struct pc_warning *w)
{
	pc_fix_stop(v, &v->holders[0],
		    w->claim.how == PC_HOW_CONNECT ? ", or wait for its connection to end" : "");
	if (w->settings)
		pc_fix_reserve(v);
	else
		fix_reserve_unknown(v);
}

int pc_warning_advise(struct pc_warning *w)
{
	struct pc_verdict *v = refusal_to_come(w);
	struct pc_text text;

	if (!v)
		return -ENOMEM;
	if (pc_text_open(&text)) {
		free(v);
		return -ENOMEM;
	}
	explain(text.out, w, v);
	w->explanation = pc_text_close(&text);
	advise(v, w);
	memcpy(w->fixes, v->fixes, sizeof(w->fixes));
	w->fixes_count = v->fixes_count;
	free(v);
	return w->explanation ? 0 : -ENOMEM;
}

void pc_warning_clear(struct pc_warning *w)
{
	free(w->explanation);
	w->explanation = NULL;
	for (unsigned i = 0; i < w->fixes_count; i++) {
		free(w->fixes[i].what);
		free(w->fixes[i].command);
	}
	w->fixes_count = 0;
}
