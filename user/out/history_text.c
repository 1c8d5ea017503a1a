// SPDX-License-Identifier: GPL-2.0-only
/* A history for people: a block a port, below it its servers, and what each was refused for. */
#include <errno.h>
#include <stdlib.h>

#include "core/base/outcome.h"
#include "core/base/time.h"
#include "out/history_parts.h"
#include "out/text_parts.h"

static bool several_netns(const struct pc_history_view *v)
{
	for (size_t i = 1; i < v->count; i++)
		if (v->groups[i]->event.requester.netns != v->groups[0]->event.requester.netns)
			return true;
	return false;
}

static void put_outcomes(FILE *out, const struct pc_history_group *g)
{
	static const char *const words[PC_OUTCOME_COUNT] = {
		[PC_OUTCOME_TOOK_ANOTHER] = "took another port",
		[PC_OUTCOME_GOT_LATER] = "got it later",
		[PC_OUTCOME_GAVE_UP] = "gave up",
		[PC_OUTCOME_WAITING] = "still waited",
	};
	bool first = true;

	for (int kind = PC_OUTCOME_INVALID + 1; kind < PC_OUTCOME_COUNT; kind++) {
		if (!g->outcomes[kind])
			continue;
		if (first)
			fprintf(out, PC_TEXT_ROW, "outcome");
		fprintf(out, "%s%s", first ? "" : ", ", words[kind]);
		if (kind == PC_OUTCOME_TOOK_ANOTHER && g->gained_port)
			fprintf(out, " (%lu)", (unsigned long)g->gained_port);
		if (g->outcomes[kind] > 1)
			fprintf(out, " %lu times", (unsigned long)g->outcomes[kind]);
		first = false;
	}
}

static void put_counted(FILE *out, const struct pc_history_group *g)
{
	if (g->merged)
		fprintf(out,
			PC_TEXT_ROW
			"%lu of them in a flood, of which the holders were not looked up",
			"", (unsigned long)g->merged);
	if (g->folded)
		fprintf(out, PC_TEXT_ROW "%lu of them by a program that looks for any free port",
			"", (unsigned long)g->folded);
}

static void put_connection(FILE *out, const struct pc_logged_holder *h)
{
	if (!h->state.len || !h->local.port)
		return;
	fprintf(out, PC_TEXT_ROW, "");
	pc_put_slice(out, &h->local.address);
	fprintf(out, " port %lu", (unsigned long)h->local.port);
	if (h->remote.port) {
		fputs(" \u2192 ", out);
		pc_put_slice(out, &h->remote.address);
		fprintf(out, " port %lu", (unsigned long)h->remote.port);
	}
	fputc(' ', out);
	pc_put_slice(out, &h->state);
}

static void put_history_group(FILE *out, const struct pc_history_group *g)
{
	char times[32];

	snprintf(times, sizeof(times), "%lu time%s", (unsigned long)g->refusals,
		 g->refusals == 1 ? "" : "s");
	fprintf(out, PC_TEXT_ROW, times);
	if (g->event.cause.len) {
		pc_put_slice(out, &g->event.cause);
		fputs(", ", out);
	}
	pc_put_span(out, g->first_ns, g->last_ns);
	if (g->event.holder.there) {
		fprintf(out, PC_TEXT_ROW, "held by");
		pc_put_group_thief(out, g);
		put_connection(out, &g->event.holder);
	}
	put_counted(out, g);
	put_outcomes(out, g);
	if (g->event.explanation.len) {
		fprintf(out, PC_TEXT_ROW, "why");
		pc_put_slice(out, &g->event.explanation);
	}
}

static void put_refused_server(FILE *out, const struct pc_history_group *g)
{
	fprintf(out, PC_TEXT_ROW, "refused");
	pc_put_logged_process(out, &g->event.requester, g->several_servers);
	if (!pc_slice_is(&g->event.op, "bind")) {
		fputs(", at ", out);
		pc_put_slice(out, &g->event.op);
		fputs("()", out);
	}
}

/* The groups of one port, from `from` on; returns the end of them. */
static size_t port_end(const struct pc_history_view *v, size_t from, struct pc_history_group *sum)
{
	size_t end = from;

	*sum = *v->groups[from];
	while (++end < v->count && pc_history_same_port(v->groups[from], v->groups[end])) {
		const struct pc_history_group *g = v->groups[end];

		sum->refusals += g->refusals;
		sum->first_ns = g->first_ns < sum->first_ns ? g->first_ns : sum->first_ns;
		sum->last_ns = g->last_ns > sum->last_ns ? g->last_ns : sum->last_ns;
	}
	return end;
}

static int write_port(struct pc_log *log, const struct pc_history_view *v, bool netns, size_t *from)
{
	struct pc_history_group sum;
	size_t end = port_end(v, *from, &sum);
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	pc_put_group_port(text.out, &sum, netns);
	fputs(": ", text.out);
	pc_put_amount(text.out, sum.refusals, "refusal");
	fputs(", ", text.out);
	pc_put_span(text.out, sum.first_ns, sum.last_ns);
	for (size_t i = *from; i < end; i++) {
		if (i == *from || !pc_history_same_server(v->groups[i - 1], v->groups[i]))
			put_refused_server(text.out, v->groups[i]);
		put_history_group(text.out, v->groups[i]);
	}
	fputc('\n', text.out);
	*from = end;
	return pc_text_finish(log, &text);
}

