/* SPDX-License-Identifier: GPL-2.0-only */
/* Running scenarios one after the other, each in a process of its own that is ended and
 * cleaned up after whatever happens, and counting the results. */
#ifndef LIVE_RUN_H
#define LIVE_RUN_H

#include "test.h"

struct tally {
	const struct settings *settings;
	struct report *report; /* of the scenario that runs; shared with it */
	int home_netns;
	struct monitor *shared[WATCH_OWN]; /* those that were started; NULL: not */
	char cannot[4096];		   /* why nothing can be run; "": it can */
	unsigned passed;
	unsigned failed;
	unsigned skipped;
};

/* Tries whether portclash can watch here at all. 0 or a negative errno. */
int run_open(struct tally *tally, const struct settings *settings);
/* With settings->shared: ends what is shared, and looks at how it ended. */
void run_shared_end(struct tally *tally);
void run_scenario(struct tally *tally, const struct scenario *scenario);
void run_skip(struct tally *tally, const char *name, const char *why);

/* Prints the counts; the exit status: 0, or 1 if something failed. */
int run_close(struct tally *tally, bool no_skip);

#endif
