/* SPDX-License-Identifier: GPL-2.0-only */
/* The log of claims in the programs' memory (bpf/claim_log.bpf.h), as the reader takes it. */
#ifndef PORTCLASH_BPF_CLAIM_LOG_H
#define PORTCLASH_BPF_CLAIM_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/join/kernel.h"
#include "portclash/record.h"

/* How far each part of the log was looked at. Its claims come in the order of their numbers. */
struct pc_log_look {
	uint64_t before; /* the end at the look before */
	uint64_t end;
	uint64_t next;	    /* to hand over */
	bool left_out;	    /* claims of closed sockets were, since the last look for all */
	uint64_t left_from; /* the first of them has this number, or a later one */
};

/* A look for all goes back to so many claims before the look before. */
#define PC_LOG_BACK 64

/* Claims of several parts are handed over so many at a time. */
#define PC_LOG_GATHERED 64

struct pc_claim_log {
	struct pc_log_part *parts;	/* mapped; NULL: there is no log */
	struct pc_logged_claim *claims; /* mapped */
	unsigned shift;			/* a part has 1 << shift places */
	bool all;
	bool some;		      /* there may be claims to hand over */
	bool claimers_noted;	      /* `processes` is of this look */
	uint64_t processes[64];	      /* a bit for each, by the low bits of its id */
	uint64_t ended[PC_HOW_COUNT]; /* claims whose socket was closed before they were taken */
	struct pc_log_look looks[PC_LOG_PARTS];
	unsigned gathered_count;
	struct pc_logged_claim
		gathered[PC_LOG_GATHERED]; /* in the order of time, to be handed over */
};

/* The number that a part has of PC_LOG_CLAIMS places, as a power of 2, where there are so many processors. */
unsigned pc_claim_log_shift(int cpus);

/* Keeps the two pointers, which are to the memory of the programs. */
void pc_claim_log_open(struct pc_claim_log *l, struct pc_log_part *parts,
		       struct pc_logged_claim *claims, unsigned shift);

/* Looks at what is in the log now. Claims of sockets that are closed are asked for only with `all`: then also those
 * that the last look has left out, and of each part up to PC_LOG_BACK claims that earlier looks have left out. */
void pc_claim_log_look(struct pc_claim_log *l, bool all);

/* Hands over what must be before this record: the claims of a process are before its end. */
void pc_claim_log_before(struct pc_claim_log *l, const void *record, const struct pc_taker *taker);

/* Hands over all that the last look has found, in the order of time, and frees its places. */
void pc_claim_log_hand_over(struct pc_claim_log *l, const struct pc_taker *taker);

#endif
