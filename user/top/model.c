// SPDX-License-Identifier: GPL-2.0-only
/* The sink of top: verdicts, warnings and claims go into the model. Text is what trace prints. */
#include "top/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/names.h"
#include "core/verdict/causes.h"
#include "out/layout.h"
#include "out/text_block.h"
#include "out/text_parts.h"

struct pc_top *pc_top_new(const struct pc_clock *clock)
{
	struct pc_top *top = calloc(1, sizeof(*top));

	if (!top)
		return NULL;
	top->started_ns = clock->now_ns;
	pc_top_tick(top, clock);
	return top;
}

void pc_top_free(struct pc_top *top)
{
	if (!top)
		return;
	pc_top_events_free(&top->events);
	free(top);
}

void pc_top_tick(struct pc_top *top, const struct pc_clock *clock)
{
	top->clock = *clock;
	pc_top_claimers_tick(&top->claimers, clock->now_ns);
}

void pc_top_count(struct pc_top *top, const struct pc_counters *c)
{
	top->refusals = c->verdicts + c->merged;
	top->warnings = c->warnings;
	top->lost = pc_lost_total(c);
}

void pc_top_note(struct pc_top *top, const char *sentence, size_t len)
{
	struct pc_top_event event = { .kind = PC_TOP_NOTE, .time_ns = top->clock.now_ns };
	struct pc_text text;
	char *head;

	if (pc_text_open(&text))
		return;
	pc_put_text(text.out, sentence, len);
	fflush(text.out);
	head = strndup(text.string, text.len);
	if (head)
		pc_top_copy(event.process, sizeof(event.process), head);
	free(head);
	pc_top_events_add(&top->events, &event, &text);
}

const struct pc_top_space *pc_top_space_find(const struct pc_top_look *look, uint32_t inode)
{
	for (unsigned i = 0; i < look->spaces_count; i++)
		if (look->spaces[i].inode == inode)
			return &look->spaces[i];
	return NULL;
}

const struct pc_top_space *pc_top_space_own(const struct pc_top_look *look)
{
	for (unsigned i = 0; i < look->spaces_count; i++)
		if (look->spaces[i].own && !look->spaces[i].unseen[0])
			return &look->spaces[i];
	return NULL;
}

const char *pc_top_space_name(const struct pc_top_look *look, uint32_t inode, char *out)
{
	const struct pc_top_space *space = pc_top_space_find(look, inode);

	if (space)
		pc_top_copy(out, PC_TOP_NAME, space->name);
	else if (inode)
		snprintf(out, PC_TOP_NAME, "%u", inode);
	else
		*out = '\0';
	return out;
}

static struct pc_top_event event_of_request(enum pc_top_kind kind, uint64_t time_ns,
					    const struct pc_request *r)
{
	struct pc_top_event event = {
		.kind = kind, .time_ns = time_ns, .netns = r->netns, .proto = r->proto
	};
	char proto[PC_FAMILY_TEXT];

	pc_request_proto(r, proto);
	if (!r->foreign.family)
		event.port = r->wanted_port;
	if (event.port)
		snprintf(event.wanted, sizeof(event.wanted), "%s %u", proto, event.port);
	else
		snprintf(event.wanted, sizeof(event.wanted), "%s", proto);
	/* The port of connect() and send is the destination's: reserving or freeing it here means nothing. */
	if (r->op != PC_OP_BIND && r->op != PC_OP_LISTEN)
		event.port = 0;
	return event;
}

static void name_cause(struct pc_top_event *event, enum pc_cause cause)
{
	pc_top_copy(event->cause, sizeof(event->cause), pc_cause_name(cause));
}

/* Process that made the claim; if it is not known, an owner; if there is none, the state of the socket. */
static void name_holder(struct pc_top_event *event, const struct pc_holder *h)
{
	pc_top_party(event->holder, sizeof(event->holder), &h->claimer);
	if (!event->holder[0] && h->owners_count)
		pc_top_party(event->holder, sizeof(event->holder), &h->owners[0]);
	if (!event->holder[0])
		snprintf(event->holder, sizeof(event->holder), "a socket in %s",
			 pc_state_name((enum pc_state)h->socket.state));
}

