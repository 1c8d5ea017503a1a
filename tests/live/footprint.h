/* SPDX-License-Identifier: GPL-2.0-only */
/* What a process takes: memory, descriptors; and stopping it for a while. */
#ifndef LIVE_FOOTPRINT_H
#define LIVE_FOOTPRINT_H

#include "test.h"

struct footprint {
	long rss_kib;  /* with the rings, whose pages are mapped twice */
	long anon_kib; /* memory of its own */
	long peak_kib; /* the most that rss_kib ever was */
	unsigned descriptors;
};

/* The scenario is over if the process is. */
struct footprint footprint_of(struct test *t, pid_t pid);

/* A mismatch when `end` has more descriptors than `start`, or `kib` more of own memory; and
 * both are noted. */
void footprint_compare(struct test *t, const char *what, const struct footprint *start,
		       const struct footprint *end, long kib);

/* SIGSTOP, and waits until it has stopped. Goes on by SIGCONT. */
void footprint_stop(struct test *t, pid_t pid);

#endif
