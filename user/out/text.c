// SPDX-License-Identifier: GPL-2.0-only
/* The sink for people: a block a verdict, a line a claim. Everything that comes from another
 * process is escaped for the terminal. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "core/address.h"
#include "core/names.h"
#include "core/place.h"
#include "core/text.h"
#include "out/sink.h"
#include "out/text_parts.h"

#define FIELD "%s  %-10s  "

/* Local time of day, milliseconds. */
static void put_time(FILE *out, const struct pc_clock *clock, uint64_t boot_ns)
{
	uint64_t ns = boot_ns + clock->wall_minus_boot_ns;
	time_t seconds = (time_t)(ns / 1000000000);
	char text[32];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	fprintf(out, "%s.%03lu", text, (unsigned long)(ns % 1000000000 / 1000000));
}

static void put_head(FILE *out, const struct pc_clock *clock, const struct pc_verdict *v)
{
	const struct pc_refusal *r = &v->refusal;
	char endpoint[PC_ENDPOINT_TEXT];

	put_time(out, clock, r->time_ns);
	fprintf(out, "  %s %s %s refused: %s   ", pc_proto_name(r->proto), pc_op_name(r->op),
		pc_endpoint_text(r->wanted_family, r->wanted, r->wanted_port, endpoint),
		pc_errno_name(r->error) ? pc_errno_name(r->error) : strerror(r->error));
	if (v->requester.who) {
		pc_put_party(out, &v->requester);
	} else {
		pc_put_text(out, r->comm, strnlen(r->comm, PC_COMM_LEN));
		fprintf(out, "[%u]", r->process.tgid);
	}
}

static void put_detail(FILE *out, const char *label, const char *text)
{
	fprintf(out, "\n" FIELD "%s", "    ", label, text);
}

static void put_owners(FILE *out, const struct pc_holder *h)
{
	for (unsigned i = 0; i < h->owners_count; i++) {
		const struct pc_party *p = &h->owners[i];

		if (p->who == h->maker.who)
			continue;
		fprintf(out, "\n" FIELD "open in ", "    ", "");
		pc_put_party(out, p);
		fprintf(out, " as descriptor %d", p->fd);
	}
	if (h->peer.who) {
		fprintf(out, "\n" FIELD "the other end is ", "    ", "");
		pc_put_party(out, &h->peer);
		if (h->peer_listens)
			fputs(", which has not accepted it yet", out);
	}
}

static void put_holder(FILE *out, const struct pc_clock *clock, const struct pc_holder *h)
{
	fprintf(out, "\n" FIELD, "    ", h->blocking ? "held by" : "also there");
	if (h->maker.who) {
		pc_put_party(out, &h->maker);
		fputs(h->maker.running ? "   " : " (has exited)   ", out);
	} else {
		fputs("no process   ", out);
	}
	pc_put_connection(out, &h->socket);
	fprintf(out, "\n" FIELD "%s", "    ", "", pc_how_words(h));
	if (h->since_ns) {
		fputs(", ", out);
		pc_put_age(out, clock->now_ns - h->since_ns);
		fputs(" ago", out);
	} else if (h->older) {
		fputs(", before portclash started", out);
	}
	if (h->process_note)
		put_detail(out, "", h->process_note);
	put_owners(out, h);
}

static void put_holders(FILE *out, const struct pc_clock *clock, const struct pc_verdict *v)
{
	unsigned shown = 0;

	if (v->primary >= 0) {
		put_holder(out, clock, &v->holders[v->primary]);
		shown++;
	}
	/* A few more for context; the JSON has them all. */
	for (unsigned i = 0; i < v->holders_count && shown < 4; i++) {
		if ((int)i == v->primary)
			continue;
		put_holder(out, clock, &v->holders[i]);
		shown++;
	}
	if (v->refusal.holders_total > shown)
		fprintf(out, "\n" FIELD "%s%u more sockets on this port", "    ", "",
			v->refusal.walk & PC_WALK_TRUNCATED ? "at least " : "",
			v->refusal.holders_total - shown);
}

static void put_fixes(FILE *out, const struct pc_fix *fixes, unsigned count, enum pc_when when,
		      const char *label)
{
	for (unsigned i = 0; i < count; i++) {
		if (fixes[i].when != when)
			continue;
		fprintf(out, "\n" FIELD, "    ", label);
		pc_put_string(out, fixes[i].what);
		if (fixes[i].command) {
			fprintf(out, "\n" FIELD "    ", "    ", "");
			pc_put_string(out, fixes[i].command);
		}
		label = "";
	}
}

static int text_verdict(struct pc_log *log, const struct pc_clock *clock,
			const struct pc_verdict *v)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	put_head(text.out, clock, v);
	put_holders(text.out, clock, v);
	put_detail(text.out, "cause", pc_cause_name(v->cause));
	if (v->explanation) {
		fprintf(text.out, "\n" FIELD, "    ", "why");
		pc_put_string(text.out, v->explanation);
	}
	if (v->range_use)
		pc_put_range_use(text.out, "\n" FIELD, v->range_use);
	put_fixes(text.out, v->fixes, v->fixes_count, PC_NOW, "now");
	put_fixes(text.out, v->fixes, v->fixes_count, PC_LASTING, "for good");
	if (v->incomplete)
		put_detail(text.out, "incomplete", v->incomplete);
	return pc_text_finish(log, &text);
}

