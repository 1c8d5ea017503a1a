// SPDX-License-Identifier: GPL-2.0-only
/* The sink for systemd's journal: the text that people read as the message, and what can be
 * asked for in fields (docs/journal.md). Text of other processes is escaped as for a terminal, on
 * which journalctl prints it. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "core/base/address.h"
#include "core/base/names.h"
#include "core/process/party.h"
#include "core/base/ports.h"
#include "core/base/text.h"
#include "core/verdict/causes.h"
#include "out/escape.h"
#include "out/journal.h"
#include "out/journal_fields.h"
#include "out/layout.h"
#include "out/sink.h"
#include "out/text_block.h"
#include "out/text_parts.h"

/* A field made of several parts, printed to `text.out` between these two. */
static bool part_begin(struct pc_text *text)
{
	return pc_text_open(text) == 0;
}

static void part_end(FILE *out, enum pc_field field, struct pc_text *text)
{
	char *value = pc_text_close(text);

	if (value)
		pc_journal_field(out, pc_field_name(field), value, text->len);
	free(value);
}

/* journald finds the unit behind the slices. Further down may be names that a user has chosen, in a
 * group that was delegated. */
static bool is_system_unit(const struct pc_identity *who)
{
	const char *name = who->cgroup, *end;
	size_t len = who->unit ? strlen(who->unit) : 0;

	while (len && name && *name == '/') {
		end = strchrnul(++name, '/');
		if (end - name < 6 || memcmp(end - 6, ".slice", 6) != 0)
			return (size_t)(end - name) == len && !memcmp(name, who->unit, len);
		name = end;
	}
	return false;
}

/* journald adds to these fields what it finds while the process is there. A refused server is often
 * gone by then, and `journalctl -u` still finds the entry by its unit. */
static void put_object(FILE *out, uint32_t pid, const struct pc_party *p)
{
	fprintf(out, "OBJECT_PID=%u\n", pid);
	if (p->who && is_system_unit(p->who))
		pc_field_hostile_as(out, "OBJECT_SYSTEMD_UNIT", p->who->unit, strlen(p->who->unit));
}

static void put_call(FILE *out, const struct pc_request *r, const struct pc_party *requester)
{
	char address[PC_ADDRESS_TEXT], proto[PC_FAMILY_TEXT], name[PC_FOREIGN_NAME];

	put_object(out, requester->key.tgid, requester);
	fprintf(out, "ERRNO=%d\n", r->error);
	pc_field_put(out, PC_FIELD_ERRNO, pc_errno_name(r->error));
	pc_field_put(out, PC_FIELD_PROTO, pc_request_proto(r, proto));
	pc_field_put(out, PC_FIELD_OP, pc_op_name(r->op));
	if (r->foreign.family) {
		pc_field_hostile(out, PC_FIELD_ADDRESS, pc_foreign_name(&r->foreign, name));
	} else {
		pc_field_put(out, PC_FIELD_ADDRESS,
			     pc_address_text(r->wanted_family, r->wanted, address));
		pc_field_number(out, PC_FIELD_PORT, r->wanted_port);
	}
	pc_field_number(out, PC_FIELD_NETNS, r->netns);
	if (requester->who) {
		pc_field_party(out, PC_FIELD_REQUESTER_PID, requester);
		return;
	}
	pc_field_number(out, PC_FIELD_REQUESTER_PID, requester->key.tgid);
	pc_field_hostile_as(out, pc_field_name(PC_FIELD_REQUESTER_COMM), requester->comm,
			    strnlen(requester->comm, PC_COMM_LEN));
}

static void journal_sink_put_socket(FILE *out, const struct pc_socket *s)
{
	char text[PC_ENDPOINT_TEXT];

	pc_field_put(out, PC_FIELD_HOLDER_STATE, pc_state_name(pc_socket_state(s)));
	if (s->family != PC_FAMILY_UNIX)
		pc_field_put(out, PC_FIELD_HOLDER_LOCAL,
			     pc_endpoint_text(s->family, s->local, s->lport, text));
	if (s->rport)
		pc_field_put(out, PC_FIELD_HOLDER_REMOTE,
			     pc_endpoint_text(s->family, s->remote, s->rport, text));
	if (s->cookie)
		pc_field_number(out, PC_FIELD_HOLDER_COOKIE, s->cookie);
}

static void journal_sink_put_owner(FILE *out, const struct pc_party *owner)
{
	struct pc_text text;

	if (!part_begin(&text))
		return;
	pc_put_party(text.out, owner);
	fprintf(text.out, " as descriptor %d", owner->fd);
	part_end(out, PC_FIELD_HOLDER_OWNER, &text);
}

