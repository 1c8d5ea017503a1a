/* SPDX-License-Identifier: GPL-2.0-only */
/* The CPU time that a monitor takes for a load after the load has ended. */
#ifndef BENCH_LOADS_H
#define BENCH_LOADS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct monitor {
	bool is_there;
	clockid_t clock;
	uint64_t idle_ns; /* what it takes in a second in which nothing happens */
};

#define MONITOR_NONE              \
	{                         \
		.is_there = false \
	}

int monitor_open(struct monitor *m, pid_t pid);

/* Processor time used so far; 0 without a monitor. */
uint64_t monitor_cpu_ns(const struct monitor *m);

/* Waits until it takes the same in one second as in the next. */
void monitor_settle(struct monitor *m);

/* Waits until it takes no more than that again: what it took meanwhile and would not have taken
 * when idle, in nanoseconds. */
uint64_t monitor_finish(struct monitor *m);

#endif
