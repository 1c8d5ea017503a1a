/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by outcomes.c, outcomes_share.c and outcomes_tell.c only. */
#ifndef PORTCLASH_OUTCOMES_PRIVATE_H
#define PORTCLASH_OUTCOMES_PRIVATE_H

#include "core/memory/outcomes.h"

#define PC_OUTCOMES_CHAINS 256

struct pc_outcomes_entry {
	struct pc_search search;
	struct pc_outcomes_entry *prev, *next; /* by the last refusal, oldest first */
	struct pc_outcomes_entry *chain;       /* of the same hash */
	struct pc_outcomes_share *share; /* of its owner; NULL: there was no memory for it */
	size_t bytes;
	unsigned lines; /* told about a hunter */
};

struct pc_outcomes {
	struct pc_outcomes_world world;
	uint64_t patience_ns;
	struct pc_events events;
	struct pc_outcomes_entry *oldest, *newest;
	struct pc_outcomes_entry *chains[PC_OUTCOMES_CHAINS];
	struct pc_outcomes_entry *out; /* was handed out, and goes if `out_ends` */
	bool out_ends;
	struct pc_outcomes_share *shares; /* by owner */
	size_t bytes;
	struct pc_outcomes_counters counters;
};

void pc_outcomes_drop(struct pc_outcomes *t, struct pc_outcomes_entry *e);

/* outcomes_share.c: counts the bytes of a search for its owner (process_budget.h), of whom `uid` is known in
 * any case, in place of what was counted before; and no longer. pc_outcomes_keep_to_budget() drops the oldest searches of
 * the owner that has most. */
void pc_outcomes_join_share(struct pc_outcomes *t, struct pc_outcomes_entry *e, uint32_t uid);
void pc_outcomes_leave_share(struct pc_outcomes *t, struct pc_outcomes_entry *e);
void pc_outcomes_keep_to_budget(struct pc_outcomes *t);

/* The outcome that was handed out has been told. */
void pc_outcomes_take_back(struct pc_outcomes *t);

#endif
