/* SPDX-License-Identifier: GPL-2.0-only */
/* The slot for the port settings of a network namespace. A user can make any number of namespaces, and must
 * not take the slots of all others. */
#ifndef PORTCLASH_NETNS_SLOT_BPF_H
#define PORTCLASH_NETNS_SLOT_BPF_H

#include "maps.bpf.h"
#include "rounds.bpf.h"
#include "truth.bpf.h"

/* Gives the first of the user ids that belong to the same user, as core/base/subuid.h does: in user namespaces of its
 * own a user has 65,536 of them. */
static __always_inline __u32 netns_user(__u32 uid)
{
	__u64 first = uid - (uid - PC_SUBUID_FIRST) % PC_SUBUID_COUNT;

	return (__u32)truth_choose(uid, first, truth_is_less(uid, PC_SUBUID_FIRST));
}

/* The slots that the user has who would give this one up, of the set that begins at `first`. */
GLOBAL __u64 netns_slots_of(__u32 first, __u32 uid, __u32 asking)
{
	const struct pc_netns_ports *set = &netns_ports[first & PC_NETNS_SET(-1)];
	__u64 count = truth_is_zero(uid ^ asking);

	for (__u32 way = 0; way < PC_NETNS_WAYS; way++)
		count += (truth_is_zero(set[way].time_ns) ^ 1) & truth_is_zero(set[way].uid ^ uid);
	return count;
}

/* Gives the slot that namespace `key` has or may take for a user (netns_user()): an empty one, or the oldest of the user that would have
 * most. The monitor's own namespace has a slot to itself. */
static __always_inline __u32 netns_slot(__u64 key, bool own, __u32 uid)
{
	__u32 first = PC_NETNS_SET(key);
	const struct pc_netns_ports *set = &netns_ports[first];
	__u64 best = 0, most = 0, oldest_ns = 0, found = PC_NETNS_WAYS;

	if (own)
		return PC_NETNS_OWN;
	ONE_CALL
	for (__u32 way = 0; way < PC_NETNS_WAYS; way++) {
		__u64 time_ns = set[way].time_ns, better;
		__u64 count =
			truth_choose(PC_NETNS_WAYS + 2, netns_slots_of(first, set[way].uid, uid),
				     truth_is_zero(time_ns));

		better = truth_is_less(most, count) |
			 (truth_is_zero(most ^ count) & truth_is_less(time_ns, oldest_ns));
		best = truth_choose(way, best, better);
		most = truth_choose(count, most, better);
		oldest_ns = truth_choose(time_ns, oldest_ns, better);
		found = truth_choose(way, found, truth_is_zero(set[way].netns_key ^ key));
	}
	return first + truth_choose(best, found, truth_is_zero(found ^ PC_NETNS_WAYS));
}

#endif
