/* SPDX-License-Identifier: GPL-2.0-only */
/* The claims that wait in the programs' memory (bpf/held.bpf.h), as the reader takes them. */
#ifndef PORTCLASH_BPF_HELD_H
#define PORTCLASH_BPF_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/join/kernel.h"
#include "portclash/record.h"

struct pc_held {
	struct pc_held_claim *slots;	/* mapped; NULL: none wait */
	const volatile uint64_t *count; /* mapped: of claims that came */
	const volatile uint64_t
		*ended;	 /* mapped: of claims whose socket was closed at once, by enum pc_how */
	uint64_t looked; /* the count at the last look */
	bool ended_left; /* that look passed over claims whose socket was closed */
	struct pc_claim_record *taken; /* by the last look, and not yet handed over */
	unsigned taken_count;
	uint64_t processes[64]; /* of those: a bit for each, by the low bits of its id */
};

/* Without memory `slots` stays NULL: then no claim may wait, or nobody would take it. */
void pc_held_open(struct pc_held *h, struct pc_held_claim *slots, const uint64_t *count,
		  const uint64_t *ended);
void pc_held_close(struct pc_held *h);

/* Takes the claims that wait; with `all` also those whose socket was closed since. */
void pc_held_look(struct pc_held *h, bool all);

/* Hands over what must be before this record: the claims of a process are before its end. */
void pc_held_before(struct pc_held *h, const void *record, pc_record_fn take, void *to);

/* Hands over all that was taken. */
void pc_held_hand_over(struct pc_held *h, pc_record_fn take, void *to);

/* Reads the counts of claims whose socket was closed before they were taken. */
void pc_held_ended(const struct pc_held *h, uint64_t counts[PC_HOW_COUNT]);

#endif
