// SPDX-License-Identifier: GPL-2.0-only
/* Tell a recorded session: a playback in the place of the monitor and the host, and the recorded clock in the
 * place of this machine's. */
#include "watch/replay.h"

#include <errno.h>

#include "watch/watch_private.h"

struct replay {
	struct pc_outputs outputs;
	struct pc_repeating repeating;
	const struct pc_playback *playback;
	const char *invitation;
	bool ready_told;
	uint64_t began_ns;
};

static void replay_verdict(void *context, struct pc_verdict *v)
{
	struct replay *r = context;

	pc_repeating_verdict(&r->repeating, &r->outputs, v);
}

static void replay_merged(void *context, const struct pc_merged *m)
{
	struct replay *r = context;

	pc_outputs_merged(&r->outputs, m);
}

static void replay_outcome(void *context, const struct pc_outcome *o)
{
	struct replay *r = context;

	if (pc_outcome_has_line(o))
		pc_outputs_outcome(&r->outputs, o);
}

static void replay_claim(void *context, const struct pc_claim *c)
{
	struct replay *r = context;

	pc_outputs_claim(&r->outputs, c);
}

static void replay_warning(void *context, struct pc_warning *w)
{
	struct replay *r = context;

	pc_outputs_warning(&r->outputs, w);
}

/* Once, with the time of the step before. */
static void replay_ready(struct replay *r)
{
	const struct pc_recorded_session *session = pc_playback_session(r->playback);

	if (session && !r->ready_told) {
		const struct pc_ready ready = {
			.invitation = r->invitation,
			.version = session->version,
			.backend = session->backend,
			.why = session->why,
			.blind = session->blind,
			.kernel = session->kernel,
			.sockets = session->sockets,
		};

		pc_outputs_ready(&r->outputs, &ready);
	}
	r->ready_told = true;
}

/* The recorded driver read the rings first in each of its rounds, and told what was due at its end. */
static void replay_step(void *context, enum pc_step step, uint64_t now_ns, const uint64_t *ports)
{
	struct replay *r = context;

	(void)ports;
	if (step == PC_STEP_READ) {
		replay_ready(r);
		pc_repeating_tell(&r->repeating, &r->outputs, false);
	}
	r->outputs.now_ns = now_ns;
	r->outputs.wall_minus_boot_ns = pc_playback_wall_minus_boot(r->playback);
	if (!r->began_ns)
		r->began_ns = now_ns;
}

static void replay_summary(struct replay *r, const struct pc_playback *p,
			   struct pc_playback_counts *counts)
{
	const struct pc_recorded_session *session = pc_playback_session(p);
	const struct pc_recorded_end *end = pc_playback_end(p);
	const struct pc_summary summary = {
		.counters = &counts->counters,
		.outcomes = &counts->outcomes,
		.watched_ns = end ? end->watched_ns : r->outputs.now_ns - r->began_ns,
		.has_command = session && session->has_command,
		.command_status = end ? end->command_status : -1,
	};

	counts->counters.repeats = r->repeating.counted;
	counts->counters.unwritten = r->repeating.unwritten;
	counts->counters.repeats_evicted = pc_repeating_evicted(&r->repeating);
	counts->counters.sink_errors = r->outputs.errors;
	pc_outputs_summary(&r->outputs, &summary);
}

static int replay_run(struct replay *r, struct pc_playback *p,
		      const struct pc_replay_options *options, uint64_t *verdicts)
{
	const struct pc_recorded_session *session = pc_playback_session(p);
	struct pc_playback_view view = { .filter = options->filter,
					 .each = options->each,
					 .observer = { r, replay_step } };
	const struct pc_join_output output = {
		.context = r,
		.verdict = replay_verdict,
		.merged = replay_merged,
		.outcome = replay_outcome,
		.claim = replay_claim,
		.warning = replay_warning,
	};
	struct pc_playback_counts counts;
	int err;

	view.filter.tree &= session && session->has_command;
	err = pc_playback_run(p, &view, &output, &counts);
	if (err)
		return err;
	replay_ready(r);
	pc_repeating_tell(&r->repeating, &r->outputs, true);
	replay_summary(r, p, &counts);
	*verdicts = counts.counters.verdicts;
	return -r->outputs.error;
}

int pc_replay(struct pc_playback *p, const struct pc_replay_options *options, uint64_t *verdicts)
{
	struct replay r = {
		.outputs = { .list = { options->outlet }, .count = 1 },
		.playback = p,
		.invitation = options->invitation,
	};
	int err = pc_repeating_set(&r.repeating, &r.outputs, options->repeat_ns);

	if (!err)
		err = replay_run(&r, p, options, verdicts);
	pc_repeats_free(r.repeating.table);
	pc_told_quota_free(r.repeating.quota);
	return err;
}
