/* SPDX-License-Identifier: GPL-2.0-only */
/* An outcome: what became of a process that was refused a port. */
#ifndef PORTCLASH_OUTCOME_H
#define PORTCLASH_OUTCOME_H

#include <stdbool.h>

#include "core/base/model.h"

enum pc_outcome_kind {
	PC_OUTCOME_INVALID = 0,
	PC_OUTCOME_TOOK_ANOTHER, /* the process took another port in place of the refused one */
	PC_OUTCOME_GOT_LATER,	 /* the process, or the same server started again, got the port */
	PC_OUTCOME_GAVE_UP,	 /* the process ended without the port */
	PC_OUTCOME_WAITING,	 /* the process still runs, without the port */
	PC_OUTCOME_COUNT,
};

/* "took-another-port"; a static string. */
const char *pc_outcome_name(enum pc_outcome_kind kind);

struct pc_outcome {
	char of[PC_VERDICT_ID]; /* the verdict that was told; empty: none was */
	enum pc_outcome_kind kind;
	bool hunt; /* the process looks for any free port */
	enum pc_cause cause;
	struct pc_request request; /* the first that was refused */
	struct pc_party requester; /* the process that was refused last */
	struct pc_party winner;	   /* got the port in its place; `who` NULL: the requester did */
	uint64_t first_ns;	   /* boot clock; of the first refusal */
	uint64_t last_ns;	   /* of the last one */
	uint64_t time_ns;	   /* of what decided it */
	uint64_t refusals;	   /* since the line before about the same process */
	uint64_t folded;	   /* those of them that were told in no other line */
	uint64_t total;		   /* of all */
	uint64_t processes;	   /* that were refused, one after another */
	uint16_t lowest;	   /* of the ports that were refused */
	uint16_t highest;
	uint16_t port;	 /* that was taken; 0: none, or not known */
	enum pc_how how; /* that port was obtained */
	bool status_known;
	int status; /* of the process that gave up, as wait() has it */
};

/* An outcome has a line only if a verdict before it had a line: a user who has no lines left must not write any
 * by outcomes. All outcomes are counted. */
static inline bool pc_outcome_has_line(const struct pc_outcome *o)
{
	return o->of[0];
}

#endif