static void journal_sink_put_holder(FILE *out, const struct pc_clock *clock,
				    const struct pc_holder *h)
{
	struct pc_text text;

	pc_field_party(out, PC_FIELD_HOLDER_PID, &h->claimer);
	pc_field_put(out, PC_FIELD_HOLDER_NOTE, h->process_note);
	journal_sink_put_socket(out, &h->socket);
	if (h->how)
		pc_field_put(out, PC_FIELD_HOLDER_HOW, pc_how_name(h->how));
	if (h->since_ns)
		pc_field_time(out, PC_FIELD_HOLDER_SINCE, clock, h->since_ns);
	for (unsigned i = 0; i < h->owners_count; i++)
		journal_sink_put_owner(out, &h->owners[i]);
	if (h->peer.who && part_begin(&text)) {
		pc_put_party(text.out, &h->peer);
		part_end(out, PC_FIELD_HOLDER_PEER, &text);
	}
}

/* Each a text of its own: journald does not keep the order of fields with the same name. */
static void put_other(FILE *out, const struct pc_holder *h)
{
	struct pc_text text;

	if (!part_begin(&text))
		return;
	if (h->claimer.who) {
		pc_put_party(text.out, &h->claimer);
		fputs("   ", text.out);
	}
	pc_put_connection(text.out, &h->socket);
	part_end(out, PC_FIELD_OTHER_HOLDER, &text);
}

static void journal_sink_put_holders(FILE *out, const struct pc_clock *clock,
				     const struct pc_verdict *v)
{
	if (v->primary >= 0)
		journal_sink_put_holder(out, clock, &v->holders[v->primary]);
	for (unsigned i = 0; i < v->holders_count; i++)
		if ((int)i != v->primary)
			put_other(out, &v->holders[i]);
	pc_field_number(out, PC_FIELD_HOLDERS_TOTAL, v->holders_total);
}

/* Puts each fix, and on a line of its own the command to type. */
static void journal_sink_put_fixes(FILE *out, const struct pc_fix *fixes, unsigned count)
{
	struct pc_text text;

	for (unsigned i = 0; i < count; i++) {
		if (!part_begin(&text))
			return;
		pc_put_string(text.out, fixes[i].what);
		if (fixes[i].command) {
			fputc('\n', text.out);
			pc_put_string(text.out, fixes[i].command);
		}
		part_end(out, fixes[i].when == PC_NOW ? PC_FIELD_FIX_NOW : PC_FIELD_FIX_LASTING,
			 &text);
	}
}

/* A server that cannot start is an error of the machine; a client that gets no port tries again. */
static int priority_of(const struct pc_request *r)
{
	return r->op == PC_OP_BIND || r->op == PC_OP_LISTEN ? LOG_ERR : LOG_WARNING;
}

/* An entry: `entry.out` takes its fields, `message.out` the text. */
struct entry {
	struct pc_text fields;
	struct pc_text message;
};

static int entry_begin(struct entry *e, const char *type, const char *id, int priority)
{
	if (pc_text_open(&e->fields))
		return -ENOMEM;
	if (pc_text_open(&e->message)) {
		free(pc_text_close(&e->fields));
		return -ENOMEM;
	}
	fprintf(e->fields.out,
		"MESSAGE_ID=%s\nPRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=portclash\n"
		"DOCUMENTATION=man:portclash(8)\n",
		id, priority, LOG_FAC(LOG_DAEMON));
	pc_field_put(e->fields.out, PC_FIELD_TYPE, type);
	return 0;
}

static int entry_send(struct entry *e, struct pc_journal *journal)
{
	char *message = pc_layout_plain(pc_text_close(&e->message)), *fields;
	int err = -ENOMEM;

	if (message)
		pc_journal_field(e->fields.out, "MESSAGE", message, strlen(message));
	fields = pc_text_close(&e->fields);
	if (message && fields)
		err = pc_journal_send(journal, fields, e->fields.len);
	else
		journal->lost++;
	free(message);
	free(fields);
	return err;
}

