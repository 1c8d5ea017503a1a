// SPDX-License-Identifier: GPL-2.0-only
/* The join: its making, its rounds, its counters. */
#include "core/join/join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/join/join_private.h"

static int allocate_parts(struct pc_join *j)
{
	j->ledger = pc_ledger_new();
	j->processes = pc_processes_new(j->options.processes_max ?: PC_PROCESSES_MAX);
	j->backlog = pc_backlog_new();
	j->outcomes = pc_outcome_open(j);
	if (!j->ledger || !j->processes || !j->backlog || !j->outcomes || pc_batch_open(&j->batch))
		return -ENOMEM;
	if ((j->options.with_claims || j->options.recorded) && !(j->pending = pc_pending_new()))
		return -ENOMEM;
	if (j->options.protect && !(j->protection = pc_protection_new(j->options.protect)))
		return -ENOMEM;
	j->options.protect = NULL;
	return 0;
}

struct pc_join *pc_join_new(const struct pc_join_options *options,
			    const struct pc_join_kernel *kernel, const struct pc_join_host *host,
			    const struct pc_join_output *output)
{
	struct pc_join *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->options = *options;
	j->kernel = *kernel;
	j->host = *host;
	j->output = *output;
	if (!allocate_parts(j))
		return j;
	pc_join_free(j);
	return NULL;
}

void pc_join_free(struct pc_join *j)
{
	if (!j)
		return;
	pc_range_look_forget(j, true);
	pc_protection_free(j->protection);
	pc_pending_free(j->pending);
	pc_batch_close(&j->batch);
	pc_backlog_free(j->backlog);
	pc_outcomes_free(j->outcomes);
	pc_ledger_free(j->ledger);
	pc_processes_free(j->processes);
	free(j);
}

void pc_join_begin(struct pc_join *j, enum pc_step step, uint64_t now_ns, const uint64_t *ports)
{
	const struct pc_join_observer *o = &j->options.observer;

	if (o->step)
		o->step(o->context, step, now_ns, ports);
	j->now_ns = now_ns;
}

int pc_join_inventory(struct pc_join *j, uint64_t now_ns, bool late)
{
	pc_join_begin(j, late ? PC_STEP_INVENTORY_LATE : PC_STEP_INVENTORY, now_ns, NULL);
	return pc_inventory_take(j, late ? PC_ENTRY_LATE : 0);
}

void pc_join_read(struct pc_join *j, uint64_t now_ns)
{
	pc_join_begin(j, PC_STEP_READ, now_ns, NULL);
	pc_identify_begin(j);
	pc_ingest_read(j, PC_RING_CLAIMS);
	pc_protection_flush(j);
	pc_ingest_read(j, PC_RING_REFUSALS);
}

bool pc_join_waits(const struct pc_join *j)
{
	return j->batch.count || !pc_backlog_is_empty(j->backlog);
}

bool pc_join_finish(struct pc_join *j, uint64_t now_ns)
{
	pc_join_begin(j, PC_STEP_FINISH, now_ns, NULL);
	if (!j->batch.count)
		pc_backlog_to_batch(j);
	pc_batch_finish(j);
	return pc_join_waits(j);
}

void pc_join_tidy(struct pc_join *j, uint64_t now_ns)
{
	pc_join_begin(j, PC_STEP_TIDY, now_ns, NULL);
	pc_pending_ask(j);
	pc_inventory_sweep(j);
	pc_recovery_look(j);
	pc_processes_shed(j->processes);
	pc_range_look_forget(j, false);
	if (!pc_join_waits(j))
		pc_outcome_tell(j, false);
}

void pc_join_stop(struct pc_join *j, uint64_t now_ns)
{
	pc_join_begin(j, PC_STEP_STOP, now_ns, NULL);
	pc_batch_drop(j);
	pc_backlog_drop(j);
	pc_pending_flush(j);
	pc_outcome_tell(j, true);
}

/* Counts the claims that the kernel side kept to itself, because their sockets were closed at once. */
static void count_ended_claims(struct pc_join *j)
{
	for (int how = 0; how < PC_HOW_COUNT; how++) {
		j->counters.claims[how] += j->losses.claims_ended[how] - j->claims_ended[how];
		j->claims_ended[how] = j->losses.claims_ended[how];
	}
}

struct pc_counters *pc_join_counters(struct pc_join *j)
{
	j->kernel.losses(j->kernel.context, &j->losses);
	count_ended_claims(j);
	memcpy(j->counters.lost, j->losses.lost, sizeof(j->counters.lost));
	j->counters.over_share = j->losses.over_share;
	j->counters.lost[PC_STAT_REFUSALS_LOST] += j->refusals_dropped;
	j->counters.states_missed = j->losses.states_missed;
	j->counters.ends_missed = j->losses.ends_missed;
	j->counters.calls_missed = j->losses.calls_missed;
	j->counters.records_bad = j->losses.records_bad + j->records_bad;
	j->counters.identities_shed = pc_processes_shed_count(j->processes);
	j->counters.ledger_claims = pc_ledger_count(j->ledger);
	return &j->counters;
}

void pc_join_filter(struct pc_join *j, const struct pc_whose_filter *whose)
{
	j->options.filter.whose = *whose;
}

void pc_join_patience(struct pc_join *j, uint64_t patience_ns)
{
	pc_outcomes_set(j->outcomes, patience_ns);
}

const struct pc_outcomes_counters *pc_join_outcomes(struct pc_join *j, uint64_t now_ns)
{
	return pc_outcomes_counters(j->outcomes, now_ns);
}

uint64_t pc_join_sockets_before(const struct pc_join *j)
{
	return j->before.sockets;
}
