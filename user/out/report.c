// SPDX-License-Identifier: GPL-2.0-only
/* The sections of a report, from what happened to what is missing. */
#include "out/report.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "out/history_parts.h"
#include "out/text_parts.h"

/* A person reads no more of them; the rest is said. */
#define SENTENCES 5
#define PICTURES 20
#define RANKS 30
#define GROUPS 300

#define CELLS 6

/* Stands between the cells of a row: no text has it, because it is a control character. */
#define CELL "\x1f"

static void report_paragraph(FILE *out, const struct pc_page *page, struct pc_text *text)
{
	char *string = pc_text_close(text);

	if (string)
		page->paragraph(out, string);
	free(string);
}

static void report_row(FILE *out, const struct pc_page *page, struct pc_text *text, size_t columns)
{
	char *string = pc_text_close(text), *rest = string;
	const char *cells[CELLS] = { "", "", "", "", "", "" };

	for (size_t i = 0; rest && i < columns; i++)
		cells[i] = strsep(&rest, CELL);
	if (string)
		page->row(out, cells, columns);
	free(string);
}

static void report_rest(FILE *out, const struct pc_page *page, size_t all, size_t shown,
			const char *what)
{
	struct pc_text text;

	if (all <= shown || pc_text_open(&text))
		return;
	fprintf(text.out, "%zu more %s are not shown; portclash history has them.", all - shown,
		what);
	report_paragraph(out, page, &text);
}

/* The end of the groups of one port, and their refusals. */
static size_t report_port_end(const struct pc_history_view *v, size_t from, uint64_t *refusals)
{
	size_t end = from;

	*refusals = 0;
	for (; end < v->count && pc_history_same_port(v->groups[from], v->groups[end]); end++)
		*refusals += v->groups[end]->refusals;
	return end;
}

static void put_names(FILE *out, const struct pc_logged_process *p)
{
	pc_put_slice(out, p->comm.len ? &p->comm : &p->exe);
	if (p->container_name.len || p->unit.len) {
		fputs(" (", out);
		pc_put_slice(out, p->container_name.len ? &p->container_name : &p->unit);
		fputs(")", out);
	}
}

static void put_end_of_it(FILE *out, const struct pc_history_group *g)
{
	if (g->outcomes[PC_OUTCOME_GOT_LATER])
		fputs(" It got the port later.", out);
	else if (g->outcomes[PC_OUTCOME_TOOK_ANOTHER])
		fputs(" It took another port.", out);
	else if (g->outcomes[PC_OUTCOME_GAVE_UP])
		fputs(" It gave up.", out);
	else if (g->outcomes[PC_OUTCOME_WAITING])
		fputs(" It went on without the port.", out);
}

/* "tcp port 43409: orders (orders.service) was refused the port 31 times, …": the first group of the port. */
static void report_sentence(FILE *out, const struct pc_page *page, const struct pc_history_group *g)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return;
	pc_put_group_port(text.out, g, false);
	fputs(": ", text.out);
	put_names(text.out, &g->event.requester);
	fputs(" was refused the port ", text.out);
	pc_put_amount(text.out, g->refusals, "time");
	fputs(", ", text.out);
	pc_put_span(text.out, g->first_ns, g->last_ns);
	if (g->event.holder.process.there) {
		fputs("; ", text.out);
		put_names(text.out, &g->event.holder.process);
		fputs(" held it", text.out);
	}
	if (g->event.cause.len) {
		fputs(" (", text.out);
		pc_put_slice(text.out, &g->event.cause);
		fputc(')', text.out);
	}
	fputc('.', text.out);
	put_end_of_it(text.out, g);
	report_paragraph(out, page, &text);
}

/* A sentence is about the first server of a port. */
static void report_untold(FILE *out, const struct pc_page *page, uint64_t more)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return;
	fputs("The tables below also have ", text.out);
	pc_put_amount(text.out, more, "more refusal");
	fputs(", of other servers, ports or holders.", text.out);
	report_paragraph(out, page, &text);
}

