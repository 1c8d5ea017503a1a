/* SPDX-License-Identifier: GPL-2.0-only */
/* Running `portclash guard`, and comparing what it says with the kernel's list of reserved ports. */
#ifndef LIVE_JUDGE_GUARD_H
#define LIVE_JUDGE_GUARD_H

#include "judge/audit.h"
#include "stage/stage.h"

/* A running guard, with folders of the scenario's own. */
struct guard {
	struct test *t;
	struct monitor *m;
	char state[128];
	char root[128];
};

/* Starts one with these further arguments (NULL: `--own-netns --policy all`) in the scenario's network
 * namespace and waits until it guards. */
struct guard guard_begin(struct test *t, const char *const *more);

/* Starts it anew, after guard_end(). */
void guard_again(struct guard *g, const char *const *more);

/* Ends it by a signal. */
void guard_end(struct guard *g, int signal);

/* Runs `portclash guard` with its folders and these arguments to its end; the exit status must be this. */
struct audit guard_run(struct guard *g, const char *const *more, int status);

/* Runs `portclash WORD…` with its folder of the record; the exit status must be this. */
struct audit guard_beside(struct guard *g, const char *const *argv, int status);

/* Waits for the guard's next line of this deed (docs/guard.md), about this port unless it is 0; records a
 * mismatch if none comes. */
struct spot guard_told(struct guard *g, const char *deed, uint16_t port);

/* Checks that the kernel's list is this; the second waits for that. */
void guard_expect_list(struct test *t, const char *list);
void guard_await_list(struct test *t, const char *list);

#endif
