// SPDX-License-Identifier: GPL-2.0-only
/* The answer of a flight recorder for people. */
#include <errno.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/names.h"
#include "out/flight.h"
#include "out/history_parts.h"
#include "out/text_parts.h"

static void put_recorded_user(FILE *out, uint64_t uid)
{
	if (uid < PC_FLIGHT_NOBODY)
		fprintf(out, ", user %lu", (unsigned long)uid);
	else
		fputs(", user unknown", out);
}

static void put_recorded_process(FILE *out, const struct pc_flight_slot *s)
{
	pc_put_string(out, s->comm);
	fprintf(out, "[%u]", s->pid);
	if (*s->unit) {
		fputc(' ', out);
		pc_put_string(out, s->unit);
	}
	if (*s->container) {
		fputs(" container ", out);
		pc_put_string(out, s->container);
	}
	put_recorded_user(out, s->uid);
	if (*s->exe) {
		fputs(": ", out);
		pc_put_string(out, s->exe);
	}
}

static void put_recorded_ends(FILE *out, const struct pc_flight_slot *s)
{
	char text[PC_ADDRESS_TEXT];

	fprintf(out, "%s ", pc_proto_name(s->proto));
	if (s->ends_known)
		fprintf(out, "%s ", pc_address_text(s->family, s->local, text));
	fprintf(out, "port %u", s->port);
	if (s->ends_known && s->remote_port)
		fprintf(out, " \u2192 %s port %u", pc_address_text(s->family, s->remote, text),
			s->remote_port);
	fprintf(out, " in network namespace %u", s->netns);
}

static void put_recorded_end(FILE *out, const struct pc_flight_view *v,
			     const struct pc_flight_slot *s)
{
	const struct pc_flight_state *st = v->answer->state;
	uint64_t until_ns = pc_flight_watched_until(st, s);

	if (s->end_ns) {
		fputs("closed at ", out);
		pc_put_instant(out, s->end_ns, true);
		if (pc_flight_lingered(s))
			fputs("; a TIME_WAIT may have kept the port for a minute more", out);
		if (pc_flight_listened(s))
			fputs("; connections that it accepted may have kept the port, and a minute more in TIME_WAIT",
			      out);
	} else if (!until_ns) {
		fputs("no end is recorded: it may have been closed before", out);
	} else if (st->lost_ns >= s->time_ns) {
		fputs("no end is recorded, but records were lost: it may have been closed before",
		      out);
	} else {
		fputs(until_ns < v->question->from_ns ? "last seen open at " : "still open at ",
		      out);
		pc_put_instant(out, until_ns, true);
	}
}

static void put_recorded(FILE *out, const struct pc_flight_view *v, const char *field,
			 const struct pc_flight_slot *s)
{
	const struct pc_holder how = { .how = s->how };

	fprintf(out, PC_TEXT_ROW, field);
	put_recorded_process(out, s);
	fprintf(out, PC_TEXT_ROW, "");
	put_recorded_ends(out, s);
	fprintf(out, PC_TEXT_ROW "%s, ", "", pc_how_words(&how));
	pc_put_instant(out, s->time_ns, true);
	fprintf(out, PC_TEXT_ROW, "");
	put_recorded_end(out, v, s);
}

static const char *hold_word(const struct pc_flight_view *v, const struct pc_flight_slot *s)
{
	return pc_flight_hold(v->answer->state, v->question, s) == PC_FLIGHT_HELD ? "held by" :
										    "perhaps";
}

static void put_reach(FILE *out, const struct pc_flight_view *v)
{
	static const char *const notes[] = {
		[PC_FLIGHT_TOO_EARLY] = "claims of that time are no longer kept",
		[PC_FLIGHT_NOT_WATCHED] = "no agent recorded at that time",
		[PC_FLIGHT_TOO_LATE] = "that is after what is recorded",
	};
	const struct pc_flight_answer *a = v->answer;

	if (a->reach != PC_FLIGHT_REACHED)
		fprintf(out, PC_TEXT_ROW "%s", "note", notes[a->reach]);
	fprintf(out, PC_TEXT_ROW "every claim since ", "recorded");
	pc_put_instant(out, a->since_ns, true);
	fputs(", until ", out);
	pc_put_instant(out, a->state->runs[a->state->runs_count - 1].last_ns, true);
	fputs(a->state->runs_count > 1 ? ", but for gaps; " : "; ", out);
	pc_put_amount(out, a->whole, "claim");
}

/* Between two agents nobody watched. */
static void put_gaps(FILE *out, const struct pc_flight_state *st)
{
	for (uint64_t i = 1; i < st->runs_count; i++) {
		fprintf(out, PC_TEXT_ROW "not watched: ", "gap");
		pc_put_span(out, st->runs[i - 1].last_ns, st->runs[i].first_ns);
		if (!st->runs[i - 1].closed)
			fputs(" (the agent was killed, or crashed)", out);
	}
}

static void put_not_kept(FILE *out, const struct pc_flight_answer *a)
{
	const struct {
		uint64_t count;
		const char *noun;
		const char *rest;
	} all[] = {
		{ a->state->overwritten, "claim", " overwritten: the file was full" },
		{ a->state->expired, "claim", " wiped: older than flight_time" },
		{ a->state->portless, "claim", " whose port was not known" },
		{ a->state->lost, "record", " lost by the kernel side" },
		{ a->torn + a->state->damaged, "slot", " half written or damaged" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!all[i].count)
			continue;
		fprintf(out, PC_TEXT_ROW, "not kept");
		pc_put_amount(out, all[i].count, all[i].noun);
		fputs(all[i].rest, out);
	}
	for (unsigned i = 0; i < PC_FLIGHT_LOSERS; i++) {
		if (!a->state->losers[i].overwritten)
			continue;
		fprintf(out, PC_TEXT_ROW "of those overwritten, at most %lu", "",
			(unsigned long)a->state->losers[i].overwritten);
		put_recorded_user(out, a->state->losers[i].uid);
	}
}

static void put_heading(FILE *out, const struct pc_flight_view *v)
{
	uint64_t all = v->answer->count + v->answer->more;

	fputs("port ", out);
	pc_put_string(out, v->ports);
	fputs(" at ", out);
	pc_put_span(out, v->question->from_ns, v->question->to_ns);
	fputs(": ", out);
	if (!all) {
		fputs(v->answer->listener ?
			      "no claim is recorded, but connections of an earlier listener may have had it" :
			      "no claim is recorded",
		      out);
		return;
	}
	pc_put_amount(out, all, "claim");
	if (!v->answer->certain)
		fputs(" that may have had it", out);
	else if (v->answer->certain < all)
		fprintf(out, ", %lu of them that may have had it",
			(unsigned long)(all - v->answer->certain));
}

int pc_flight_text(struct pc_log *log, const struct pc_flight_view *v)
{
	const struct pc_flight_answer *a = v->answer;
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	put_heading(text.out, v);
	for (unsigned i = 0; i < a->count; i++)
		put_recorded(text.out, v, hold_word(v, a->held[i]), a->held[i]);
	if (a->more)
		fprintf(text.out, PC_TEXT_ROW "and %lu further claims", "", (unsigned long)a->more);
	if (!a->count && a->before)
		put_recorded(text.out, v, "before", a->before);
	if (!a->count && a->listener && a->listener != a->before)
		put_recorded(text.out, v, "before", a->listener);
	if (!a->count && a->after)
		put_recorded(text.out, v, "after", a->after);
	put_reach(text.out, v);
	put_gaps(text.out, a->state);
	put_not_kept(text.out, a);
	return pc_text_finish(log, &text);
}