static int journal_verdict(void *to, const struct pc_clock *clock, const struct pc_verdict *v)
{
	const struct pc_request *r = &v->request;
	struct entry e;

	if (entry_begin(&e, "refusal", PC_JOURNAL_REFUSAL_ID, priority_of(r)))
		return -ENOMEM;
	pc_put_verdict(e.message.out, clock, v, false);
	pc_field_put(e.fields.out, PC_FIELD_ID, v->id);
	pc_field_time(e.fields.out, PC_FIELD_TIME, clock, v->time_ns);
	pc_field_put(e.fields.out, PC_FIELD_CAUSE, pc_cause_name(v->cause));
	put_call(e.fields.out, r, &v->requester);
	if (!r->foreign.family) {
		pc_field_number(e.fields.out, PC_FIELD_RANGE_LOW, v->settings.low);
		pc_field_number(e.fields.out, PC_FIELD_RANGE_HIGH, v->settings.high);
		pc_field_bool(e.fields.out, PC_FIELD_RESERVED, v->settings.wanted_reserved);
	}
	journal_sink_put_holders(e.fields.out, clock, v);
	pc_field_hostile(e.fields.out, PC_FIELD_EXPLANATION, v->explanation);
	journal_sink_put_fixes(e.fields.out, v->fixes, v->fixes_count);
	pc_field_put(e.fields.out, PC_FIELD_INCOMPLETE, v->incomplete);
	return entry_send(&e, to);
}

static int journal_merged(void *to, const struct pc_clock *clock, const struct pc_merged *m)
{
	struct entry e;

	if (entry_begin(&e, "merged", PC_JOURNAL_MERGED_ID, priority_of(&m->request)))
		return -ENOMEM;
	pc_put_merged(e.message.out, clock, m);
	pc_field_time(e.fields.out, PC_FIELD_TIME, clock, m->last_ns);
	put_call(e.fields.out, &m->request, &m->requester);
	pc_field_put(e.fields.out, PC_FIELD_MERGED_SCOPE, pc_scope_name(m->scope));
	pc_field_number(e.fields.out, PC_FIELD_MERGED_COUNT, m->count);
	return entry_send(&e, to);
}

/* A process that ended without its port is an error of the machine, as its refusal was. */
static int journal_outcome(void *to, const struct pc_clock *clock, const struct pc_outcome *o)
{
	bool bad = o->kind == PC_OUTCOME_GAVE_UP || o->kind == PC_OUTCOME_WAITING;
	struct entry e;

	if (entry_begin(&e, "outcome", PC_JOURNAL_OUTCOME_ID,
			bad ? priority_of(&o->request) : LOG_INFO))
		return -ENOMEM;
	pc_put_outcome(e.message.out, clock, o);
	pc_field_time(e.fields.out, PC_FIELD_TIME, clock, o->time_ns);
	pc_field_put(e.fields.out, PC_FIELD_CAUSE, pc_cause_name(o->cause));
	put_call(e.fields.out, &o->request, &o->requester);
	pc_field_put(e.fields.out, PC_FIELD_OUTCOME, pc_outcome_name(o->kind));
	if (o->of[0])
		pc_field_put(e.fields.out, PC_FIELD_OUTCOME_OF, o->of);
	pc_field_bool(e.fields.out, PC_FIELD_HUNT, o->hunt);
	pc_field_number(e.fields.out, PC_FIELD_REFUSALS, o->refusals);
	pc_field_number(e.fields.out, PC_FIELD_REFUSALS_TOTAL, o->total);
	if (o->port)
		pc_field_number(e.fields.out, PC_FIELD_GAINED_PORT, o->port);
	pc_field_party(e.fields.out, PC_FIELD_WINNER_PID, &o->winner);
	if (o->status_known && o->kind == PC_OUTCOME_GAVE_UP)
		pc_field_end(e.fields.out, o->status);
	return entry_send(&e, to);
}

static int journal_repeat(void *to, const struct pc_clock *clock, const struct pc_repeat *r)
{
	struct entry e;

	if (entry_begin(&e, "repeat", PC_JOURNAL_REPEAT_ID, priority_of(&r->request)))
		return -ENOMEM;
	pc_put_repeat(e.message.out, clock, r);
	pc_field_time(e.fields.out, PC_FIELD_TIME, clock, r->time_ns);
	pc_field_put(e.fields.out, PC_FIELD_CAUSE, pc_cause_name(r->cause));
	put_call(e.fields.out, &r->request, &r->requester);
	pc_field_put(e.fields.out, PC_FIELD_REPEAT_OF, r->of);
	pc_field_put(e.fields.out, PC_FIELD_REPEAT_WHY, pc_repeat_why_name(r->why));
	pc_field_number(e.fields.out, PC_FIELD_REPEAT_COUNT, r->count);
	pc_field_number(e.fields.out, PC_FIELD_REPEAT_TOTAL, r->total);
	pc_field_time(e.fields.out, PC_FIELD_REPEAT_FIRST_TIME, clock, r->first_ns);
	pc_field_number(e.fields.out, PC_FIELD_REPEAT_FIRST_PID, r->first.tgid);
	pc_field_number(e.fields.out, PC_FIELD_REPEAT_PROCESSES, r->processes);
	pc_field_party(e.fields.out, PC_FIELD_HOLDER_PID, &r->holder);
	if (r->socket.lport)
		journal_sink_put_socket(e.fields.out, &r->socket);
	return entry_send(&e, to);
}

