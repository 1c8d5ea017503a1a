/* SPDX-License-Identifier: GPL-2.0-only */
/* Repeats of one collision: which verdicts are the same, and when those that are not written are
 * summarised. Pure; the rule is in docs/json.md. */
#ifndef PORTCLASH_REPEAT_H
#define PORTCLASH_REPEAT_H

#include "core/base/model.h"

/* Collisions that are remembered. A machine has few servers that crash in a loop at a time; of the family of users
 * with most, the one that was quiet for longest gives way, and what it counted is told. About 3 KiB each. */
#define PC_REPEATS_MAX 256

/* A summary comes when an interval has passed since the first refusal, then after so many, and
 * from then on after so many: with 10 s, after 10 s, a minute more, and every ten minutes. */
#define PC_REPEAT_SECOND 6
#define PC_REPEAT_LATER 60

/* A collision that is not repeated for so many intervals has ended: the next one is told at once
 * again. */
#define PC_REPEAT_QUIET 6

/* Why a summary is written. */
enum pc_repeat_why {
	PC_REPEAT_INVALID = 0,
	PC_REPEAT_GOES_ON, /* its time has come */
	PC_REPEAT_ENDED,   /* not repeated for a while */
	PC_REPEAT_EVICTED, /* more than PC_REPEATS_MAX others came after it */
	PC_REPEAT_STOPPED, /* portclash ends, or is told to count no more */
	PC_REPEAT_COUNT,
};

/* A collision that was repeated, as the sinks print it. */
struct pc_repeat {
	char of[PC_VERDICT_ID]; /* of the verdict that was written */
	enum pc_repeat_why why;
	enum pc_cause cause;
	uint64_t time_ns;		  /* boot clock; of the last refusal */
	struct pc_request request;	  /* the last */
	struct pc_port_settings settings; /* of the last; `reserved` is NULL */
	struct pc_party requester;	  /* of the last; pointers are the table's */
	struct pc_party holder;	 /* who made the claim; `who` NULL: not known, or no process */
	struct pc_socket socket; /* by which it does; lport 0: none is named */
	struct pc_process_key first;
	uint64_t first_ns; /* boot clock: the refusal that was written */
	uint64_t count;	   /* refusals since the line before this one */
	uint64_t total;	   /* of all, with the one that was written */
	uint64_t
		processes; /* how often it was another process than the time before, and the first */
};

struct pc_repeats;

/* NULL: no memory. */
struct pc_repeats *pc_repeats_new(uint64_t interval_ns);
/* Another interval, from the next summary of each on. */
void pc_repeats_set(struct pc_repeats *table, uint64_t interval_ns);
void pc_repeats_free(struct pc_repeats *table);

/* Is this the same collision as one that was added? Then it is counted and need not be written, and
 * `v->told` names the one that was. */
bool pc_repeats_count(struct pc_repeats *table, struct pc_verdict *v, uint64_t now_ns);

/* Remembers a collision that was written, unless there is no memory. */
void pc_repeats_add(struct pc_repeats *table, const struct pc_verdict *v, uint64_t now_ns);

/* A summary to be written now, valid until the next call; NULL: none. Call it until then, after
 * each pc_repeats_add() and now and then. `stop`: all that was counted, at the end. */
const struct pc_repeat *pc_repeats_next(struct pc_repeats *table, uint64_t now_ns, bool stop);

/* Collisions that had to give way. */
uint64_t pc_repeats_evicted(const struct pc_repeats *table);

const char *pc_repeat_why_name(enum pc_repeat_why why);

#endif