static void put_rank_name(FILE *out, const struct pc_history_group *g, enum pc_history_by by)
{
	switch (by) {
	case PC_HISTORY_BY_PORT:
		pc_put_group_port(out, g, true);
		break;
	case PC_HISTORY_BY_SERVER:
		pc_put_logged_process(out, &g->event.requester, true);
		break;
	case PC_HISTORY_BY_THIEF:
		if (g->event.holder.process.there)
			pc_put_logged_process(out, &g->event.holder.process, true);
		else
			pc_put_group_thief(out, g);
		break;
	default:
		if (g->event.cause.len)
			pc_put_slice(out, &g->event.cause);
		else
			fputs("not looked into: a flood", out);
	}
}

static int write_ranks(struct pc_log *log, const struct pc_history_view *v, enum pc_history_by by,
		       unsigned most)
{
	static const char *const titles[] = { "ports", "servers that were refused",
					      "holders of the ports", "causes" };
	struct pc_text text;
	size_t count;
	struct pc_history_rank *list = pc_history_ranks(v->groups, v->count, by, &count);

	if (!list || pc_text_open(&text)) {
		free(list);
		return -ENOMEM;
	}
	fprintf(text.out, "%s: %zu", titles[by], count);
	for (size_t i = 0; i < count && i < most; i++) {
		fprintf(text.out, "\n  %10lu  ", (unsigned long)list[i].refusals);
		put_rank_name(text.out, list[i].group, by);
	}
	if (count > most)
		fprintf(text.out, "\n  %10s  and %zu more", "", count - most);
	fputc('\n', text.out);
	free(list);
	return pc_text_finish(log, &text);
}

static void put_history_count(FILE *out, const char *field, uint64_t count, const char *noun,
			      const char *rest)
{
	fprintf(out, PC_TEXT_ROW, field);
	pc_put_amount(out, count, noun);
	fputs(rest, out);
}

static void put_not_read(FILE *out, const struct pc_history_view *v)
{
	const struct pc_history_totals *t = v->totals;
	const struct {
		uint64_t count;
		const char *noun; /* of one */
		const char *rest; /* of the sentence */
	} all[] = {
		{ t->types[PC_LOGGED_DAMAGED], "damaged line", "" },
		{ t->types[PC_LOGGED_FOREIGN], "line", " not written by portclash" },
		{ t->types[PC_LOGGED_NEWER], "line",
		  " of another schema than this portclash reads" },
		{ v->sources.too_long, "line", " of more than 8 MiB" },
		{ v->sources.unfinished, "file", " without a newline at the end" },
		{ v->sources.cut, "gzipped file", " cut off or damaged" },
		{ v->sources.unread, "file", " that could not be read" },
		{ v->sources.left, "older file", " beyond the 256 that are read" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].count)
			put_history_count(out, "not read", all[i].count, all[i].noun, all[i].rest);
}

static void put_notes(FILE *out, const struct pc_history_totals *t)
{
	const struct {
		uint64_t count;
		const char *noun; /* of one */
		const char *rest; /* of the sentence */
	} all[] = {
		{ t->beyond, "refusal",
		  " only counted: there are more groups than 32 MiB have room for" },
		{ t->duplicates, "line", " read twice and counted once" },
		{ t->types[PC_LOGGED_WARNING], "early warning", " (--protect) in the log" },
		{ t->lost, "record", " lost while portclash watched, as its summaries say" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].count)
			put_history_count(out, "note", all[i].count, all[i].noun, all[i].rest);
}

static int write_sum(struct pc_log *log, const struct pc_history_view *v)
{
	const struct pc_history_totals *t = v->totals;
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	if (t->refusals)
		pc_put_amount(text.out, t->refusals, "refusal");
	else
		fputs(t->outside ? "no refusal that was asked for" : "no refusal", text.out);
	if (t->outside)
		fprintf(text.out, "; %lu line%s of others", (unsigned long)t->outside,
			t->outside == 1 ? "" : "s");
	fprintf(text.out, PC_TEXT_ROW, "read");
	pc_put_amount(text.out, t->lines, "line");
	fputs(" in ", text.out);
	pc_put_amount(text.out, v->sources.files, "file");
	if (t->log_first_ns) {
		fputs(", ", text.out);
		pc_put_span(text.out, t->log_first_ns, t->log_last_ns);
	}
	put_not_read(text.out, v);
	put_notes(text.out, t);
	return pc_text_finish(log, &text);
}

int pc_history_text(struct pc_log *log, const struct pc_history_view *view, unsigned ranks)
{
	bool netns = several_netns(view);
	int err = 0;

	for (int by = 0; !err && ranks && by <= PC_HISTORY_BY_CAUSE; by++)
		err = write_ranks(log, view, (enum pc_history_by)by, ranks);
	for (size_t i = 0; !err && !ranks && i < view->count;)
		err = write_port(log, view, netns, &i);
	return err ? err : write_sum(log, view);
}