static int text_claim(struct pc_log *log, const struct pc_clock *clock,
		      const struct pc_claim_event *c)
{
	const struct pc_endpoints *e = c->endpoints.header.type ? &c->endpoints : NULL;
	char local[PC_ENDPOINT_TEXT], remote[PC_ENDPOINT_TEXT];
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	put_time(text.out, clock, c->claim.time_ns);
	fprintf(text.out, "  %s claim %-9s ", pc_proto_name(c->claim.proto),
		pc_how_name(c->claim.how));
	if (e && e->lport)
		fputs(pc_endpoint_text(e->family, e->local, e->lport, local), text.out);
	else if (c->claim.port)
		fprintf(text.out, "port %u", c->claim.port);
	else
		fputs(e ? "no port (connect() failed)" : "a port not known yet", text.out);
	if (e && e->rport)
		fprintf(text.out, " → %s",
			pc_endpoint_text(e->family, e->remote, e->rport, remote));
	if (c->party.who) {
		fputs("   ", text.out);
		pc_put_party(text.out, &c->party);
	}
	return pc_text_finish(log, &text);
}

static void put_listener(FILE *out, const struct pc_clock *clock, const struct pc_gone *gone)
{
	char local[PC_ENDPOINT_TEXT];

	fprintf(out, "\n" FIELD, "    ", "before");
	if (gone->party.who) {
		pc_put_party(out, &gone->party);
		fputs("   ", out);
	}
	fprintf(out, "%s LISTEN, gone for ",
		pc_endpoint_text(gone->family, gone->local, gone->port, local));
	pc_put_age(out, clock->now_ns - gone->gone_ns);
}

static int text_warning(struct pc_log *log, const struct pc_clock *clock,
			const struct pc_warning *w)
{
	const struct pc_endpoints *e = w->endpoints;
	char remote[PC_ENDPOINT_TEXT];
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	put_time(text.out, clock, w->claim.time_ns);
	fprintf(text.out, "  warning: %s %s %u went to a client   ", pc_proto_name(w->claim.proto),
		w->listed ? "protected port" : "port", w->claim.port);
	if (w->client.who)
		pc_put_party(text.out, &w->client);
	if (e && e->rport)
		fprintf(text.out, " → %s",
			pc_endpoint_text(e->family, e->remote, e->rport, remote));
	if (w->listener)
		put_listener(text.out, clock, w->listener);
	if (w->explanation) {
		fprintf(text.out, "\n" FIELD, "    ", "why");
		pc_put_string(text.out, w->explanation);
	}
	put_fixes(text.out, w->fixes, w->fixes_count, PC_NOW, "now");
	put_fixes(text.out, w->fixes, w->fixes_count, PC_LASTING, "for good");
	if (w->suppressed)
		fprintf(text.out, "\n" FIELD "%lu more warnings before this one", "    ",
			"not shown", w->suppressed);
	return pc_text_finish(log, &text);
}

static int text_ready(struct pc_log *log, const struct pc_clock *clock, const struct pc_ready *r)
{
	struct pc_text text;

	(void)clock;
	if (pc_text_open(&text))
		return -ENOMEM;
	fprintf(text.out, "portclash %s is watching with the %s back end", r->version, r->backend);
	if (r->why[0])
		fprintf(text.out, ", because it could not use %s", r->why);
	if (r->blind[0])
		fprintf(text.out, "; it cannot see %s", r->blind);
	fprintf(text.out, " (%lu sockets were open before)", (unsigned long)r->sockets);
	return pc_text_finish(log, &text);
}

static void put_lost(FILE *out, const struct pc_counters *c)
{
	uint64_t total = pc_lost_total(c);
	const char *comma = " (";

	fprintf(out, "records lost: %lu", (unsigned long)total);
	for (int i = 0; i < PC_STAT_COUNT; i++) {
		if (!c->lost[i])
			continue;
		fprintf(out, "%s%s %lu", comma, pc_stat_name(i), (unsigned long)c->lost[i]);
		comma = ", ";
	}
	if (total)
		fprintf(out, "%sinvalid %lu)", comma, (unsigned long)c->records_bad);
	if (c->states_missed)
		fprintf(out, "; TCP state changes not seen: %lu", (unsigned long)c->states_missed);
}

static void put_command(FILE *out, int status)
{
	if (WIFSIGNALED(status))
		fprintf(out, "; the command was ended by signal %d", WTERMSIG(status));
	else if (WIFEXITED(status))
		fprintf(out, "; the command exited with %d", WEXITSTATUS(status));
	else
		fputs("; the command still runs", out);
}

static int text_summary(struct pc_log *log, const struct pc_clock *clock,
			const struct pc_summary *s)
{
	const struct pc_counters *c = s->counters;
	struct pc_text text;
	uint64_t claims = 0;

	(void)clock;
	if (pc_text_open(&text))
		return -ENOMEM;
	fputs("watched for ", text.out);
	pc_put_age(text.out, s->watched_ns);
	fprintf(text.out, ": %lu verdict%s", (unsigned long)c->verdicts,
		c->verdicts == 1 ? "" : "s");
	for (int i = PC_CAUSE_INVALID + 1; i < PC_CAUSE_COUNT; i++)
		if (c->refusals[i])
			fprintf(text.out, ", %s %lu", pc_cause_name(i),
				(unsigned long)c->refusals[i]);
	for (int i = 0; i < PC_HOW_COUNT; i++)
		claims += c->claims[i];
	fprintf(text.out, "; claims seen: %lu; ", (unsigned long)claims);
	if (c->warnings)
		fprintf(text.out, "warnings: %lu; ", (unsigned long)c->warnings);
	put_lost(text.out, c);
	if (s->has_command)
		put_command(text.out, s->command_status);
	return pc_text_finish(log, &text);
}

const struct pc_sink pc_sink_text = {
	.name = "text",
	.ready = text_ready,
	.verdict = text_verdict,
	.claim = text_claim,
	.warning = text_warning,
	.summary = text_summary,
};
