// SPDX-License-Identifier: GPL-2.0-only
/* The table of searches: a list in the order of the last refusals, and chains by process. */
#include "core/memory/outcomes_private.h"

#include <stdlib.h>
#include <string.h>

#include "core/process/party.h"

/* Weak signs that are a strong one together. */
#define WEAK_ENOUGH 3

struct pc_outcomes *pc_outcomes_new(const struct pc_outcomes_world *world, uint64_t patience_ns)
{
	struct pc_outcomes *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->world = *world;
	pc_outcomes_set(t, patience_ns);
	return t;
}

void pc_outcomes_set(struct pc_outcomes *t, uint64_t patience_ns)
{
	t->patience_ns = patience_ns ? patience_ns : PC_OUTCOMES_PATIENCE_NS;
}

static struct pc_outcomes_entry **chain_of(const struct pc_outcomes *t,
					   const struct pc_process_key *key)
{
	uint64_t hash = (key->start_ns ^ key->tgid) * 0x9e3779b97f4a7c15ULL;

	return (struct pc_outcomes_entry **)&t->chains[hash >> 56];
}

static void chain_add(struct pc_outcomes *t, struct pc_outcomes_entry *e)
{
	struct pc_outcomes_entry **head = chain_of(t, &e->search.out.requester.key);

	e->chain = *head;
	*head = e;
}

static void chain_remove(struct pc_outcomes *t, struct pc_outcomes_entry *e)
{
	struct pc_outcomes_entry **at = chain_of(t, &e->search.out.requester.key);

	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
}

static void list_add(struct pc_outcomes *t, struct pc_outcomes_entry *e)
{
	e->next = NULL;
	e->prev = t->newest;
	if (t->newest)
		t->newest->next = e;
	else
		t->oldest = e;
	t->newest = e;
}

static void list_remove(struct pc_outcomes *t, struct pc_outcomes_entry *e)
{
	if (e->prev)
		e->prev->next = e->next;
	else
		t->oldest = e->next;
	if (e->next)
		e->next->prev = e->prev;
	else
		t->newest = e->prev;
}

void pc_outcomes_drop(struct pc_outcomes *t, struct pc_outcomes_entry *e)
{
	chain_remove(t, e);
	list_remove(t, e);
	pc_outcomes_leave_share(t, e);
	pc_search_free(&e->search);
	free(e);
}

void pc_outcomes_free(struct pc_outcomes *t)
{
	while (t && t->oldest)
		pc_outcomes_drop(t, t->oldest);
	free(t);
}

/* The search that this refusal belongs to. One of the process itself is preferred to one that was
 * given up, and the same port to another. */
static struct pc_outcomes_entry *find_part(const struct pc_outcomes *t, const struct pc_verdict *v,
					   enum pc_search_part *part)
{
	struct pc_outcomes_entry *best = NULL;

	*part = PC_PART_NONE;
	for (struct pc_outcomes_entry *e = *chain_of(t, &v->requester.key); e; e = e->chain) {
		enum pc_search_part p = pc_search_part(&e->search, v);

		if (p && p != PC_PART_SUCCESSOR && (!best || p < *part)) {
			best = e;
			*part = p;
		}
	}
	for (struct pc_outcomes_entry *e = t->newest; e && !best; e = e->prev)
		if (pc_search_part(&e->search, v) == PC_PART_SUCCESSOR) {
			best = e;
			*part = PC_PART_SUCCESSOR;
		}
	return best;
}

bool pc_outcomes_is_hunt(const struct pc_outcomes *t, const struct pc_verdict *v)
{
	enum pc_search_part part;
	const struct pc_outcomes_entry *e = find_part(t, v, &part);

	return e && pc_search_folds(&e->search, part);
}

/* Other processes may be the same server, started again. */
static void apply_event(struct pc_outcomes *t, struct pc_outcomes_entry *e,
			const struct pc_event *event)
{
	const struct pc_request *r = &e->search.out.request;
	bool own = pc_search_is_of(&e->search, &event->process);

	if (!event->cookie) {
		if (own && event->time_ns > e->search.out.last_ns)
			pc_search_end(&e->search, event->time_ns, &event->status);
	} else if (own) {
		pc_search_claim(&e->search, event, NULL);
	} else if (event->port == r->wanted_port && event->proto == r->proto) {
		pc_search_claim(&e->search, event, t->world.who(t->world.context, &event->process));
	}
}

struct lookback {
	struct pc_outcomes *t;
	struct pc_outcomes_entry *e;
};

