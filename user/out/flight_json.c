// SPDX-License-Identifier: GPL-2.0-only
/* The answer of a flight recorder as JSON lines, which docs/history.md describes. */
#include "core/base/names.h"
#include "core/history/instant.h"
#include "out/flight.h"
#include "out/json_parts.h"

static json_t *flight_instant(uint64_t ns)
{
	char text[PC_INSTANT_TEXT];

	return ns ? json_string(pc_instant_text(ns, text)) : json_null();
}

static json_t *text_or_null(const char *text)
{
	return *text ? pc_json_string(text) : json_null();
}

/* A recorder can be anybody's: a count that JSON cannot hold is the largest. */
static json_t *json_count(uint64_t count)
{
	return json_integer(count < INT64_MAX ? (json_int_t)count : INT64_MAX);
}

static json_t *json_recorded_user(uint64_t uid)
{
	return uid < PC_FLIGHT_NOBODY ? json_integer((json_int_t)uid) : json_null();
}

static json_t *json_recorded_process(const struct pc_flight_slot *s)
{
	json_t *o = json_object();

	json_object_set_new(o, "pid", json_integer(s->pid));
	json_object_set_new(o, "comm", pc_json_string(s->comm));
	json_object_set_new(o, "exe", text_or_null(s->exe));
	json_object_set_new(o, "uid", json_recorded_user(s->uid));
	json_object_set_new(o, "unit", text_or_null(s->unit));
	json_object_set_new(o, "container", text_or_null(s->container));
	return o;
}

static int write_recorded(struct pc_log *log, const struct pc_clock *clock, const char *when,
			  const struct pc_flight_slot *s)
{
	json_t *o = pc_json_line("history-claim", clock, clock->now_ns);

	json_object_set_new(o, "when", json_string(when));
	json_object_set_new(o, "proto", json_string(pc_proto_name(s->proto)));
	json_object_set_new(o, "port", json_integer(s->port));
	json_object_set_new(o, "netns", pc_json_number_or_null(s->netns));
	json_object_set_new(o, "how", json_string(pc_how_name(s->how)));
	json_object_set_new(o, "local",
			    s->ends_known ? pc_json_endpoint(s->family, s->local, s->port) :
					    json_null());
	json_object_set_new(o, "remote",
			    s->ends_known && s->remote_port ?
				    pc_json_endpoint(s->family, s->remote, s->remote_port) :
				    json_null());
	json_object_set_new(o, "claimed", flight_instant(s->time_ns));
	json_object_set_new(o, "closed", flight_instant(s->end_ns));
	json_object_set_new(o, "lingered", json_boolean(pc_flight_lingered(s)));
	json_object_set_new(o, "listened", json_boolean(pc_flight_listened(s)));
	json_object_set_new(o, "process", json_recorded_process(s));
	return pc_json_write(log, o);
}

static json_t *json_runs(const struct pc_flight_state *st)
{
	json_t *list = json_array();

	for (uint64_t i = 0; i < st->runs_count; i++) {
		json_t *o = json_object();

		json_object_set_new(o, "first", flight_instant(st->runs[i].first_ns));
		json_object_set_new(o, "last", flight_instant(st->runs[i].last_ns));
		json_object_set_new(o, "closed", json_boolean(st->runs[i].closed));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *json_losers(const struct pc_flight_state *st)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < PC_FLIGHT_LOSERS; i++) {
		json_t *o;

		if (!st->losers[i].overwritten)
			continue;
		o = json_object();
		json_object_set_new(o, "uid", json_recorded_user(st->losers[i].uid));
		json_object_set_new(o, "overwritten", json_count(st->losers[i].overwritten));
		json_array_append_new(list, o);
	}
	return list;
}

static int write_flight(struct pc_log *log, const struct pc_clock *clock,
			const struct pc_flight_view *v)
{
	static const char *const reaches[] = {
		[PC_FLIGHT_REACHED] = "recorded",
		[PC_FLIGHT_TOO_EARLY] = "no-longer-kept",
		[PC_FLIGHT_NOT_WATCHED] = "not-watched",
		[PC_FLIGHT_TOO_LATE] = "not-yet",
	};
	const struct pc_flight_answer *a = v->answer;
	const struct {
		const char *key;
		uint64_t count;
	} counts[] = {
		{ "claims", a->count + a->more },
		{ "certain", a->certain },
		{ "named", a->count },
		{ "recorded_claims", a->whole },
		{ "expired", a->state->expired },
		{ "overwritten", a->state->overwritten },
		{ "lost", a->state->lost },
		{ "portless", a->state->portless },
		{ "torn", a->torn },
		{ "damaged", a->state->damaged },
	};
	json_t *o = pc_json_line("history-flight", clock, clock->now_ns);

	json_object_set_new(o, "file", pc_json_string(v->path));
	json_object_set_new(o, "from", flight_instant(v->question->from_ns));
	json_object_set_new(o, "to", flight_instant(v->question->to_ns));
	json_object_set_new(o, "reach", json_string(reaches[a->reach]));
	json_object_set_new(o, "since", flight_instant(a->since_ns));
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		json_object_set_new(o, counts[i].key, json_count(counts[i].count));
	json_object_set_new(o, "runs", json_runs(a->state));
	json_object_set_new(o, "overwritten_users", json_losers(a->state));
	return pc_json_write(log, o);
}

static const char *hold_name(const struct pc_flight_view *v, const struct pc_flight_slot *s)
{
	return pc_flight_hold(v->answer->state, v->question, s) == PC_FLIGHT_HELD ? "then" :
										    "perhaps";
}

int pc_flight_json(struct pc_log *log, const struct pc_clock *clock, const struct pc_flight_view *v)
{
	const struct pc_flight_answer *a = v->answer;
	int err = 0;

	for (unsigned i = 0; !err && i < a->count; i++)
		err = write_recorded(log, clock, hold_name(v, a->held[i]), a->held[i]);
	if (!err && a->before)
		err = write_recorded(log, clock, "before", a->before);
	if (!err && a->listener && a->listener != a->before)
		err = write_recorded(log, clock, "before", a->listener);
	if (!err && a->after)
		err = write_recorded(log, clock, "after", a->after);
	return err ? err : write_flight(log, clock, v);
}
