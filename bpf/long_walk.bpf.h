/* SPDX-License-Identifier: GPL-2.0-only */
/* A walk through a list of TCP sockets may be long, for the listener is often the last of thousands: 131,072 steps take
 * 20 ms, in which preemption is off. Any user can put sockets on a port of another address, and have a bind() beside
 * them refused in a loop. So the long walks of one user, or of one control group of root, take a small part of the
 * time. Their other walks are short. */
#ifndef PORTCLASH_LONG_WALK_BPF_H
#define PORTCLASH_LONG_WALK_BPF_H

#include "hash.bpf.h"
#include "netns_slot.bpf.h"

/* After a long walk no other begins for so many times as long. */
#define LONG_WALK_PAUSE 32

/* Two users with one slot wait for each other. The seed keeps users from choosing the slot. */
#define LONG_WALK_SLOTS 256

static __u64 long_walk_due[LONG_WALK_SLOTS]; /* boot clock: the next one may begin */

static __always_inline __u64 *long_walk_slot(__u32 uid)
{
	__u32 user = netns_user(uid);
	/* Containers have the same root, which cannot make control groups elsewhere. */
	__u64 group = user ? 0 : bpf_get_current_cgroup_id();

	return &long_walk_due[hash_mix(hash_mix(config.seed, user), group) & (LONG_WALK_SLOTS - 1)];
}

static __always_inline bool long_walk_may_begin(__u32 uid, __u64 now)
{
	return *long_walk_slot(uid) <= now;
}

static __always_inline void long_walk_ended(__u32 uid, __u64 began, __u64 now)
{
	*long_walk_slot(uid) = now + (now - began) * LONG_WALK_PAUSE;
}

#endif