static void report_story(FILE *out, const struct pc_page *page, const struct pc_history_view *v)
{
	size_t ports = 0, shown = 0;
	struct pc_text text;
	uint64_t refusals, told = 0;

	page->heading(out, "What happened");
	for (size_t i = 0; i < v->count; i = report_port_end(v, i, &refusals))
		ports++;
	if (pc_text_open(&text))
		return;
	if (v->totals->refusals) {
		pc_put_amount(text.out, v->totals->refusals, "refusal");
		fputs(" of ", text.out);
		pc_put_amount(text.out, ports, "port");
		fputs(", ", text.out);
		pc_put_span(text.out, v->totals->first_ns, v->totals->last_ns);
		fputs(ports > SENTENCES ? ". The most frequent:" : ".", text.out);
	} else {
		fputs("Nothing that was asked for was refused.", text.out);
	}
	report_paragraph(out, page, &text);
	for (size_t i = 0; i < v->count && shown < SENTENCES; shown++) {
		report_sentence(out, page, v->groups[i]);
		told += v->groups[i]->refusals;
		i = report_port_end(v, i, &refusals);
	}
	if (told < v->totals->refusals)
		report_untold(out, page, v->totals->refusals - told);
}

static void report_pictures(FILE *out, const struct pc_page *page, const struct pc_report *r)
{
	const struct pc_history_view *v = &r->history;
	size_t ports = 0;
	uint64_t refusals;

	if (!page->pictures || !v->count)
		return;
	page->heading(out, "Timelines");
	page->paragraph(
		out,
		"Refusals in red, the higher the more of them; below them who held the port, as far as that is known; dashed where portclash was started.");
	for (size_t i = 0, end; i < v->count; i = end, ports++) {
		end = report_port_end(v, i, &refusals);
		if (ports < PICTURES)
			pc_report_picture(out, r, i, end);
	}
	report_rest(out, page, ports, PICTURES, "ports");
}

static void put_report_rank(FILE *out, const struct pc_history_rank *rank, enum pc_history_by by)
{
	fprintf(out, "%lu" CELL, (unsigned long)rank->refusals);
	if (by == PC_HISTORY_BY_PORT)
		pc_put_group_port(out, rank->group, true);
	else if (by == PC_HISTORY_BY_SERVER)
		pc_put_logged_process(out, &rank->group->event.requester, true);
	else if (by == PC_HISTORY_BY_THIEF && rank->group->event.holder.process.there)
		pc_put_logged_process(out, &rank->group->event.holder.process, true);
	else if (by == PC_HISTORY_BY_THIEF)
		pc_put_group_thief(out, rank->group);
	else if (rank->group->event.cause.len)
		pc_put_slice(out, &rank->group->event.cause);
	else
		fputs("not looked into: a flood", out);
	fputs(CELL, out);
	pc_put_instant(out, rank->last_ns, true);
}

static void report_ranks(FILE *out, const struct pc_page *page, const struct pc_history_view *v,
			 enum pc_history_by by)
{
	static const char *const names[] = { "Ports", "Servers that were refused",
					     "Holders of the ports", "Causes" };
	const char *const heads[] = { "refusals", "", "last" };
	struct pc_text text;
	size_t count;
	struct pc_history_rank *list = pc_history_ranks(v->groups, v->count, by, &count);

	page->heading(out, names[by]);
	page->table(out, heads, 3);
	for (size_t i = 0; list && i < count && i < RANKS; i++) {
		if (pc_text_open(&text))
			break;
		put_report_rank(text.out, &list[i], by);
		report_row(out, page, &text, 3);
	}
	page->table_end(out);
	report_rest(out, page, count, RANKS, "of them");
	free(list);
}

static void put_report_group(FILE *out, const struct pc_history_group *g)
{
	bool first = true;

	fprintf(out, "%lu" CELL, (unsigned long)g->refusals);
	pc_put_group_port(out, g, false);
	fputs(CELL, out);
	pc_put_logged_process(out, &g->event.requester, g->several_servers);
	fputs(CELL, out);
	pc_put_group_thief(out, g);
	fputs(CELL, out);
	pc_put_slice(out, &g->event.cause);
	fputs(CELL, out);
	pc_put_span(out, g->first_ns, g->last_ns);
	for (int kind = PC_OUTCOME_INVALID + 1; kind < PC_OUTCOME_COUNT; kind++)
		if (g->outcomes[kind]) {
			fprintf(out, "%s%s", first ? "; " : ", ", pc_outcome_name(kind));
			first = false;
		}
}

static void report_groups(FILE *out, const struct pc_page *page, const struct pc_history_view *v)
{
	const char *const heads[] = { "refusals", "port", "refused", "held by", "cause", "when" };
	struct pc_text text;

	page->heading(out, "Who was refused what, and by whom");
	page->table(out, heads, CELLS);
	for (size_t i = 0; i < v->count && i < GROUPS; i++) {
		if (pc_text_open(&text))
			break;
		put_report_group(text.out, v->groups[i]);
		report_row(out, page, &text, CELLS);
	}
	page->table_end(out);
	report_rest(out, page, v->count, GROUPS, "groups");
}

