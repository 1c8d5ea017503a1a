// SPDX-License-Identifier: GPL-2.0-only
/* This file writes the list of `who` as JSON lines, which docs/json.md describes. */
#include "core/base/address.h"
#include "core/base/names.h"
#include "core/base/time.h"
#include "core/verdict/causes.h"
#include "out/json_parts.h"
#include "out/json_unix.h"
#include "out/who.h"

static json_t *states_of(const struct pc_who_entry *e)
{
	json_t *states = json_object();

	for (int i = PC_STATE_INVALID + 1; i < PC_STATE_COUNT; i++)
		if (e->states[i])
			json_object_set_new(states, pc_state_name(i), json_integer(e->states[i]));
	return states;
}

static void append_holders(json_t *list, const struct pc_clock *clock, const struct pc_verdict *v,
			   bool blind)
{
	for (unsigned i = 0; i < v->holders_count; i++) {
		const struct pc_holder *h = &v->holders[i];
		uint64_t start = pc_who_oldest_owner(h);
		json_t *o = pc_json_holder(clock, h);

		json_object_set_new(o, "age_at_most_seconds",
				    start ? json_real(pc_seconds(clock->now_ns - start)) :
					    json_null());
		if (blind)
			json_object_set_new(o, "options", json_null());
		json_array_append_new(list, o);
	}
}

static json_t *holders_of(const struct pc_clock *clock, const struct pc_who_entry *e)
{
	json_t *list = json_array();
	const struct pc_verdict *v;

	for (unsigned i = 0; (v = pc_who_page_of(e, i)); i++)
		append_holders(list, clock, v, e->blind);
	return list;
}

static json_t *answers_of(const struct pc_who_entry *e)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < e->answers_count; i++) {
		const struct pc_who_answer *a = &e->answers[i];
		json_t *o = json_object();
		char text[PC_ADDRESS_TEXT];

		json_object_set_new(o, "address",
				    json_string(pc_address_text(a->family, a->address, text)));
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

static int write_json_entry(struct pc_log *log, const struct pc_clock *clock,
			    const struct pc_who_entry *e)
{
	json_t *line = pc_json_line("who", clock, clock->now_ns);

	json_object_set_new(line, "proto", json_string(pc_proto_name(e->proto)));
	json_object_set_new(line, "port", json_integer(e->port));
	json_object_set_new(line, "netns", pc_json_number_or_null(e->netns));
	json_object_set_new(line, "own", e->netns ? json_boolean(e->own) : json_null());
	json_object_set_new(line, "path", pc_json_string(e->path));
	json_object_set_new(line, "pid", pc_json_number_or_null(e->pid));
	json_object_set_new(line, "holders_total", json_integer((json_int_t)e->total));
	json_object_set_new(line, "states", states_of(e));
	json_object_set_new(line, "holders", holders_of(clock, e));
	json_object_set_new(line, "tunnels", pc_json_tunnels(&e->verdict.tunnels));
	json_object_set_new(line, "uid", json_integer(e->uid));
	json_object_set_new(line, "privileged",
			    e->unprivileged_start ? json_boolean(e->port < e->unprivileged_start) :
						    json_null());
	json_object_set_new(line, "if_bound", answers_of(e));
	return pc_json_write(log, line);
}

int pc_who_json_entries(struct pc_log *log, const struct pc_clock *clock,
			const struct pc_who_list *list)
{
	int err = 0;

	for (size_t i = 0; !err && i < list->count; i++)
		if (!list->entries[i].elsewhere)
			err = write_json_entry(log, clock, &list->entries[i]);
	return err;
}

int pc_who_json_summary(struct pc_log *log, const struct pc_clock *clock,
			const struct pc_who_list *list, int status)
{
	json_t *line = pc_json_line("who-summary", clock, clock->now_ns);
	json_t *unseen = json_array();

	for (unsigned i = 0; i < list->unseen_count; i++)
		json_array_append_new(unseen, pc_json_string(list->unseen[i]));
	json_object_set_new(line, "unseen", unseen);
	json_object_set_new(line, "exit_status", json_integer(status));
	return pc_json_write(log, line);
}
