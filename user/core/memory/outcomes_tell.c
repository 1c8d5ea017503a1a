// SPDX-License-Identifier: GPL-2.0-only
/* The time at which each outcome is told, and the counts of outcomes. */
#include "core/memory/outcomes_private.h"

/* Lines about a hunter come so many seconds apart, and from then on as the last. */
static const unsigned hunt_seconds[] = { 10, 60, 600 };
#define HUNT_LINES (sizeof(hunt_seconds) / sizeof(hunt_seconds[0]))

void pc_outcomes_take_back(struct pc_outcomes *t)
{
	struct pc_outcomes_entry *e = t->out;

	t->out = NULL;
	if (e && t->out_ends)
		pc_outcomes_drop(t, e);
	else if (e)
		e->search.out.refusals = e->search.out.folded = 0;
}

static bool still_runs(const struct pc_outcomes *t, const struct pc_outcomes_entry *e)
{
	return t->world.running(t->world.context, &e->search.out.requester.key);
}

/* The end of a process can have gone unseen, so its host is asked: before it is said to wait, and
 * from then on now and then. */
static void check_process(struct pc_outcomes *t, struct pc_outcomes_entry *e, uint64_t now_ns)
{
	struct pc_search *s = &e->search;
	bool waits = s->told != PC_OUTCOME_WAITING && !s->unsure;
	uint64_t due_ns =
		waits ? s->since_ns + t->patience_ns : s->checked_ns + PC_OUTCOMES_KEEP_NS;

	if (now_ns < due_ns)
		return;
	s->checked_ns = now_ns;
	if (!still_runs(t, e))
		pc_search_end(s, now_ns, NULL);
	else if (waits)
		pc_search_wait(s, now_ns);
}

static void let_time_pass(struct pc_outcomes *t, struct pc_outcomes_entry *e, uint64_t now_ns,
			  bool stop)
{
	struct pc_search *s = &e->search;

	if (s->resolved)
		return;
	if (s->phase == PC_SEARCH_GAINED && (stop || now_ns >= s->gained_ns + PC_SEARCH_SETTLE_NS))
		pc_search_settle(s);
	else if (s->phase == PC_SEARCHING && !stop)
		check_process(t, e, now_ns);
}

/* The first port that was taken in place of another counts when it is settled: until then the process
 * may come back to the refused one. */
static void count_outcomes(struct pc_outcomes *t, struct pc_search *s)
{
	if (!s->resolved && !pc_search_is_hunter(s))
		return;
	for (unsigned kind = 0; kind < PC_OUTCOME_COUNT; kind++) {
		t->counters.outcomes[s->out.cause][kind] += s->counts[kind];
		s->counts[kind] = 0;
	}
}

/* A hunter may be refused so often that no port it takes has time to settle. */
static bool hunt_is_due(const struct pc_outcomes_entry *e, uint64_t now_ns, bool stop)
{
	const struct pc_search *s = &e->search;
	unsigned line = e->lines < HUNT_LINES ? e->lines : HUNT_LINES - 1;

	if (!s->episodes || !pc_search_is_hunter(s) || !s->out.refusals ||
	    s->phase == PC_SEARCH_ENDED || s->gained == PC_OUTCOME_GOT_LATER)
		return false;
	return stop || s->ended || s->owed ||
	       now_ns >= s->told_ns + hunt_seconds[line] * PC_NS_PER_SECOND;
}

static void tell_hunt(struct pc_outcomes_entry *e)
{
	struct pc_outcome *o = &e->search.out;

	e->lines += !e->search.owed;
	o->kind = PC_OUTCOME_TOOK_ANOTHER;
	o->time_ns = e->search.gained_ns;
	o->hunt = true;
}

/* A crash loop ends in the same way each time: the first time is told, and the next when its verdict
 * was. */
static bool is_to_be_told(struct pc_outcomes_entry *e, uint64_t now_ns, bool stop)
{
	struct pc_search *s = &e->search;

	if (s->resolved && (s->owed || s->out.kind != s->told))
		return true;
	if (!hunt_is_due(e, now_ns, stop))
		return false;
	tell_hunt(e);
	return true;
}

static bool search_is_over(const struct pc_search *s, uint64_t now_ns)
{
	if (s->phase == PC_SEARCH_GAINED || (s->phase == PC_SEARCH_TOOK && s->ended))
		return true;
	return (s->phase == PC_SEARCH_TOOK || s->phase == PC_SEARCH_ENDED) &&
	       now_ns > s->out.last_ns + PC_OUTCOMES_KEEP_NS;
}

static void note_telling(struct pc_outcomes *t, struct pc_outcomes_entry *e, uint64_t now_ns)
{
	struct pc_search *s = &e->search;

	s->told = s->out.kind;
	s->told_ns = now_ns;
	s->owed = false;
	t->out = e;
}

/* True: the outcome of this search is to be told now. */
static bool look(struct pc_outcomes *t, struct pc_outcomes_entry *e, uint64_t now_ns, bool stop)
{
	struct pc_search *s = &e->search;
	bool settled, tell;

	let_time_pass(t, e, now_ns, stop);
	settled = s->resolved || s->phase != PC_SEARCH_GAINED;
	tell = is_to_be_told(e, now_ns, stop);
	count_outcomes(t, s);
	s->resolved = false;
	t->out_ends = settled && search_is_over(s, now_ns);
	if (tell)
		note_telling(t, e, now_ns);
	else if (t->out_ends)
		pc_outcomes_drop(t, e);
	return tell;
}

const struct pc_outcome *pc_outcomes_next(struct pc_outcomes *t, uint64_t now_ns, bool stop)
{
	struct pc_outcomes_entry *e, *next;

	pc_outcomes_take_back(t);
	for (e = t->oldest; e; e = next) {
		next = e->next;
		if (look(t, e, now_ns, stop))
			return &e->search.out;
	}
	return NULL;
}

const struct pc_outcomes_counters *pc_outcomes_counters(struct pc_outcomes *t, uint64_t now_ns)
{
	struct pc_outcomes_counters *c = &t->counters;

	c->open = 0;
	for (unsigned i = 0; i < PC_CAUSE_COUNT; i++)
		c->unserved[i] = 0;
	for (const struct pc_outcomes_entry *e = t->oldest; e; e = e->next) {
		const struct pc_search *s = &e->search;

		c->open += s->told == PC_OUTCOME_INVALID;
		c->unserved[s->out.cause] +=
			s->unserved && now_ns < s->out.last_ns + PC_OUTCOMES_NEWS_NS;
	}
	return c;
}
