// SPDX-License-Identifier: GPL-2.0-only
/* What `who` found, for people. Everything that comes from another process is escaped. */
#include <errno.h>

#include "core/names.h"
#include "out/text_parts.h"
#include "out/who.h"

#define FIELD "\n  %-10s  "

static void put_head(FILE *out, const struct pc_who_place *p)
{
	fprintf(out, "%s port %u", pc_proto_name(p->proto), p->port);
	if (!p->netns) {
		fputs(p->blind ? ": nobody is seen to hold it" : ": nobody holds it", out);
		return;
	}
	fprintf(out, " in network namespace %u", p->netns);
	if (p->own) {
		fputs(" (portclash's own)", out);
	} else if (p->path) {
		fputs(" (", out);
		pc_put_string(out, p->path);
		fputc(')', out);
	} else if (p->pid) {
		fprintf(out, " (of pid %u)", p->pid);
	} else {
		fputs(" (no process was seen in it)", out);
	}
	fprintf(out, ": %zu socket%s", p->total, p->total == 1 ? "" : "s");
}

static void put_age(FILE *out, const struct pc_clock *clock, const struct pc_holder *h)
{
	uint64_t start = pc_who_oldest_owner(h);

	if (!start || start > clock->now_ns)
		return;
	fputs("; at most ", out);
	pc_put_age(out, clock->now_ns - start);
	fputs(" old, as its process is, unless it was handed on", out);
}

static void put_parties(FILE *out, const struct pc_holder *h, bool blind)
{
	if (!h->owners_count)
		fputs(blind && h->socket.inode ? "a process not seen" : "no process", out);
	for (unsigned i = 0; i < h->owners_count; i++) {
		if (i)
			fprintf(out, FIELD "and ", "");
		pc_put_party(out, &h->owners[i]);
		fprintf(out, " as descriptor %d", h->owners[i].fd);
	}
}

static void put_holder(FILE *out, const struct pc_clock *clock, const struct pc_holder *h,
		       bool blind)
{
	fprintf(out, FIELD, "held by");
	put_parties(out, h, blind);
	fprintf(out, FIELD, "");
	pc_put_connection(out, &h->socket);
	if (h->socket.seconds_left)
		fprintf(out, ", %u s left", h->socket.seconds_left);
	if (h->owners_count || h->how)
		fprintf(out, FIELD "%s", "", pc_how_words(h));
	put_age(out, clock, h);
	if (!h->owners_count && h->process_note)
		fprintf(out, FIELD "%s", "", h->process_note);
	if (h->peer.who) {
		fprintf(out, FIELD "the other end is ", "");
		pc_put_party(out, &h->peer);
		if (h->peer_listens)
			fputs(", which has not accepted it yet", out);
	}
}

static void put_rest(FILE *out, const struct pc_who_place *p)
{
	size_t more = p->total - p->verdict.holders_count;
	const char *comma = ": ";

	if (!more)
		return;
	fprintf(out, FIELD "%zu more", "and", more);
	for (int i = PC_STATE_INVALID + 1; i < PC_STATE_COUNT; i++) {
		if (!p->rest[i])
			continue;
		fprintf(out, "%s%s %u", comma, pc_state_name(i), p->rest[i]);
		comma = ", ";
	}
}

static void put_answer(FILE *out, const struct pc_who_place *p, const struct pc_who_answer *a)
{
	static const char *const labels[] = { "without options", "SO_REUSEADDR", "SO_REUSEPORT" };
	const char *name = pc_cause_name(a->cause);

	fprintf(out, FIELD "  %-15s  ", "", labels[a->option]);
	if (!a->known)
		fputs("not known", out);
	else if (!a->refused)
		fputs("allowed", out);
	else if (a->holder >= 0 && p->verdict.holders[a->holder].owners_count) {
		fprintf(out, "refused: %s, ", name);
		pc_put_party(out, &p->verdict.holders[a->holder].owners[0]);
	} else {
		fprintf(out, "refused: %s", name);
	}
}

static void put_answers(FILE *out, const struct pc_who_place *p)
{
	fprintf(out, FIELD "a server of uid %u that binds it now", "if bound", p->uid);
	if (p->port < p->unprivileged_start)
		fprintf(out, " (ports below %u take root or CAP_NET_BIND_SERVICE)",
			p->unprivileged_start);
	for (unsigned i = 0; i < PC_WHO_ANSWERS; i++) {
		if (i % PC_WHO_OPTIONS == 0)
			fprintf(out, FIELD "%s", "",
				p->answers[i].family == PC_FAMILY_V6 ? "[::], with IPv4 too" :
								       "0.0.0.0");
		put_answer(out, p, &p->answers[i]);
	}
}

static int put_place(struct pc_log *log, const struct pc_clock *clock, const struct pc_who_place *p)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	put_head(text.out, p);
	for (unsigned i = 0; i < p->verdict.holders_count; i++)
		put_holder(text.out, clock, &p->verdict.holders[i], p->blind);
	put_rest(text.out, p);
	if (p->total)
		put_answers(text.out, p);
	return pc_text_finish(log, &text);
}

int pc_who_text(struct pc_log *log, const struct pc_clock *clock,
		const struct pc_who_report *report)
{
	struct pc_text text;
	int err = 0;

	for (size_t i = 0; !err && i < report->count; i++)
		err = put_place(log, clock, &report->places[i]);
	for (unsigned i = 0; !err && i < report->unseen_count; i++) {
		if (pc_text_open(&text))
			return -ENOMEM;
		fputs("not seen    ", text.out);
		pc_put_string(text.out, report->unseen[i]);
		err = pc_text_finish(log, &text);
	}
	return err;
}