static int top_verdict(void *to, const struct pc_clock *clock, const struct pc_verdict *v)
{
	struct pc_top_event event = event_of_request(PC_TOP_REFUSED, v->time_ns, &v->request);
	struct pc_top *top = to;
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	pc_top_party(event.process, sizeof(event.process), &v->requester);
	if (v->primary >= 0)
		name_holder(&event, &v->holders[v->primary]);
	name_cause(&event, v->cause);
	pc_top_copy(event.verdict, sizeof(event.verdict), v->id);
	pc_put_verdict(text.out, clock, v, true);
	pc_top_events_add(&top->events, &event, &text);
	return 0;
}

static int top_merged(void *to, const struct pc_clock *clock, const struct pc_merged *m)
{
	struct pc_top_event event = event_of_request(PC_TOP_MERGED, m->last_ns, &m->request);
	struct pc_top *top = to;
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	pc_top_party(event.process, sizeof(event.process), &m->requester);
	snprintf(event.cause, sizeof(event.cause), "%lu time%s", (unsigned long)m->count,
		 m->count == 1 ? "" : "s");
	pc_put_merged(text.out, clock, m);
	pc_top_events_add(&top->events, &event, &text);
	return 0;
}

static int top_outcome(void *to, const struct pc_clock *clock, const struct pc_outcome *o)
{
	struct pc_top_event event = event_of_request(PC_TOP_OUTCOME, o->time_ns, &o->request);
	struct pc_top *top = to;
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	pc_top_party(event.process, sizeof(event.process), &o->requester);
	pc_top_copy(event.cause, sizeof(event.cause), pc_outcome_name(o->kind));
	pc_top_copy(event.verdict, sizeof(event.verdict), o->of);
	pc_put_outcome(text.out, clock, o);
	pc_top_events_add(&top->events, &event, &text);
	return 0;
}

static int top_repeat(void *to, const struct pc_clock *clock, const struct pc_repeat *r)
{
	struct pc_top_event event = event_of_request(PC_TOP_REPEATED, r->time_ns, &r->request);
	struct pc_top *top = to;
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	pc_top_party(event.process, sizeof(event.process), &r->requester);
	pc_top_party(event.holder, sizeof(event.holder), &r->holder);
	snprintf(event.cause, sizeof(event.cause), "%lu time%s: %s", (unsigned long)r->count,
		 r->count == 1 ? "" : "s", pc_cause_name(r->cause));
	pc_top_copy(event.verdict, sizeof(event.verdict), r->of);
	pc_put_repeat(text.out, clock, r);
	pc_top_events_add(&top->events, &event, &text);
	return 0;
}

static int top_claim(void *to, const struct pc_clock *clock, const struct pc_claim *c)
{
	struct pc_top *top = to;

	(void)clock;
	pc_top_claimers_add(&top->claimers, c);
	return 0;
}

static int top_warning(void *to, const struct pc_clock *clock, const struct pc_warning *w)
{
	struct pc_top_event event = { .kind = PC_TOP_WARNING,
				      .time_ns = w->claim.time_ns,
				      .netns = w->claim.netns,
				      .port = w->claim.port,
				      .proto = w->claim.proto };
	struct pc_top *top = to;
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	snprintf(event.wanted, sizeof(event.wanted), "%s %u", pc_proto_name(w->claim.proto),
		 w->claim.port);
	pc_top_party(event.holder, sizeof(event.holder), &w->claim.claimer);
	pc_top_copy(event.cause, sizeof(event.cause),
		    w->listed ? "protected port taken" : "server's port taken");
	pc_put_warning(text.out, clock, w, true);
	pc_top_events_add(&top->events, &event, &text);
	return 0;
}

static int top_ready(void *to, const struct pc_clock *clock, const struct pc_ready *r)
{
	struct pc_top *top = to;

	(void)clock;
	pc_top_copy(top->backend, sizeof(top->backend), r->backend);
	return 0;
}

const struct pc_sink pc_sink_top = {
	.name = "top",
	.ready = top_ready,
	.verdict = top_verdict,
	.merged = top_merged,
	.outcome = top_outcome,
	.repeat = top_repeat,
	.claim = top_claim,
	.warning = top_warning,
};
