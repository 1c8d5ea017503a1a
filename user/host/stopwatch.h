/* SPDX-License-Identifier: GPL-2.0-only */
/* The time that a look takes, for its budget. */
#ifndef PORTCLASH_HOST_STOPWATCH_H
#define PORTCLASH_HOST_STOPWATCH_H

#include "host/clock.h"

/* On a busy machine a look waits for its turn: so long a wait is nobody's doing. A longer one counts whole:
 * somebody holds a lock that the look needs. */
#define PC_STOPWATCH_WAIT_NS (200 * PC_NS_PER_MS)

struct pc_stopwatch {
	uint64_t wall_ns;
	uint64_t cpu_ns; /* of all threads of this process */
};

static inline struct pc_stopwatch pc_stopwatch_start(void)
{
	return (struct pc_stopwatch){ pc_boot_ns(), pc_clock_ns(CLOCK_PROCESS_CPUTIME_ID) };
}

/* Nanoseconds since the start: of CPU time, or of both when the look waited for long. */
static inline uint64_t pc_stopwatch_ns(const struct pc_stopwatch *begin)
{
	uint64_t wall_ns = pc_boot_ns() - begin->wall_ns;
	uint64_t cpu_ns = pc_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin->cpu_ns;

	return wall_ns > cpu_ns + PC_STOPWATCH_WAIT_NS ? wall_ns : cpu_ns;
}

#endif