static void put_warned(FILE *out, const struct pc_clock *clock, const struct pc_warning *w)
{
	const struct pc_endpoints *e = pc_claim_ends(&w->claim);
	char text[PC_ENDPOINT_TEXT];

	pc_field_time(out, PC_FIELD_TIME, clock, w->claim.time_ns);
	pc_field_put(out, PC_FIELD_PROTO, pc_proto_name(w->claim.proto));
	pc_field_put(out, PC_FIELD_HOW, pc_how_name(w->claim.how));
	pc_field_number(out, PC_FIELD_PORT, w->claim.port);
	pc_field_number(out, PC_FIELD_NETNS, w->claim.netns);
	pc_field_bool(out, PC_FIELD_PROTECTED, w->listed);
	pc_field_party(out, PC_FIELD_CLIENT_PID, &w->claim.claimer);
	if (e && e->rport)
		pc_field_put(out, PC_FIELD_REMOTE,
			     pc_endpoint_text(e->family, e->remote, e->rport, text));
	if (!w->listener)
		return;
	pc_field_party(out, PC_FIELD_LISTENER_PID, &w->listener->party);
	pc_field_time(out, PC_FIELD_LISTENER_GONE_SINCE, clock, w->listener->ended_ns);
}

static int journal_warning(void *to, const struct pc_clock *clock, const struct pc_warning *w)
{
	struct entry e;

	if (entry_begin(&e, "warning", PC_JOURNAL_WARNING_ID, LOG_WARNING))
		return -ENOMEM;
	pc_put_warning(e.message.out, clock, w, false);
	put_object(e.fields.out, w->claim.claimer.key.tgid, &w->claim.claimer);
	put_warned(e.fields.out, clock, w);
	if (w->settings) {
		pc_field_number(e.fields.out, PC_FIELD_RANGE_LOW, w->settings->low);
		pc_field_number(e.fields.out, PC_FIELD_RANGE_HIGH, w->settings->high);
		pc_field_bool(e.fields.out, PC_FIELD_RESERVED,
			      pc_ports_has(w->settings->reserved, w->claim.port));
	}
	pc_field_hostile(e.fields.out, PC_FIELD_EXPLANATION, w->explanation);
	journal_sink_put_fixes(e.fields.out, w->fixes, w->fixes_count);
	pc_field_number(e.fields.out, PC_FIELD_SUPPRESSED, w->suppressed);
	return entry_send(&e, to);
}

static int journal_ready(void *to, const struct pc_clock *clock, const struct pc_ready *r)
{
	struct entry e;

	(void)clock;
	if (entry_begin(&e, "ready", PC_JOURNAL_READY_ID, LOG_INFO))
		return -ENOMEM;
	pc_put_ready(e.message.out, r, true);
	pc_field_put(e.fields.out, PC_FIELD_VERSION, r->version);
	pc_field_put(e.fields.out, PC_FIELD_BACKEND, r->backend);
	pc_field_put(e.fields.out, PC_FIELD_BACKENDS_REFUSED, r->why);
	pc_field_put(e.fields.out, PC_FIELD_CANNOT_SEE, r->blind);
	return entry_send(&e, to);
}

static int journal_summary(void *to, const struct pc_clock *clock, const struct pc_summary *s)
{
	struct entry e;

	(void)clock;
	if (entry_begin(&e, "summary", PC_JOURNAL_SUMMARY_ID, LOG_INFO))
		return -ENOMEM;
	pc_put_summary(e.message.out, s, true);
	pc_field_number(e.fields.out, PC_FIELD_VERDICTS, s->counters->verdicts);
	pc_field_number(e.fields.out, PC_FIELD_REPEATS, s->counters->repeats);
	pc_field_number(e.fields.out, PC_FIELD_MERGED, s->counters->merged);
	pc_field_number(e.fields.out, PC_FIELD_WARNINGS, s->counters->warnings);
	pc_field_number(e.fields.out, PC_FIELD_LOST, pc_lost_total(s->counters));
	pc_field_number(e.fields.out, PC_FIELD_WATCHED_SECONDS, s->watched_ns / PC_NS_PER_SECOND);
	return entry_send(&e, to);
}

/* Claims are many, and not asked for by a service. */
const struct pc_sink pc_sink_journal = {
	.name = "journal",
	.ready = journal_ready,
	.verdict = journal_verdict,
	.merged = journal_merged,
	.outcome = journal_outcome,
	.repeat = journal_repeat,
	.warning = journal_warning,
	.summary = journal_summary,
};
