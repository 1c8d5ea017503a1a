// SPDX-License-Identifier: GPL-2.0-only
/* The JSON Lines sink: one object a line, described in docs/json.md. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "core/address.h"
#include "core/names.h"
#include "core/ports.h"
#include "out/json_parts.h"
#include "out/sink.h"

static json_t *requester(const struct pc_clock *clock, const struct pc_refusal *r,
			 const struct pc_party *party)
{
	json_t *p = pc_json_party(clock, party);

	if (!json_is_object(p)) {
		json_decref(p);
		p = json_object();
		json_object_set_new(p, "pid", json_integer(r->process.tgid));
		json_object_set_new(p, "comm", pc_json_comm(r->comm));
		pc_json_add_identity(p, NULL);
	}
	json_object_set_new(p, "tid", json_integer(r->tid));
	json_object_set_new(p, "uid", json_integer(r->uid));
	json_object_set_new(p, "netns", json_integer(r->netns));
	json_object_set_new(p, "options", pc_json_options(&r->socket));
	return p;
}

static json_t *fixes(const struct pc_fix *all, unsigned count)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < count; i++) {
		json_t *fix = json_object();

		json_object_set_new(fix, "lasting", json_boolean(all[i].when == PC_LASTING));
		json_object_set_new(fix, "what", json_string(all[i].what));
		json_object_set_new(fix, "command", pc_json_string(all[i].command));
		json_array_append_new(list, fix);
	}
	return list;
}

static void add_range(json_t *line, const struct pc_refusal *r)
{
	json_t *range = json_object();

	json_object_set_new(range, "low", json_integer(r->range_low));
	json_object_set_new(range, "high", json_integer(r->range_high));
	json_object_set_new(range, "reserved", json_boolean(r->reserved));
	json_object_set_new(range, "unprivileged_start", json_integer(r->unprivileged_start));
	json_object_set_new(line, "range", range);
}

static void add_call(json_t *line, const struct pc_refusal *r)
{
	const char *errno_name = pc_errno_name(r->error);

	json_object_set_new(line, "proto", json_string(pc_proto_name(r->proto)));
	json_object_set_new(line, "family", json_string(pc_family_name(r->wanted_family)));
	json_object_set_new(line, "op", json_string(pc_op_name(r->op)));
	json_object_set_new(line, "errno", errno_name ? json_string(errno_name) : json_null());
	json_object_set_new(line, "errno_number", json_integer(r->error));
	json_object_set_new(line, "requested",
			    pc_json_endpoint(r->wanted_family, r->wanted, r->wanted_port));
}

static int json_verdict(void *to, const struct pc_clock *clock, const struct pc_verdict *v)
{
	const struct pc_refusal *r = &v->refusal;
	json_t *line = pc_json_line("refusal", clock, r->time_ns), *list = json_array();

	json_object_set_new(line, "id", json_string(v->id));
	add_call(line, r);
	json_object_set_new(line, "requester", requester(clock, r, &v->requester));
	json_object_set_new(line, "cause", json_string(pc_cause_name(v->cause)));
	json_object_set_new(line, "explanation", pc_json_string(v->explanation));
	json_object_set_new(line, "fixes", fixes(v->fixes, v->fixes_count));
	add_range(line, r);
	json_object_set_new(line, "range_use", pc_json_range_use(clock, v->range_use));
	json_object_set_new(line, "holders_total", json_integer(r->holders_total));
	for (unsigned i = 0; i < v->holders_count; i++)
		json_array_append_new(list, pc_json_holder(clock, &v->holders[i]));
	json_object_set_new(line, "holders", list);
	json_object_set_new(line, "incomplete", json_boolean(v->incomplete));
	json_object_set_new(line, "incomplete_reason",
			    v->incomplete ? json_string(v->incomplete) : json_null());
	return pc_json_write(to, line);
}

static json_t *repeat_holder(const struct pc_clock *clock, const struct pc_repeat *r)
{
	const struct pc_socket *s = &r->socket;
	json_t *o;

	if (!s->lport)
		return json_null();
	o = json_object();
	pc_json_add_socket(o, s);
	json_object_set_new(o, "cookie", pc_json_number_or_null(s->cookie));
	json_object_set_new(o, "process", pc_json_party(clock, &r->holder));
	return o;
}

static int json_repeat(void *to, const struct pc_clock *clock, const struct pc_repeat *r)
{
	json_t *line = pc_json_line("repeat", clock, clock->now_ns);

	json_object_set_new(line, "of", json_string(r->of));
	json_object_set_new(line, "why", json_string(pc_repeat_why_name(r->why)));
	json_object_set_new(line, "count", json_integer((json_int_t)r->count));
	json_object_set_new(line, "total", json_integer((json_int_t)r->total));
	json_object_set_new(line, "first_time", pc_json_time(clock, r->first_ns));
	json_object_set_new(line, "last_time", pc_json_time(clock, r->refusal.time_ns));
	json_object_set_new(line, "first_pid", json_integer(r->first.tgid));
	json_object_set_new(line, "processes", json_integer((json_int_t)r->processes));
	add_call(line, &r->refusal);
	json_object_set_new(line, "requester", requester(clock, &r->refusal, &r->requester));
	json_object_set_new(line, "cause", json_string(pc_cause_name(r->cause)));
	json_object_set_new(line, "holder", repeat_holder(clock, r));
	return pc_json_write(to, line);
}

static void add_ends(json_t *line, const struct pc_endpoints *e, uint16_t port)
{
	json_object_set_new(line, "port", pc_json_number_or_null(port));
	json_object_set_new(line, "local",
			    e ? pc_json_endpoint(e->family, e->local, port) : json_null());
	json_object_set_new(line, "remote",
			    e && e->rport ? pc_json_endpoint(e->family, e->remote, e->rport) :
					    json_null());
}

static int json_claim(void *to, const struct pc_clock *clock, const struct pc_claim_event *c)
{
	const struct pc_endpoints *e = c->endpoints.header.type ? &c->endpoints : NULL;
	json_t *line = pc_json_line("claim", clock, c->claim.time_ns);
	uint16_t port = e ? e->lport : c->claim.port;

	json_object_set_new(line, "proto", json_string(pc_proto_name(c->claim.proto)));
	json_object_set_new(line, "family", json_string(pc_family_name(c->claim.family)));
	json_object_set_new(line, "how", json_string(pc_how_name(c->claim.how)));
	add_ends(line, e, port);
	json_object_set_new(line, "cookie", pc_json_number_or_null(c->claim.cookie));
	json_object_set_new(line, "netns", pc_json_number_or_null(c->claim.netns));
	json_object_set_new(line, "process", pc_json_party(clock, &c->party));
	return pc_json_write(to, line);
}

static json_t *listener(const struct pc_clock *clock, const struct pc_warning *w)
{
	const struct pc_gone *gone = w->listener;
	json_t *o;

	if (!gone)
		return json_null();
	o = json_object();
	json_object_set_new(o, "local", pc_json_endpoint(gone->family, gone->local, gone->port));
	json_object_set_new(o, "gone_since", pc_json_time(clock, gone->gone_ns));
	json_object_set_new(o, "process", pc_json_party(clock, &gone->party));
	return o;
}

static json_t *range_of(const struct pc_warning *w)
{
	json_t *range;

	if (!w->settings)
		return json_null();
	range = json_object();
	json_object_set_new(range, "low", json_integer(w->settings->low));
	json_object_set_new(range, "high", json_integer(w->settings->high));
	json_object_set_new(range, "reserved",
			    json_boolean(pc_ports_has(w->settings->reserved, w->claim.port)));
	return range;
}

static int json_warning(void *to, const struct pc_clock *clock, const struct pc_warning *w)
{
	const struct pc_claim *c = &w->claim;
	json_t *line = pc_json_line("warning", clock, c->time_ns);

	json_object_set_new(line, "proto", json_string(pc_proto_name(c->proto)));
	json_object_set_new(line, "family", json_string(pc_family_name(c->family)));
	json_object_set_new(line, "how", json_string(pc_how_name(c->how)));
	add_ends(line, w->endpoints, c->port);
	json_object_set_new(line, "cookie", pc_json_number_or_null(c->cookie));
	json_object_set_new(line, "netns", pc_json_number_or_null(c->netns));
	json_object_set_new(line, "process", pc_json_party(clock, &w->client));
	json_object_set_new(line, "protected", json_boolean(w->listed));
	json_object_set_new(line, "listener", listener(clock, w));
	json_object_set_new(line, "range", range_of(w));
	json_object_set_new(line, "explanation", pc_json_string(w->explanation));
	json_object_set_new(line, "fixes", fixes(w->fixes, w->fixes_count));
	json_object_set_new(line, "suppressed", json_integer((json_int_t)w->suppressed));
	return pc_json_write(to, line);
}

static int json_ready(void *to, const struct pc_clock *clock, const struct pc_ready *r)
{
	json_t *line = pc_json_line("ready", clock, clock->now_ns);

	json_object_set_new(line, "version", json_string(r->version));
	json_object_set_new(line, "backend", json_string(r->backend));
	json_object_set_new(line, "backends_refused", json_string(r->why));
	json_object_set_new(line, "cannot_see", json_string(r->blind));
	json_object_set_new(line, "kernel", pc_json_string(r->kernel));
	json_object_set_new(line, "sockets", json_integer((json_int_t)r->sockets));
	return pc_json_write(to, line);
}

static json_t *lost_of(const struct pc_counters *c)
{
	json_t *lost = json_object();

	for (int i = 0; i < PC_STAT_COUNT; i++)
		json_object_set_new(lost, pc_stat_name(i), json_integer((json_int_t)c->lost[i]));
	json_object_set_new(lost, "invalid", json_integer((json_int_t)c->records_bad));
	return lost;
}

static json_t *ledger_of(const struct pc_counters *c)
{
	json_t *ledger = json_object();

	json_object_set_new(ledger, "claims", json_integer((json_int_t)c->ledger_claims));
	json_object_set_new(ledger, "sweeps", json_integer((json_int_t)c->ledger_sweeps));
	json_object_set_new(ledger, "sweeps_failed",
			    json_integer((json_int_t)c->ledger_sweeps_failed));
	json_object_set_new(ledger, "forgotten", json_integer((json_int_t)c->ledger_forgotten));
	json_object_set_new(ledger, "refused", json_integer((json_int_t)c->ledger_refused));
	return ledger;
}

static void add_command(json_t *line, int status)
{
	json_object_set_new(line, "command_status",
			    WIFEXITED(status) ? json_integer(WEXITSTATUS(status)) : json_null());
	json_object_set_new(line, "command_signal",
			    WIFSIGNALED(status) ? json_integer(WTERMSIG(status)) : json_null());
}

static int json_summary(void *to, const struct pc_clock *clock, const struct pc_summary *s)
{
	json_t *line = pc_json_line("summary", clock, clock->now_ns);
	json_t *verdicts = json_object(), *claims = json_object();

	for (int i = PC_CAUSE_INVALID + 1; i < PC_CAUSE_COUNT; i++)
		json_object_set_new(verdicts, pc_cause_name(i),
				    json_integer((json_int_t)s->counters->refusals[i]));
	for (int i = PC_HOW_UNKNOWN + 1; i < PC_HOW_COUNT; i++)
		json_object_set_new(claims, pc_how_name(i),
				    json_integer((json_int_t)s->counters->claims[i]));
	json_object_set_new(line, "watched_seconds", json_real((double)s->watched_ns / 1e9));
	json_object_set_new(line, "verdicts_total",
			    json_integer((json_int_t)s->counters->verdicts));
	json_object_set_new(line, "verdicts", verdicts);
	json_object_set_new(line, "repeats", json_integer((json_int_t)s->counters->repeats));
	json_object_set_new(line, "repeats_evicted",
			    json_integer((json_int_t)s->counters->repeats_evicted));
	json_object_set_new(line, "claims", claims);
	json_object_set_new(line, "warnings", json_integer((json_int_t)s->counters->warnings));
	json_object_set_new(line, "warnings_suppressed",
			    json_integer((json_int_t)s->counters->warnings_suppressed));
	json_object_set_new(line, "lost", lost_of(s->counters));
	json_object_set_new(line, "lost_total",
			    json_integer((json_int_t)pc_lost_total(s->counters)));
	json_object_set_new(line, "states_missed",
			    json_integer((json_int_t)s->counters->states_missed));
	json_object_set_new(line, "ledger", ledger_of(s->counters));
	json_object_set_new(line, "cost", pc_json_cost(s->cost));
	if (s->has_command)
		add_command(line, s->command_status);
	return pc_json_write(to, line);
}

const struct pc_sink pc_sink_json = {
	.name = "json",
	.ready = json_ready,
	.verdict = json_verdict,
	.repeat = json_repeat,
	.claim = json_claim,
	.warning = json_warning,
	.summary = json_summary,
};