static void apply_earlier(void *context, const struct pc_event *event)
{
	struct lookback *l = context;

	apply_event(l->t, l->e, event);
}

static void recall_earlier(void *context, const struct pc_event *event)
{
	struct lookback *l = context;

	if (event->cookie)
		pc_search_recall(&l->e->search, event);
}

static struct pc_outcomes_entry *outcomes_begin(struct pc_outcomes *t, const struct pc_verdict *v)
{
	struct pc_outcomes_entry *e = calloc(1, sizeof(*e));
	struct lookback l = { t, e };

	if (!e)
		return NULL;
	pc_search_begin(&e->search, v);
	if (v->request.proto == PC_PROTO_UDP)
		pc_events_since(&t->events, 0, recall_earlier, &l);
	return e;
}

static void entry_go_on(struct pc_outcomes *t, struct pc_outcomes_entry *e,
			const struct pc_verdict *v, enum pc_search_part part)
{
	chain_remove(t, e);
	list_remove(t, e);
	pc_search_refused(&e->search, v, part);
}

/* The verdict that the outcome will name. */
static void note_told(struct pc_search *s, const struct pc_verdict *v)
{
	if (v->told[0] && (!s->out.of[0] || !s->owed))
		memcpy(s->out.of, v->told, sizeof(s->out.of));
	s->owed |= v->written;
}

void pc_outcomes_add(struct pc_outcomes *t, const struct pc_verdict *v, uint64_t now_ns)
{
	enum pc_search_part part;
	struct pc_outcomes_entry *e;
	struct lookback l = { .t = t };

	pc_outcomes_take_back(t);
	e = find_part(t, v, &part);
	t->counters.folded += v->hunt;
	if (e)
		entry_go_on(t, e, v, part);
	else
		e = outcomes_begin(t, v);
	if (!e)
		return;
	note_told(&e->search, v);
	e->search.checked_ns = now_ns;
	pc_outcomes_join_share(t, e, v->request.uid);
	chain_add(t, e);
	list_add(t, e);
	l.e = e;
	pc_events_since(&t->events, v->time_ns, apply_earlier, &l);
	if (pc_events_lost(&t->events, &v->requester.key, v->request.wanted_port, v->time_ns))
		e->search.unsure = true;
	pc_outcomes_keep_to_budget(t);
}

/* A process that took another port at once, again and again, looks for any. */
static void judge_weak(struct pc_outcomes *t, const struct pc_process_key *process, uint8_t proto)
{
	unsigned weak = 0;

	for (struct pc_outcomes_entry *e = *chain_of(t, process); e; e = e->chain)
		weak += e->search.weak && e->search.out.request.proto == proto &&
			pc_search_is_of(&e->search, process);
	for (struct pc_outcomes_entry *e = *chain_of(t, process); e && weak >= WEAK_ENOUGH;
	     e = e->chain)
		if (e->search.weak && e->search.phase == PC_SEARCHING &&
		    e->search.out.request.proto == proto && pc_search_is_of(&e->search, process))
			pc_search_substitute(&e->search);
}

static void apply_to_all(struct pc_outcomes *t, const struct pc_event *event)
{
	for (struct pc_outcomes_entry *e = *chain_of(t, &event->process); e; e = e->chain)
		apply_event(t, e, event);
	if (!event->cookie)
		return;
	judge_weak(t, &event->process, event->proto);
	for (struct pc_outcomes_entry *e = event->how == PC_HOW_BIND ? t->oldest : NULL; e;
	     e = e->next)
		if (event->port == e->search.out.request.wanted_port &&
		    !pc_search_is_of(&e->search, &event->process))
			apply_event(t, e, event);
}

void pc_outcomes_event(struct pc_outcomes *t, const struct pc_event *event)
{
	pc_events_add(&t->events, event);
	if (t->oldest)
		apply_to_all(t, event);
}

void pc_outcomes_claims(struct pc_outcomes *t, const void *claims, size_t count)
{
	const unsigned char *at = claims;
	struct pc_kept_event kept;
	struct pc_event event;

	pc_events_add_claims(&t->events, claims, count);
	for (size_t i = 0; t->oldest && i < count; i++) {
		memcpy(&kept, at + i * sizeof(kept), sizeof(kept));
		pc_event_of_kept(&kept, &event);
		apply_to_all(t, &event);
	}
}

void pc_outcomes_address(struct pc_outcomes *t, const struct pc_endpoints *ends)
{
	const struct pc_event *event = pc_events_address(&t->events, ends);

	if (event && t->oldest && event->how == PC_HOW_BIND)
		apply_to_all(t, event);
}
