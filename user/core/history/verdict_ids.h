/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdicts that a log told last: to which group each belongs, and what was counted of it. Later lines
 * name a verdict by its id; and a log that is read twice is counted once. */
#ifndef PORTCLASH_VERDICT_IDS_H
#define PORTCLASH_VERDICT_IDS_H

#include "core/history/slice.h"

/* In sets of 8, of which the oldest verdict gives way: 3 MiB. */
#define PC_VERDICT_IDS 65536

struct pc_verdict_ids;

struct pc_verdict_known {
	uint64_t time_ns; /* the two halves of the id; time 0: free */
	uint32_t thread;
	uint32_t host;
	uint32_t slot; /* for the caller */
	uint64_t serial;
	uint64_t total;	     /* refusals that were told of it */
	uint64_t outcome_ns; /* the time of its last outcome */
};

struct pc_verdict_ids *pc_verdict_ids_new(void);
void pc_verdict_ids_free(struct pc_verdict_ids *ids);

/* NULL: not remembered, or no id of a verdict. */
struct pc_verdict_known *pc_verdict_ids_find(struct pc_verdict_ids *ids,
					     const struct pc_slice *host,
					     const struct pc_slice *id);

/* Remembers another one, with zeros for the caller to fill. NULL: no id of a verdict. */
struct pc_verdict_known *pc_verdict_ids_add(struct pc_verdict_ids *ids, const struct pc_slice *host,
					    const struct pc_slice *id);

#endif
