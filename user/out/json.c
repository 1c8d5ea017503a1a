// SPDX-License-Identifier: GPL-2.0-only
/* The JSON Lines sink: one object a line, described in docs/json.md. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "core/base/address.h"
#include "core/base/names.h"
#include "core/base/ports.h"
#include "core/base/time.h"
#include "core/verdict/advice_kernel.h"
#include "core/verdict/causes.h"
#include "out/json_parts.h"
#include "out/json_unix.h"
#include "out/sink.h"
#include "out/text_parts.h"

static json_t *fixes(const struct pc_fix *all, unsigned count)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < count; i++) {
		json_t *fix = json_object();

		json_object_set_new(fix, "lasting", json_boolean(all[i].when == PC_LASTING));
		json_object_set_new(fix, "what", json_string(all[i].what));
		json_object_set_new(fix, "command", pc_json_string(all[i].command));
		json_object_set_new(fix, "command_plain", pc_json_string(all[i].plain));
		json_array_append_new(list, fix);
	}
	return list;
}

static void add_range(json_t *line, const struct pc_port_settings *s)
{
	json_t *range = json_object();

	json_object_set_new(range, "low", json_integer(s->low));
	json_object_set_new(range, "high", json_integer(s->high));
	json_object_set_new(range, "reserved", json_boolean(s->wanted_reserved));
	json_object_set_new(range, "unprivileged_start", json_integer(s->unprivileged_start));
	json_object_set_new(line, "range", range);
}

static json_t *name_or_null(const char *name)
{
	return *name ? pc_json_string(name) : json_null();
}

static json_t *address_look(const struct pc_address_look *l)
{
	json_t *o;

	if (!l->state)
		return json_null();
	o = json_object();
	json_object_set_new(o, "state", json_string(pc_address_state_name(l->state)));
	json_object_set_new(o, "device", name_or_null(l->device));
	json_object_set_new(o, "vrf", name_or_null(l->vrf));
	json_object_set_new(o, "asked_device", name_or_null(l->asked));
	json_object_set_new(o, "ipv6_off", name_or_null(l->v6_off));
	json_object_set_new(o, "down_device", name_or_null(l->down));
	json_object_set_new(o, "other_netns", pc_json_number_or_null(l->netns));
	return o;
}

static int json_verdict(void *to, const struct pc_clock *clock, const struct pc_verdict *v)
{
	const struct pc_request *r = &v->request;
	json_t *line = pc_json_line("refusal", clock, v->time_ns), *list = json_array();

	json_object_set_new(line, "id", json_string(v->id));
	pc_json_add_call(line, r);
	json_object_set_new(line, "requester", pc_json_requester(clock, r, &v->requester));
	json_object_set_new(line, "cause", json_string(pc_cause_name(v->cause)));
	json_object_set_new(line, "explanation", pc_json_string(v->explanation));
	json_object_set_new(line, "fixes", fixes(v->fixes, v->fixes_count));
	if (r->foreign.family)
		json_object_set_new(line, "range", json_null());
	else
		add_range(line, &v->settings);
	json_object_set_new(line, "unix", pc_json_unix(v));
	json_object_set_new(line, "kernel_asked", json_boolean(pc_request_is_kernels(r)));
	json_object_set_new(line, "tunnels", pc_json_tunnels(&v->tunnels));
	json_object_set_new(line, "range_use", pc_json_range_use(clock, v->range_use));
	json_object_set_new(line, "address_look", address_look(&v->address));
	json_object_set_new(line, "cause_holder",
			    v->primary < 0 ? json_null() : json_integer(v->primary));
	json_object_set_new(line, "holders_total", json_integer(v->holders_total));
	for (unsigned i = 0; i < v->holders_count; i++)
		json_array_append_new(list, pc_json_holder(clock, &v->holders[i]));
	json_object_set_new(line, "holders", list);
	json_object_set_new(line, "incomplete", json_boolean(v->incomplete));
	json_object_set_new(line, "incomplete_reason",
			    v->incomplete ? json_string(v->incomplete) : json_null());
	return pc_json_write(to, line);
}

static int json_merged(void *to, const struct pc_clock *clock, const struct pc_merged *m)
{
	json_t *line = pc_json_line("merged", clock, clock->now_ns);

	json_object_set_new(line, "scope", json_string(pc_scope_name(m->scope)));
	json_object_set_new(line, "count", json_integer((json_int_t)m->count));
	json_object_set_new(line, "first_time", pc_json_time(clock, m->first_ns));
	json_object_set_new(line, "last_time", pc_json_time(clock, m->last_ns));
	pc_json_add_call(line, &m->request);
	json_object_set_new(line, "uid", json_integer(m->request.uid));
	json_object_set_new(line, "netns", pc_json_number_or_null(m->request.netns));
	json_object_set_new(line, "requester", pc_json_party(clock, &m->requester));
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
	json_object_set_new(line, "last_time", pc_json_time(clock, r->time_ns));
	json_object_set_new(line, "first_pid", json_integer(r->first.tgid));
	json_object_set_new(line, "processes", json_integer((json_int_t)r->processes));
	pc_json_add_call(line, &r->request);
	json_object_set_new(line, "requester",
			    pc_json_requester(clock, &r->request, &r->requester));
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

static int json_claim(void *to, const struct pc_clock *clock, const struct pc_claim *c)
{
	const struct pc_endpoints *e = pc_claim_ends(c);
	json_t *line = pc_json_line("claim", clock, c->time_ns);
	uint16_t port = e ? e->lport : c->port;

	json_object_set_new(line, "proto", json_string(pc_proto_name(c->proto)));
	json_object_set_new(line, "family", json_string(pc_address_family_name(c->family)));
	json_object_set_new(line, "how", json_string(pc_how_name(c->how)));
	add_ends(line, e, port);
	json_object_set_new(line, "cookie", pc_json_number_or_null(c->cookie));
	json_object_set_new(line, "netns", pc_json_number_or_null(c->netns));
	json_object_set_new(line, "process", pc_json_party(clock, &c->claimer));
	return pc_json_write(to, line);
}

static json_t *json_listener(const struct pc_clock *clock, const struct pc_warning *w)
{
	const struct pc_ended *gone = w->listener;
	json_t *o;

	if (!gone)
		return json_null();
	o = json_object();
	json_object_set_new(o, "local", pc_json_endpoint(gone->family, gone->local, gone->port));
	json_object_set_new(o, "gone_since", pc_json_time(clock, gone->ended_ns));
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
	json_object_set_new(line, "family", json_string(pc_address_family_name(c->family)));
	json_object_set_new(line, "how", json_string(pc_how_name(c->how)));
	add_ends(line, pc_claim_ends(c), c->port);
	json_object_set_new(line, "cookie", pc_json_number_or_null(c->cookie));
	json_object_set_new(line, "netns", pc_json_number_or_null(c->netns));
	json_object_set_new(line, "process", pc_json_party(clock, &c->claimer));
	json_object_set_new(line, "protected", json_boolean(w->listed));
	json_object_set_new(line, "listener", json_listener(clock, w));
	json_object_set_new(line, "range", range_of(w));
	json_object_set_new(line, "explanation", pc_json_string(w->explanation));
	json_object_set_new(line, "fixes", fixes(w->fixes, w->fixes_count));
	json_object_set_new(line, "suppressed", json_integer((json_int_t)w->suppressed));
	return pc_json_write(to, line);
}

static int json_ready(void *to, const struct pc_clock *clock, const struct pc_ready *r)
{
	json_t *line = pc_json_line("ready", clock, clock->now_ns);

	json_object_set_new(line, "version", pc_json_string(r->version));
	json_object_set_new(line, "backend", pc_json_string(r->backend));
	json_object_set_new(line, "backends_refused", pc_json_string(r->why));
	json_object_set_new(line, "cannot_see", pc_json_string(r->blind));
	json_object_set_new(line, "kernel", pc_json_string(r->kernel));
	json_object_set_new(line, "sockets", json_integer((json_int_t)r->sockets));
	return pc_json_write(to, line);
}

static json_t *json_lost_of(const struct pc_counters *c)
{
	json_t *lost = json_object();

	for (int i = 0; i < PC_STAT_COUNT; i++)
		json_object_set_new(lost, pc_stat_name(i), json_integer((json_int_t)c->lost[i]));
	json_object_set_new(lost, "invalid", json_integer((json_int_t)c->records_bad));
	return lost;
}

/* All users beyond the first ones are one, without an id. */
static json_t *json_over_share(const struct pc_losers *losers)
{
	json_t *users = json_array();

	for (uint64_t i = 0; i < losers->count; i++)
		json_array_append_new(users,
				      json_pack("{s:I, s:I}", "uid",
						(json_int_t)losers->users[i].uid, "claims",
						(json_int_t)losers->users[i].lost));
	if (losers->others)
		json_array_append_new(users, json_pack("{s:n, s:I}", "uid", "claims",
						       (json_int_t)losers->others));
	return users;
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
	json_object_set_new(line, "watched_seconds", json_real(pc_seconds(s->watched_ns)));
	json_object_set_new(line, "verdicts_total",
			    json_integer((json_int_t)s->counters->verdicts));
	json_object_set_new(line, "verdicts", verdicts);
	json_object_set_new(line, "repeats", json_integer((json_int_t)s->counters->repeats));
	json_object_set_new(line, "identities_shed",
			    json_integer((json_int_t)s->counters->identities_shed));
	json_object_set_new(line, "looks_skipped",
			    json_integer((json_int_t)s->counters->looks_skipped));
	json_object_set_new(line, "left_out", json_integer((json_int_t)s->counters->left_out));
	json_object_set_new(line, "merged_total", json_integer((json_int_t)s->counters->merged));
	json_object_set_new(line, "unwritten_total",
			    json_integer((json_int_t)s->counters->unwritten));
	json_object_set_new(line, "repeats_evicted",
			    json_integer((json_int_t)s->counters->repeats_evicted));
	json_object_set_new(line, "outcomes",
			    s->outcomes ? pc_json_outcomes(s->outcomes) : json_null());
	json_object_set_new(line, "hunting",
			    json_integer(s->outcomes ? (json_int_t)s->outcomes->folded : 0));
	json_object_set_new(line, "claims", claims);
	json_object_set_new(line, "warnings", json_integer((json_int_t)s->counters->warnings));
	json_object_set_new(line, "warnings_suppressed",
			    json_integer((json_int_t)s->counters->warnings_suppressed));
	json_object_set_new(line, "listeners_forgotten",
			    json_integer((json_int_t)s->counters->listeners_forgotten));
	json_object_set_new(line, "lost", json_lost_of(s->counters));
	json_object_set_new(line, "over_share", json_over_share(&s->counters->over_share));
	json_object_set_new(line, "lost_total",
			    json_integer((json_int_t)pc_lost_total(s->counters)));
	json_object_set_new(line, "states_missed",
			    json_integer((json_int_t)s->counters->states_missed));
	json_object_set_new(line, "calls_missed",
			    json_integer((json_int_t)s->counters->calls_missed));
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
	.merged = json_merged,
	.outcome = pc_json_outcome,
	.repeat = json_repeat,
	.claim = json_claim,
	.warning = json_warning,
	.summary = json_summary,
};
