// SPDX-License-Identifier: GPL-2.0-only
/* Outcomes of refusals: the join hands claims, ends and verdicts to the table of searches
 * (core/memory/outcomes.h), and the outcomes to the output. */
#include <string.h>

#include "core/join/decode.h"
#include "core/join/join_private.h"

static const struct pc_identity *outcome_who(void *context, const struct pc_process_key *key)
{
	struct pc_join *j = context;

	return pc_identify_folder(j, key);
}

static bool outcome_running(void *context, const struct pc_process_key *key)
{
	struct pc_join *j = context;

	return j->host.is_running(j->host.context, key);
}

struct pc_outcomes *pc_outcome_open(struct pc_join *j)
{
	const struct pc_outcomes_world world = { j, outcome_who, outcome_running };

	return pc_outcomes_new(&world, j->options.patience_ns);
}

void pc_outcome_claim(struct pc_join *j, const struct pc_claim_record *c)
{
	const struct pc_event e = {
		.time_ns = c->time_ns,
		.process = c->process,
		.cookie = c->cookie,
		.netns = c->netns,
		.tid = c->tid,
		.port = c->port,
		.how = c->how,
		.proto = c->proto,
		.family = c->family,
	};

	pc_outcomes_event(j->outcomes, &e);
}

void pc_outcome_end(struct pc_join *j, const struct pc_end_record *r)
{
	const struct pc_event e = {
		.time_ns = r->time_ns,
		.process = r->process,
		.status = r->status,
	};

	pc_outcomes_event(j->outcomes, &e);
}

void pc_outcome_ends(struct pc_join *j, const struct pc_endpoints *ends)
{
	pc_outcomes_address(j->outcomes, ends);
}

void pc_outcome_tell(struct pc_join *j, bool stop)
{
	const struct pc_outcome *o;

	while ((o = pc_outcomes_next(j->outcomes, j->now_ns, stop)))
		if (j->output.outcome)
			j->output.outcome(j->output.context, o);
}

void pc_outcome_verdict(struct pc_join *j, struct pc_verdict *v)
{
	v->written = true;
	v->hunt = !j->options.each && pc_outcomes_is_hunt(j->outcomes, v);
	if (j->output.verdict)
		j->output.verdict(j->output.context, v);
	pc_outcomes_add(j->outcomes, v, j->now_ns);
}
