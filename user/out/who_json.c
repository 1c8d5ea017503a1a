// SPDX-License-Identifier: GPL-2.0-only
/* What `who` found, as JSON lines, described in docs/json.md. */
#include "core/names.h"
#include "out/json_parts.h"
#include "out/who.h"

static json_t *states_of(const struct pc_who_place *p)
{
	json_t *states = json_object();

	for (int i = PC_STATE_INVALID + 1; i < PC_STATE_COUNT; i++)
		if (p->states[i])
			json_object_set_new(states, pc_state_name(i), json_integer(p->states[i]));
	return states;
}

static json_t *holders_of(const struct pc_clock *clock, const struct pc_who_place *p)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < p->verdict.holders_count; i++) {
		const struct pc_holder *h = &p->verdict.holders[i];
		uint64_t start = pc_who_oldest_owner(h);
		json_t *o = pc_json_holder(clock, h);

		json_object_set_new(o, "age_at_most_seconds",
				    start ? json_real((double)(clock->now_ns - start) / 1e9) :
					    json_null());
		if (p->blind)
			json_object_set_new(o, "options", json_null());
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *answers_of(const struct pc_who_place *p)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < PC_WHO_ANSWERS; i++) {
		const struct pc_who_answer *a = &p->answers[i];
		json_t *o = json_object();

		json_object_set_new(o, "address",
				    json_string(a->family == PC_FAMILY_V6 ? "::" : "0.0.0.0"));
		json_object_set_new(o, "option", json_string(pc_who_option_name(a->option)));
		json_object_set_new(o, "allowed",
				    a->known ? json_boolean(!a->refused) : json_null());
		json_object_set_new(o, "cause",
				    a->refused ? json_string(pc_cause_name(a->cause)) :
						 json_null());
		json_object_set_new(o, "holder",
				    a->holder >= 0 ? json_integer(a->holder) : json_null());
		json_array_append_new(list, o);
	}
	return list;
}

static int put_place(struct pc_log *log, const struct pc_clock *clock, const struct pc_who_place *p)
{
	json_t *line = pc_json_line("who", clock, clock->now_ns);

	json_object_set_new(line, "proto", json_string(pc_proto_name(p->proto)));
	json_object_set_new(line, "port", json_integer(p->port));
	json_object_set_new(line, "netns", pc_json_number_or_null(p->netns));
	json_object_set_new(line, "own", p->netns ? json_boolean(p->own) : json_null());
	json_object_set_new(line, "path", pc_json_string(p->path));
	json_object_set_new(line, "pid", pc_json_number_or_null(p->pid));
	json_object_set_new(line, "holders_total", json_integer((json_int_t)p->total));
	json_object_set_new(line, "states", states_of(p));
	json_object_set_new(line, "holders", holders_of(clock, p));
	json_object_set_new(line, "uid", json_integer(p->uid));
	json_object_set_new(line, "privileged",
			    p->unprivileged_start ? json_boolean(p->port < p->unprivileged_start) :
						    json_null());
	json_object_set_new(line, "if_bound", answers_of(p));
	return pc_json_write(log, line);
}

int pc_who_json(struct pc_log *log, const struct pc_clock *clock,
		const struct pc_who_report *report)
{
	json_t *line, *unseen;
	int err = 0;

	for (size_t i = 0; !err && i < report->count; i++)
		err = put_place(log, clock, &report->places[i]);
	if (err)
		return err;
	line = pc_json_line("who-summary", clock, clock->now_ns);
	unseen = json_array();
	for (unsigned i = 0; i < report->unseen_count; i++)
		json_array_append_new(unseen, pc_json_string(report->unseen[i]));
	json_object_set_new(line, "unseen", unseen);
	json_object_set_new(line, "exit_status", json_integer(report->status));
	return pc_json_write(log, line);
}
