// SPDX-License-Identifier: GPL-2.0-only
/* Search all slots once. */
#include "core/flight/answer.h"

#include <string.h>

#include "core/base/ports.h"

const char *pc_flight_wrong(const void *data, uint64_t size)
{
	switch (pc_flight_look(data, size)) {
	case PC_FLIGHT_FOREIGN:
		return "is no flight recorder of portclash";
	case PC_FLIGHT_EMPTY:
		return pc_flight_zero(data, size) ? "is empty: no agent has recorded into it yet" :
						    "is no flight recorder of portclash";
	case PC_FLIGHT_NEWER:
		return "was written by a newer portclash: use that one";
	case PC_FLIGHT_OLDER:
		return "was written by an older portclash: use that one";
	case PC_FLIGHT_OURS:
		if (!pc_flight_newest(data))
			return "is damaged: its state does not fit its check";
		if (!pc_flight_newest(data)->runs_count)
			return "is empty: its agent does not watch yet";
		return NULL;
	default:
		return "is damaged: its head does not fit its check or its size";
	}
}

bool pc_flight_lingered(const struct pc_flight_slot *s)
{
	return s->proto == PC_PROTO_TCP && s->end_ns &&
	       (s->end_state == PC_STATE_FIN_WAIT1 || s->end_state == PC_STATE_FIN_WAIT2 ||
		s->end_state == PC_STATE_CLOSING || s->end_state == PC_STATE_TIME_WAIT);
}

bool pc_flight_listened(const struct pc_flight_slot *s)
{
	return s->proto == PC_PROTO_TCP && s->end_ns && s->end_state == PC_STATE_LISTEN;
}

/* The run in which a claim was recorded. NULL: it is not known any more. */
static const struct pc_flight_run *run_of(const struct pc_flight_state *st, uint64_t time_ns)
{
	for (uint64_t i = st->runs_count; i-- > 0;)
		if (time_ns >= st->runs[i].first_ns)
			return &st->runs[i];
	return NULL;
}

/* The kernel side reports the end of each TCP socket that connected or listened, and no other end. */
static bool end_is_reported(const struct pc_flight_slot *s)
{
	if (s->proto != PC_PROTO_TCP)
		return false;
	return s->listens || (s->how == PC_HOW_CONNECT && s->ends_known);
}

uint64_t pc_flight_watched_until(const struct pc_flight_state *st, const struct pc_flight_slot *s)
{
	const struct pc_flight_run *run = run_of(st, s->time_ns);

	return run && end_is_reported(s) ? run->last_ns : 0;
}

enum pc_flight_hold pc_flight_hold(const struct pc_flight_state *st,
				   const struct pc_flight_question *q,
				   const struct pc_flight_slot *s)
{
	if (s->end_ns && s->end_ns >= q->from_ns)
		return PC_FLIGHT_HELD;
	if (s->end_ns)
		return pc_flight_lingered(s) && q->from_ns - s->end_ns <= PC_FLIGHT_LINGER_NS ?
			       PC_FLIGHT_PERHAPS :
			       PC_FLIGHT_OVER;
	/* A record that was lost since may have been that of its end. */
	return q->from_ns <= pc_flight_watched_until(st, s) && st->lost_ns < s->time_ns ?
		       PC_FLIGHT_HELD :
		       PC_FLIGHT_PERHAPS;
}

static bool is_told_after(const struct pc_flight_answer *a, const struct pc_flight_question *q,
			  const struct pc_flight_slot *x, const struct pc_flight_slot *y)
{
	enum pc_flight_hold of_x = pc_flight_hold(a->state, q, x);
	enum pc_flight_hold of_y = pc_flight_hold(a->state, q, y);

	return of_x == of_y ? x->time_ns < y->time_ns : of_x < of_y;
}

/* The list is short, and most claims are of other ports. */
static void add_held(struct pc_flight_answer *a, const struct pc_flight_question *q,
		     const struct pc_flight_slot *s)
{
	unsigned at = a->count;

	while (at && is_told_after(a, q, a->held[at - 1], s))
		at--;
	if (a->count == PC_FLIGHT_ANSWERS) {
		a->more++;
		if (at == PC_FLIGHT_ANSWERS)
			return;
		a->count--;
	}
	memmove(&a->held[at + 1], &a->held[at], (a->count - at) * sizeof(a->held[0]));
	a->held[at] = s;
	a->count++;
}

static void take_later_end(const struct pc_flight_slot **last, const struct pc_flight_slot *s)
{
	if (!*last || s->end_ns > (*last)->end_ns)
		*last = s;
}

static void consider_claim(struct pc_flight_answer *a, const struct pc_flight_question *q,
			   const struct pc_flight_slot *s)
{
	enum pc_flight_hold hold;

	if (!pc_ports_has(q->ports, s->port) || (q->netns && q->netns != s->netns))
		return;
	hold = pc_flight_hold(a->state, q, s);
	if (s->time_ns > q->to_ns) {
		if (!a->after || s->time_ns < a->after->time_ns)
			a->after = s;
	} else if (hold == PC_FLIGHT_OVER) {
		take_later_end(&a->before, s);
		if (pc_flight_listened(s))
			take_later_end(&a->listener, s);
	} else {
		a->certain += hold == PC_FLIGHT_HELD;
		add_held(a, q, s);
	}
}

static enum pc_flight_reach reach_of(const struct pc_flight_state *st, uint64_t since_ns,
				     const struct pc_flight_question *q)
{
	/* The runs before the first one may have been forgotten. */
	if (!st->runs_count || (q->to_ns < st->runs[0].first_ns && st->runs_count < PC_FLIGHT_RUNS))
		return PC_FLIGHT_NOT_WATCHED;
	if (q->to_ns < since_ns)
		return PC_FLIGHT_TOO_EARLY;
	if (q->from_ns > st->runs[st->runs_count - 1].last_ns + PC_FLIGHT_ALIVE_NS)
		return PC_FLIGHT_TOO_LATE;
	for (uint64_t i = 0; i < st->runs_count; i++)
		if (q->to_ns >= st->runs[i].first_ns &&
		    q->from_ns <= st->runs[i].last_ns + PC_FLIGHT_ALIVE_NS)
			return PC_FLIGHT_REACHED;
	return PC_FLIGHT_NOT_WATCHED;
}

void pc_flight_ask(const void *data, uint64_t size, const struct pc_flight_question *q,
		   struct pc_flight_answer *out)
{
	const struct pc_flight_slot *slots =
		(const void *)((const uint8_t *)data + PC_FLIGHT_SLOTS_AT);

	*out = (struct pc_flight_answer){ .state = pc_flight_newest(data) };
	for (uint64_t i = 0; i < pc_flight_slots(size); i++) {
		enum pc_flight_fill fill = pc_flight_fill(&slots[i]);

		out->whole += fill == PC_FLIGHT_WHOLE;
		out->torn += fill == PC_FLIGHT_TORN;
		if (fill == PC_FLIGHT_WHOLE)
			consider_claim(out, q, &slots[i]);
	}
	out->since_ns = pc_flight_since(out->state);
	out->reach = reach_of(out->state, out->since_ns, q);
}
