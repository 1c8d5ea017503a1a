/* SPDX-License-Identifier: GPL-2.0-only */
/* The time that a look takes, for its budget. */
#ifndef PORTCLASH_HOST_STOPWATCH_H
#define PORTCLASH_HOST_STOPWATCH_H

#include <stdint.h>

struct pc_stopwatch {
	uint64_t wall_ns;
	uint64_t cpu_ns;   /* of all threads of this process */
	uint64_t ready_ns; /* that this thread was ready to run, and had no CPU */
};

struct pc_stopwatch pc_stopwatch_start(void);

/* Nanoseconds since the start: of CPU time, or of both when the look waited for long. */
uint64_t pc_stopwatch_ns(const struct pc_stopwatch *begin);

#endif
