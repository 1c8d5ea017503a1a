/* SPDX-License-Identifier: GPL-2.0-only */
/* A stage for tests of outcomes: processes are refused, claim and end, at times in milliseconds. */
#ifndef PORTCLASH_TESTS_OUTCOME_STAGE_H
#define PORTCLASH_TESTS_OUTCOME_STAGE_H

#include "core/memory/outcomes.h"

#define STAGE_NETNS 77
#define STAGE_MAX 8

struct outcome_stage {
	struct pc_outcomes *table;
	struct pc_identity people[STAGE_MAX]; /* known by pid */
	unsigned people_count;
	bool gone; /* no process runs any more */
	uint64_t cookie;
	unsigned verdicts; /* told */
	uint8_t proto;
	enum pc_op op;
	enum pc_cause cause; /* 0: a listener */
	uint32_t uid;
	char address;
	uint32_t tid; /* 0: as the pid */
};

void stage_outcomes_begin(struct outcome_stage *s);
void stage_outcomes_end(struct outcome_stage *s);

/* The process is a server of this command line and service. */
void stage_person(struct outcome_stage *s, uint32_t pid, const char *cmdline, const char *unit);

/* True: the verdict was told, with the id "PID-MS". False: counted with a hunt. */
bool stage_refusal(struct outcome_stage *s, uint32_t pid, uint16_t port, uint64_t ms);
void stage_repeat(struct outcome_stage *s, uint32_t pid, uint16_t port, uint64_t ms,
		  const char *told);

/* A claim with a socket of its own; and its address. */
void stage_claim(struct outcome_stage *s, uint32_t pid, uint16_t port, enum pc_how how,
		 uint64_t ms);
void stage_address(struct outcome_stage *s, char address);

/* The end of the process, with this status as of wait(). */
void stage_end(struct outcome_stage *s, uint32_t pid, int status, uint64_t ms);

/* The next outcome is of this kind, and that is returned; or there is none. */
const struct pc_outcome *stage_outcome(struct outcome_stage *s, uint64_t ms,
				       enum pc_outcome_kind kind);
void stage_quiet(struct outcome_stage *s, uint64_t ms);

#endif
