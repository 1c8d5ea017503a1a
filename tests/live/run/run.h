/* SPDX-License-Identifier: GPL-2.0-only */
/* Running scenarios one after the other, each in a process of its own that is ended and
 * cleaned up after whatever happens, and counting the results. */
#ifndef LIVE_RUN_RUN_H
#define LIVE_RUN_RUN_H

#include "run/test.h"

#define SLOWEST_SHOWN 10

/* The time that a scenario took, from its start until nothing of it was left. */
struct timing {
	const char *name; /* NULL: none yet */
	double seconds;
};

struct tally {
	const struct settings *settings;
	struct report *report; /* of the scenario that runs; shared with it */
	int home_netns;
	struct monitor *shared[WATCH_OWN]; /* the ones that were started; NULL: not */
	char cannot[4096]; /* the reason why nothing can be run; "": there is none */
	unsigned passed;
	unsigned failed;
	unsigned skipped;
	struct timing slowest[SLOWEST_SHOWN]; /* the slowest first */
};

/* Tries whether portclash can watch here at all. 0 or a negative errno. */
int run_open(struct tally *tally, const struct settings *settings);
/* Ends the shared portclashes, with settings->shared, and checks how they ended. */
void run_shared_end(struct tally *tally);
void run_scenario(struct tally *tally, const struct scenario *scenario);
void run_skip(struct tally *tally, const char *name, const char *why);

/* Prints the slowest scenarios and the counts; the exit status: 0, or 1 if something failed. */
int run_close(struct tally *tally, bool no_skip);

#endif
