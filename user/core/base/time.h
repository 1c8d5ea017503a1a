/* SPDX-License-Identifier: GPL-2.0-only */
/* Times are nanoseconds. Durations and records are on the boot clock, which is never set and goes on
 * while the machine sleeps. */
#ifndef PORTCLASH_TIME_H
#define PORTCLASH_TIME_H

#include <stdint.h>

#define PC_NS_PER_SECOND UINT64_C(1000000000)
#define PC_NS_PER_MS UINT64_C(1000000)

static inline uint64_t pc_ns(uint64_t seconds, uint64_t nanoseconds)
{
	return seconds * PC_NS_PER_SECOND + nanoseconds;
}

static inline double pc_seconds(uint64_t nanoseconds)
{
	return (double)nanoseconds / (double)PC_NS_PER_SECOND;
}

/* Boot clock to wall clock, taken when a line is made. */
struct pc_clock {
	uint64_t wall_minus_boot_ns;
	uint64_t now_ns; /* boot clock */
};

#endif
