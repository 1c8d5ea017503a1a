/* SPDX-License-Identifier: GPL-2.0-only */
/* The footprint of a process: memory, descriptors; and stopping it for a while. */
#ifndef LIVE_MONITOR_FOOTPRINT_H
#define LIVE_MONITOR_FOOTPRINT_H

#include "run/test.h"

struct footprint {
	long rss_kib;  /* with the rings */
	long anon_kib; /* memory of its own */
	long peak_kib; /* the most that rss_kib ever was */
	unsigned descriptors;
};

/* Aborts the scenario if the process has ended. */
struct footprint footprint_of(struct test *t, pid_t pid);

/* The peak begins anew: a start takes more memory than all that comes after it. */
void footprint_forget_peak(struct test *t, pid_t pid);

/* Records a mismatch when `end` has more descriptors than `start`, or `kib` more of own memory;
 * notes both. */
void footprint_compare(struct test *t, const char *what, const struct footprint *start,
		       const struct footprint *end, long kib);

/* The letter for the state of the process in /proc: 'Z' for one that has ended; 0: there is none. */
char footprint_state(pid_t pid);

/* Sends SIGSTOP and waits until the process has stopped. SIGCONT continues it. */
void footprint_stop(struct test *t, pid_t pid);

#endif
