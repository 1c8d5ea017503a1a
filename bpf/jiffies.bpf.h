/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's timers count jiffies, HZ a second. HZ is a build option that no structure has, so
 * these functions infer it from the clock. */
#ifndef PORTCLASH_JIFFIES_BPF_H
#define PORTCLASH_JIFFIES_BPF_H

#include "compat.bpf.h"

#define TIMEWAIT_SECONDS 60 /* TCP_TIMEWAIT_LEN, in seconds */

/* Says how far jiffies_64 is from its expected value with this HZ, in milliseconds. jiffies_64
 * begins 300 s before the wrap of 32 bits (INITIAL_JIFFIES, include/linux/jiffies.h), and the
 * monotonic clock drives it (tick_do_update_jiffies64()). */
static __always_inline __u64 jiffies_deviation(__u64 hz, __u64 jiffies, __u64 uptime_ms)
{
	__u64 since_boot = jiffies - ((1ULL << 32) - 300 * hz);
	__s64 off = (__s64)(since_boot * 1000 / hz) - (__s64)uptime_ms;

	return off < 0 ? -off : off;
}

/* Infers HZ; 0: not known. At 300 s of uptime all choices agree, and for some seconds around that
 * time none is believed. */
static __always_inline __u64 jiffies_per_second(__u64 jiffies)
{
	const __u64 choices[] = { 100, 250, 300, 1000 }; /* kernel/Kconfig.hz */
	__u64 uptime_ms = bpf_ktime_get_ns() / 1000000, found = 0;

	for (int i = 0; i < 4; i++) {
		if (jiffies_deviation(choices[i], jiffies, uptime_ms) > 2000)
			continue;
		if (found)
			return 0;
		found = choices[i];
	}
	return found;
}

/* Gives the seconds until the timer is due, rounded up; at least 1, because a timer may fire late.
 * 0: not known. */
static __always_inline __u8 seconds_until(__u64 expires)
{
	__u64 jiffies = bpf_jiffies64(), hz = jiffies_per_second(jiffies), seconds;

	if (!hz)
		return 0;
	if (expires <= jiffies)
		return 1;
	seconds = (expires - jiffies + hz - 1) / hz;
	return seconds <= TIMEWAIT_SECONDS ? seconds : 0;
}

#endif
