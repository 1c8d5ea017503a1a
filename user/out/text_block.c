// SPDX-License-Identifier: GPL-2.0-only
/* What people read of a verdict, a warning and the rest. Everything that comes from another
 * process is escaped for the terminal. */
#include "out/text_block.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "core/address.h"
#include "core/names.h"
#include "core/place.h"
#include "out/text_parts.h"

#define FIELD "%s  %-10s  "

static void put_head(FILE *out, const struct pc_refusal *r, const struct pc_party *requester,
		     const char *refused)
{
	char endpoint[PC_ENDPOINT_TEXT];

	fprintf(out, "%s %s %s %s: %s   ", pc_proto_name(r->proto), pc_op_name(r->op),
		pc_endpoint_text(r->wanted_family, r->wanted, r->wanted_port, endpoint), refused,
		pc_errno_name(r->error) ? pc_errno_name(r->error) : strerror(r->error));
	if (requester->who) {
		pc_put_party(out, requester);
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

void pc_put_verdict(FILE *out, const struct pc_clock *clock, const struct pc_verdict *v)
{
	put_head(out, &v->refusal, &v->requester, "refused");
	put_holders(out, clock, v);
	put_detail(out, "cause", pc_cause_name(v->cause));
	if (v->explanation) {
		fprintf(out, "\n" FIELD, "    ", "why");
		pc_put_string(out, v->explanation);
	}
	if (v->range_use)
		pc_put_range_use(out, "\n" FIELD, v->range_use);
	put_fixes(out, v->fixes, v->fixes_count, PC_NOW, "now");
	put_fixes(out, v->fixes, v->fixes_count, PC_LASTING, "for good");
	if (v->incomplete)
		put_detail(out, "incomplete", v->incomplete);
}

static void put_times(FILE *out, const struct pc_repeat *r)
{
	fprintf(out, "\n" FIELD "%lu more in ", "    ", "again", (unsigned long)r->count);
	pc_put_age(out, r->refusal.time_ns - r->first_ns);
	fprintf(out, ", %lu in all", (unsigned long)r->total);
	if (r->processes > 1)
		fprintf(out, ", of %lu processes from pid %u on", (unsigned long)r->processes,
			r->first.tgid);
}

void pc_put_repeat(FILE *out, const struct pc_clock *clock, const struct pc_repeat *r)
{
	static const char *const words[] = {
		[PC_REPEAT_INVALID] = "",
		[PC_REPEAT_GOES_ON] = "it goes on",
		[PC_REPEAT_ENDED] = "it has stopped for now",
		[PC_REPEAT_EVICTED] = "told early, to make room for others",
		[PC_REPEAT_STOPPED] = "counted no more",
	};
	_Static_assert(sizeof(words) / sizeof(words[0]) == PC_REPEAT_COUNT, "words for each why");

	put_head(out, &r->refusal, &r->requester, "refused again");
	put_times(out, r);
	fprintf(out, "\n" FIELD "%s; the last ", "    ", "", words[r->why]);
	pc_put_age(out, clock->now_ns - r->refusal.time_ns);
	fputs(" ago", out);
	if (r->socket.lport) {
		fprintf(out, "\n" FIELD, "    ", "held by");
		if (r->holder.who) {
			pc_put_party(out, &r->holder);
			fputs("   ", out);
		}
		pc_put_connection(out, &r->socket);
	}
	put_detail(out, "cause", pc_cause_name(r->cause));
	put_detail(out, "first told", r->of);
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

void pc_put_warning(FILE *out, const struct pc_clock *clock, const struct pc_warning *w)
{
	const struct pc_endpoints *e = w->endpoints;
	char remote[PC_ENDPOINT_TEXT];

	fprintf(out, "warning: %s %s %u went to a client   ", pc_proto_name(w->claim.proto),
		w->listed ? "protected port" : "port", w->claim.port);
	if (w->client.who)
		pc_put_party(out, &w->client);
	if (e && e->rport)
		fprintf(out, " → %s", pc_endpoint_text(e->family, e->remote, e->rport, remote));
	if (w->listener)
		put_listener(out, clock, w->listener);
	if (w->explanation) {
		fprintf(out, "\n" FIELD, "    ", "why");
		pc_put_string(out, w->explanation);
	}
	put_fixes(out, w->fixes, w->fixes_count, PC_NOW, "now");
	put_fixes(out, w->fixes, w->fixes_count, PC_LASTING, "for good");
	if (w->suppressed)
		fprintf(out, "\n" FIELD "%lu more warnings before this one", "    ", "not shown",
			w->suppressed);
}

void pc_put_ready(FILE *out, const struct pc_ready *r)
{
	fprintf(out, "portclash %s is watching with the %s back end", r->version, r->backend);
	if (r->why[0])
		fprintf(out, ", because it could not use %s", r->why);
	if (r->blind[0])
		fprintf(out, "; it cannot see %s", r->blind);
	fprintf(out, " (%lu sockets were open before)", (unsigned long)r->sockets);
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

void pc_put_summary(FILE *out, const struct pc_summary *s)
{
	const struct pc_counters *c = s->counters;
	uint64_t claims = 0;

	fputs("watched for ", out);
	pc_put_age(out, s->watched_ns);
	fprintf(out, ": %lu verdict%s", (unsigned long)c->verdicts, c->verdicts == 1 ? "" : "s");
	for (int i = PC_CAUSE_INVALID + 1; i < PC_CAUSE_COUNT; i++)
		if (c->refusals[i])
			fprintf(out, ", %s %lu", pc_cause_name(i), (unsigned long)c->refusals[i]);
	if (c->repeats)
		fprintf(out, "; summarised: %lu", (unsigned long)c->repeats);
	for (int i = 0; i < PC_HOW_COUNT; i++)
		claims += c->claims[i];
	fprintf(out, "; claims seen: %lu; ", (unsigned long)claims);
	if (c->warnings)
		fprintf(out, "warnings: %lu; ", (unsigned long)c->warnings);
	put_lost(out, c);
	if (s->has_command)
		put_command(out, s->command_status);
	if (s->cost)
		pc_put_cost(out, "\n" FIELD, s->cost, s->watched_ns);
}
