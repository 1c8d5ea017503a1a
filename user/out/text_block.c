// SPDX-License-Identifier: GPL-2.0-only
/* Text for people about each event. Everything that comes from another process is escaped for the
 * terminal. */
#include "out/text_block.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/names.h"
#include "core/verdict/causes.h"
#include "core/verdict/surroundings.h"
#include "out/layout.h"
#include "out/text_holders.h"
#include "out/text_parts.h"
#include "out/text_process.h"

static const char *refused_with(int error)
{
	if (!error)
		return "errno not seen";
	return pc_errno_name(error) ? pc_errno_name(error) : strerror(error);
}

static void text_block_put_head(FILE *out, const struct pc_request *r,
				const struct pc_party *requester, const char *refused)
{
	char proto[PC_FAMILY_TEXT];

	fprintf(out, PC_MARK_TITLE "%s %s", pc_request_proto(r, proto), pc_op_name(r->op));
	pc_put_wanted(out, r);
	fprintf(out, " %s: %s" PC_MARK_END "   ", refused, refused_with(r->error));
	if (requester->who) {
		pc_put_party(out, requester);
	} else {
		pc_put_text(out, requester->comm, strnlen(requester->comm, PC_COMM_LEN));
		fprintf(out, "[%u]", requester->key.tgid);
	}
}

static void text_block_put_process(FILE *out, const char *label, const struct pc_party *p)
{
	if (!p->who)
		return;
	fprintf(out, PC_TEXT_FIELD, label);
	pc_put_process(out, p->who);
}

static void put_detail(FILE *out, const char *label, const char *text)
{
	fprintf(out, PC_TEXT_FIELD "%s", label, text);
}

static void text_block_put_fixes(FILE *out, const struct pc_fix *fixes, unsigned count,
				 enum pc_when when, const char *label, bool verbose)
{
	for (unsigned i = 0; i < count; i++) {
		if (fixes[i].when != when)
			continue;
		fprintf(out, PC_TEXT_FIELD, label);
		pc_put_string(out, fixes[i].what);
		if (fixes[i].command) {
			fprintf(out, PC_TEXT_FIELD "  " PC_MARK_COMMAND, "");
			pc_put_string(out, fixes[i].command);
			fputs(PC_MARK_END, out);
		}
		if (fixes[i].plain && verbose) {
			fprintf(out, PC_TEXT_FIELD "  without portclash:", "");
			fprintf(out, PC_TEXT_FIELD "  " PC_MARK_COMMAND, "");
			pc_put_string(out, fixes[i].plain);
			fputs(PC_MARK_END, out);
		}
		label = "";
	}
}

void pc_put_verdict(FILE *out, const struct pc_clock *clock, const struct pc_verdict *v,
		    bool verbose)
{
	text_block_put_head(out, &v->request, &v->requester, "refused");
	pc_put_holders(out, clock, v);
	text_block_put_process(out, "asked by", &v->requester);
	put_detail(out, "cause", pc_cause_name(v->cause));
	if (v->explanation) {
		fprintf(out, PC_TEXT_FIELD, "why");
		pc_put_string(out, v->explanation);
	}
	if (v->site.path[0] && v->request.foreign.name[0] != '/') {
		fprintf(out, PC_TEXT_FIELD, "path");
		pc_put_string(out, v->site.path);
	}
	if (v->range_use)
		pc_put_range_use(out, v->range_use);
	text_block_put_fixes(out, v->fixes, v->fixes_count, PC_NOW, "now", verbose);
	text_block_put_fixes(out, v->fixes, v->fixes_count, PC_LASTING, "permanently", verbose);
	if (v->incomplete)
		put_detail(out, "incomplete", v->incomplete);
}