static void report_verdicts(FILE *out, const struct pc_page *page, const struct pc_kept *kept)
{
	struct pc_text text;

	page->heading(out, "Verdicts, with evidence and fixes");
	for (size_t i = 0; i < kept->verdicts_count; i++)
		pc_report_verdict(out, page, kept->verdicts[i].text);
	if (!kept->verdicts_left || pc_text_open(&text))
		return;
	fprintf(text.out,
		"%lu more verdicts are not shown: the first 50 of a port, 500 of a user, 1,000 in all are. With --port, --since or --until others are.",
		(unsigned long)kept->verdicts_left);
	report_paragraph(out, page, &text);
}

static void report_item(FILE *out, const struct pc_page *page, uint64_t count, const char *noun,
			const char *rest)
{
	struct pc_text text;
	char *string;

	if (!count || pc_text_open(&text))
		return;
	pc_put_amount(text.out, count, noun);
	fputs(rest, text.out);
	string = pc_text_close(&text);
	if (string)
		page->item(out, string);
	free(string);
}

static void report_missing(FILE *out, const struct pc_page *page, const struct pc_report *r)
{
	const struct pc_history_totals *t = r->history.totals;
	const struct pc_history_sources *s = &r->history.sources;

	page->heading(out, "What was read, and what is missing");
	page->list(out, 1);
	report_item(out, page, t->lines, "line", " read");
	report_item(out, page, s->files, "file", " read");
	report_item(out, page, t->outside, "line", " of other refusals left out, as was asked");
	report_item(out, page, t->lost, "record", " lost while portclash watched");
	report_item(out, page, t->merged, "refusal",
		    " of floods, whose holders were not looked up");
	report_item(out, page, t->beyond, "refusal",
		    " only counted: there are more groups than 32 MiB have room for");
	report_item(out, page, t->types[PC_LOGGED_WARNING], "early warning",
		    " (--protect) in the log");
	report_item(out, page, t->duplicates, "line", " read twice and counted once");
	report_item(out, page, t->types[PC_LOGGED_DAMAGED], "damaged line", "");
	report_item(out, page, t->types[PC_LOGGED_FOREIGN], "line", " not written by portclash");
	report_item(out, page, t->types[PC_LOGGED_NEWER], "line", " of another schema");
	report_item(out, page, s->too_long, "line", " of more than 8 MiB");
	report_item(out, page, s->cut, "gzipped file", " cut off or damaged");
	report_item(out, page, s->unread, "file", " that could not be read");
	report_item(out, page, r->kept->starts_left, "start",
		    " of portclash not shown: its line has more than 64 KiB");
	report_item(out, page, s->left, "older file", " beyond the 256 that are read");
	page->list(out, 0);
}

/* A log can come from another host: the page says only where it was made. */
static void report_origin(FILE *out, const struct pc_page *page, const struct pc_report *r)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return;
	fputs("Made on ", text.out);
	if (r->host) {
		pc_put_string(text.out, r->host);
		fputs(", ", text.out);
	}
	pc_put_instant(text.out, r->made_ns, true);
	fprintf(text.out, ", by portclash %s.", r->version);
	report_paragraph(out, page, &text);
}

void pc_report_write(FILE *out, const struct pc_page *page, const struct pc_report *r)
{
	const struct pc_history_view *v = &r->history;

	page->begin(out, "portclash: ports that were refused");
	report_origin(out, page, r);
	report_story(out, page, v);
	report_pictures(out, page, r);
	if (v->count) {
		report_groups(out, page, v);
		for (int by = PC_HISTORY_BY_PORT; by <= PC_HISTORY_BY_CAUSE; by++)
			if (by != PC_HISTORY_BY_SERVER)
				report_ranks(out, page, v, (enum pc_history_by)by);
	}
	if (r->kept->verdicts_count)
		report_verdicts(out, page, r->kept);
	if (r->kept->verdicts_count || r->kept->starts_count) {
		page->heading(out, "Settings");
		page->list(out, 1);
		pc_report_settings(out, page, r->kept);
		page->list(out, 0);
	}
	report_missing(out, page, r);
	page->end(out);
}
