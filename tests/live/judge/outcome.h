/* SPDX-License-Identifier: GPL-2.0-only */
/* The truth about one outcome, and its comparison with the JSON line, field by field. */
#ifndef LIVE_JUDGE_OUTCOME_H
#define LIVE_JUDGE_OUTCOME_H

#include "judge/expect.h"
#include "stage/stage.h"

struct true_outcome {
	const char *outcome;
	const char *of; /* the id of the verdict */
	const char *cause;
	const struct person *who; /* the refused process; NULL: only `pid` is known */
	pid_t pid;
	uint16_t wanted; /* the first that was refused */
	uint16_t lowest; /* 0: `wanted` */
	uint16_t highest;
	bool hunt;
	bool gone;	 /* the process has ended */
	int total;	 /* refusals; 0: one */
	int refusals;	 /* since the line before; 0: `total`, -1: none */
	int processes;	 /* 0: one */
	uint16_t gained; /* 0: null */
	const char *how; /* NULL: "bind" */
	pid_t winner;	 /* 0: the refused process */
	int exit_status; /* -1: null */
	int exit_signal; /* -1: null */
	int64_t after;	 /* wall clock readings around what decided it */
	int64_t before;
};

#define TRUE_OUTCOME_NO_END .exit_status = -1, .exit_signal = -1

/* Waits for the next outcome of this process and compares it; returns the line, or NULL. */
json_t *outcome_check(struct test *t, const struct true_outcome *truth);

/* The same of a line that is there already. */
void outcome_compare(struct test *t, json_t *line, const struct true_outcome *truth);

/* Takes the next verdict of this process and returns its id; aborts the scenario if none comes. */
const char *outcome_take_verdict(struct test *t, pid_t pid);

#endif