void pc_put_merged(FILE *out, const struct pc_clock *clock, const struct pc_merged *m)
{
	text_block_put_head(out, &m->request, &m->requester, "refused again");
	fprintf(out, PC_TEXT_FIELD "%lu time%s since ", "counted", (unsigned long)m->count,
		m->count == 1 ? "" : "s");
	pc_put_age(out, clock->now_ns - m->first_ns);
	fputs(" ago", out);
	if (m->scope == PC_SCOPE_PROCESS)
		fputs(", this and other calls of the process", out);
	else if (m->scope == PC_SCOPE_USER)
		fprintf(out, ", by processes of uid %u in this control group", m->request.uid);
	else if (m->scope == PC_SCOPE_OTHERS)
		fputs(", by processes of many users, this one among them", out);
	else if (m->scope == PC_SCOPE_UNWRITTEN)
		fprintf(out, ", different collisions of uid %u, which has too many lines",
			m->request.uid);
}

static void put_times(FILE *out, const struct pc_repeat *r)
{
	fprintf(out, PC_TEXT_FIELD "%lu more in ", "again", (unsigned long)r->count);
	pc_put_age(out, r->time_ns - r->first_ns);
	fprintf(out, ", %lu in all", (unsigned long)r->total);
	if (r->processes > 1)
		fprintf(out, ", of %lu processes from pid %u on", (unsigned long)r->processes,
			r->first.tgid);
}

void pc_put_repeat(FILE *out, const struct pc_clock *clock, const struct pc_repeat *r)
{
	static const char *const words[] = {
		[PC_REPEAT_INVALID] = "",
		[PC_REPEAT_GOES_ON] = "still going on",
		[PC_REPEAT_ENDED] = "stopped for now",
		[PC_REPEAT_EVICTED] = "reported early, to make room for others",
		[PC_REPEAT_STOPPED] = "counting ends here",
	};
	_Static_assert(sizeof(words) / sizeof(words[0]) == PC_REPEAT_COUNT, "words for each why");

	text_block_put_head(out, &r->request, &r->requester, "refused again");
	put_times(out, r);
	fprintf(out, PC_TEXT_FIELD "%s; the last ", "", words[r->why]);
	pc_put_age(out, clock->now_ns - r->time_ns);
	fputs(" ago", out);
	if (r->socket.lport) {
		fprintf(out, PC_TEXT_FIELD, "held by");
		if (r->holder.who) {
			pc_put_party(out, &r->holder);
			fputs("   ", out);
		}
		pc_put_connection(out, &r->socket);
	}
	put_detail(out, "cause", pc_cause_name(r->cause));
	fprintf(out, PC_TEXT_FIELD, "first");
	pc_put_since(out, clock, r->first_ns);
}

static void put_listener(FILE *out, const struct pc_clock *clock, const struct pc_ended *gone)
{
	char local[PC_ENDPOINT_TEXT];

	fprintf(out, PC_TEXT_FIELD, "before");
	if (gone->party.who) {
		pc_put_party(out, &gone->party);
		fputs("   ", out);
	}
	fprintf(out, "%s LISTEN, gone for ",
		pc_endpoint_text(gone->family, gone->local, gone->port, local));
	pc_put_age(out, clock->now_ns - gone->ended_ns);
}

void pc_put_warning(FILE *out, const struct pc_clock *clock, const struct pc_warning *w,
		    bool verbose)
{
	const struct pc_endpoints *e = pc_claim_ends(&w->claim);
	char remote[PC_ENDPOINT_TEXT];

	fprintf(out, PC_MARK_TITLE "warning: %s %s %u went to a client" PC_MARK_END "   ",
		pc_proto_name(w->claim.proto), w->listed ? "protected port" : "port",
		w->claim.port);
	if (w->claim.claimer.who)
		pc_put_party(out, &w->claim.claimer);
	if (e && e->rport)
		fprintf(out, " → %s", pc_endpoint_text(e->family, e->remote, e->rport, remote));
	text_block_put_process(out, "client", &w->claim.claimer);
	if (w->listener)
		put_listener(out, clock, w->listener);
	if (w->explanation) {
		fprintf(out, PC_TEXT_FIELD, "why");
		pc_put_string(out, w->explanation);
	}
	text_block_put_fixes(out, w->fixes, w->fixes_count, PC_NOW, "now", verbose);
	text_block_put_fixes(out, w->fixes, w->fixes_count, PC_LASTING, "permanently", verbose);
	if (w->suppressed)
		fprintf(out, PC_TEXT_FIELD "%lu more warnings about this user before this one",
			"not shown", w->suppressed);
}
