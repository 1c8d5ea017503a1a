/* SPDX-License-Identifier: GPL-2.0-only */
/* The clocks of this machine. */
#ifndef PORTCLASH_HOST_CLOCK_H
#define PORTCLASH_HOST_CLOCK_H

#include <time.h>

#include "core/base/time.h"

static inline uint64_t pc_clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return pc_ns((uint64_t)t.tv_sec, (uint64_t)t.tv_nsec);
}

static inline uint64_t pc_boot_ns(void)
{
	return pc_clock_ns(CLOCK_BOOTTIME);
}

static inline void pc_clock_now(struct pc_clock *clock)
{
	clock->now_ns = pc_boot_ns();
	clock->wall_minus_boot_ns = pc_clock_ns(CLOCK_REALTIME) - clock->now_ns;
}

#endif
