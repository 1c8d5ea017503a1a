// SPDX-License-Identifier: GPL-2.0-only
/* The JSON line of an outcome, and the counts of outcomes in the summary. */
#include <sys/wait.h>

#include "core/base/names.h"
#include "core/verdict/causes.h"
#include "out/json_parts.h"

static json_t *json_gained(const struct pc_clock *clock, const struct pc_outcome *o)
{
	json_t *gained;

	if (o->kind != PC_OUTCOME_TOOK_ANOTHER && o->kind != PC_OUTCOME_GOT_LATER)
		return json_null();
	gained = json_object();
	json_object_set_new(gained, "port", pc_json_number_or_null(o->port));
	json_object_set_new(gained, "how", json_string(pc_how_name(o->how)));
	json_object_set_new(gained, "process",
			    pc_json_party(clock, o->winner.who ? &o->winner : &o->requester));
	return gained;
}

static void json_add_end(json_t *line, const struct pc_outcome *o)
{
	bool known = o->status_known && o->kind == PC_OUTCOME_GAVE_UP;

	json_object_set_new(line, "exit_status",
			    known && WIFEXITED(o->status) ? json_integer(WEXITSTATUS(o->status)) :
							    json_null());
	json_object_set_new(line, "exit_signal",
			    known && WIFSIGNALED(o->status) ? json_integer(WTERMSIG(o->status)) :
							      json_null());
}

int pc_json_outcome(void *to, const struct pc_clock *clock, const struct pc_outcome *o)
{
	json_t *line = pc_json_line("outcome", clock, o->time_ns);

	json_object_set_new(line, "of", o->of[0] ? json_string(o->of) : json_null());
	json_object_set_new(line, "outcome", json_string(pc_outcome_name(o->kind)));
	json_object_set_new(line, "hunt", json_boolean(o->hunt));
	json_object_set_new(line, "gained", json_gained(clock, o));
	json_add_end(line, o);
	json_object_set_new(line, "after_seconds", json_real(pc_seconds(o->time_ns - o->first_ns)));
	json_object_set_new(line, "refusals", json_integer((json_int_t)o->refusals));
	json_object_set_new(line, "folded", json_integer((json_int_t)o->folded));
	json_object_set_new(line, "total", json_integer((json_int_t)o->total));
	json_object_set_new(line, "processes", json_integer((json_int_t)o->processes));
	json_object_set_new(line, "first_time", pc_json_time(clock, o->first_ns));
	json_object_set_new(line, "last_time", pc_json_time(clock, o->last_ns));
	json_object_set_new(line, "lowest_port", json_integer(o->lowest));
	json_object_set_new(line, "highest_port", json_integer(o->highest));
	pc_json_add_call(line, &o->request);
	json_object_set_new(line, "requester",
			    pc_json_requester(clock, &o->request, &o->requester));
	json_object_set_new(line, "cause", json_string(pc_cause_name(o->cause)));
	return pc_json_write(to, line);
}

json_t *pc_json_outcomes(const struct pc_outcomes_counters *c)
{
	json_t *all = json_object();

	for (int kind = PC_OUTCOME_INVALID + 1; kind < PC_OUTCOME_COUNT; kind++) {
		uint64_t sum = 0;

		for (int cause = 0; cause < PC_CAUSE_COUNT; cause++)
			sum += c->outcomes[cause][kind];
		json_object_set_new(all, pc_outcome_name(kind), json_integer((json_int_t)sum));
	}
	json_object_set_new(all, "open", json_integer((json_int_t)c->open));
	json_object_set_new(all, "evicted", json_integer((json_int_t)c->evicted));
	return all;
}
