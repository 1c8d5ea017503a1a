/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's timers count jiffies, HZ a second, and HZ is a build option that no structure has:
 * it is found from the clock. */
#ifndef PORTCLASH_TIMER_BPF_H
#define PORTCLASH_TIMER_BPF_H

#include "compat.bpf.h"

#define TIMEWAIT_SECONDS 60 /* TCP_TIMEWAIT_LEN, in seconds */

/* jiffies_64 begins 300 s before the wrap of 32 bits (INITIAL_JIFFIES, include/linux/jiffies.h) and
 * is driven by the monotonic clock (tick_do_update_jiffies64()). With this HZ, how far is it from
 * where it would be, in milliseconds? */
static __always_inline __u64 off_by(__u64 hz, __u64 jiffies, __u64 uptime_ms)
{
	__u64 since_boot = jiffies - ((1ULL << 32) - 300 * hz);
	__s64 off = (__s64)(since_boot * 1000 / hz) - (__s64)uptime_ms;

	return off < 0 ? -off : off;
}

/* 0: not known. At 300 s of uptime all agree, and for some seconds around it none is believed. */
static __always_inline __u64 jiffies_per_second(__u64 jiffies)
{
	const __u64 choices[] = { 100, 250, 300, 1000 }; /* kernel/Kconfig.hz */
	__u64 uptime_ms = bpf_ktime_get_ns() / 1000000, found = 0;

	for (int i = 0; i < 4; i++) {
		if (off_by(choices[i], jiffies, uptime_ms) > 2000)
			continue;
		if (found)
			return 0;
		found = choices[i];
	}
	return found;
}

/* Seconds until the timer is due, rounded up, at least 1: it may fire late. 0: not known. */
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
