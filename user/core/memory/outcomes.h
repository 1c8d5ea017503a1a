/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of searches: which processes were refused a port, and what became of them. Pure: it takes
 * verdicts, claims, ends of processes and a time, and gives outcomes. docs/json.md has the rule. */
#ifndef PORTCLASH_OUTCOMES_H
#define PORTCLASH_OUTCOMES_H

#include "core/memory/events.h"
#include "core/memory/search.h"

/* A process that lacks its port after this time counts as still waiting. The caller can set another. */
#define PC_OUTCOMES_PATIENCE_NS (30 * PC_NS_PER_SECOND)

/* The limit of all searches in bytes, with their strings: some thousand searches. Beyond it the owner with
 * the most bytes (process_budget.h) loses the search with the oldest refusal. A flood of one owner hides no
 * other's. */
#define PC_OUTCOMES_BYTES (1024 * 1024)

/* The search of a server that gave up is kept this long. Kubernetes restarts after five minutes. */
#define PC_OUTCOMES_KEEP_NS (900 * PC_NS_PER_SECOND)

/* A refusal without a good end counts as unserved for this long. */
#define PC_OUTCOMES_NEWS_NS (300 * PC_NS_PER_SECOND)

struct pc_outcomes_counters {
	uint64_t outcomes[PC_CAUSE_COUNT][PC_OUTCOME_COUNT];
	uint64_t unserved[PC_CAUSE_COUNT]; /* now */
	uint64_t open;			   /* now: searches without an outcome */
	uint64_t folded;		   /* refusals that were counted with a hunt and not told */
	uint64_t evicted;		   /* searches that gave way before they had an outcome */
};

/* The table asks its owner. */
struct pc_outcomes_world {
	void *context;
	/* The identity of a process; NULL: not known. */
	const struct pc_identity *(*who)(void *context, const struct pc_process_key *process);
	/* Does the process still run? Asked before it is said to wait. */
	bool (*running)(void *context, const struct pc_process_key *process);
};

struct pc_outcomes;

/* NULL: no memory. `patience_ns` 0: PC_OUTCOMES_PATIENCE_NS. */
struct pc_outcomes *pc_outcomes_new(const struct pc_outcomes_world *world, uint64_t patience_ns);
void pc_outcomes_set(struct pc_outcomes *t, uint64_t patience_ns);
void pc_outcomes_free(struct pc_outcomes *t);

/* Is this refusal a step of a hunt, so that it is counted and its verdict not told? */
bool pc_outcomes_is_hunt(const struct pc_outcomes *t, const struct pc_verdict *v);

/* Takes a verdict that was told, counted as a repeat, or counted with a hunt. */
void pc_outcomes_add(struct pc_outcomes *t, const struct pc_verdict *v, uint64_t now_ns);

/* Takes a claim, the end of a process, or the address of a claim. */
void pc_outcomes_event(struct pc_outcomes *t, const struct pc_event *e);
/* The same for claims, as pc_events_add_claims() takes them. */
void pc_outcomes_claims(struct pc_outcomes *t, const void *claims, size_t count);
void pc_outcomes_address(struct pc_outcomes *t, const struct pc_endpoints *ends);

/* An outcome to be told now, valid until the next call; NULL: none. `stop`: the end of watching. */
const struct pc_outcome *pc_outcomes_next(struct pc_outcomes *t, uint64_t now_ns, bool stop);

/* Brings the counters up to date. */
const struct pc_outcomes_counters *pc_outcomes_counters(struct pc_outcomes *t, uint64_t now_ns);

#endif
