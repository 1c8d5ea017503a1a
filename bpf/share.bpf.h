/* SPDX-License-Identifier: GPL-2.0-only */
/* A flood of claims must not push the claims of others out of their ring. While more than half of the ring waits
 * to be read, each user, and each control group of a user, has a share of the rest. The records beyond that
 * are lost, and the claims among them are counted by user. The shares are whole again when less than half of the ring
 * waits. */
#ifndef PORTCLASH_SHARE_BPF_H
#define PORTCLASH_SHARE_BPF_H

#include "hash.bpf.h"
#include "maps.bpf.h"
#include "netns_slot.bpf.h"
#include "truth.bpf.h"

/* A user may have added a quarter of the bytes that are free now, and one control group of a user an eighth. So a
 * flood by one user leaves four fifths of them, and one by twenty users a hundredth: some 6,000 bytes. Root has no
 * share as a user: containers have the same root, which cannot make control groups elsewhere. Each group of root
 * has the share of a user. */
#define SHARE_USER_SHIFT 2
#define SHARE_GROUP_SHIFT 3

/* The number of the present shares; only the present numbers of slots count. */
static __u32 share_round = 1;

static __always_inline struct pc_share *share_slot_at(__u64 index)
{
	if (index >= PC_SHARES)
		return NULL;
	barrier_var(
		index); /* the compiler must not go on with another copy than the one that was checked */
	return &claim_shares[index];
}

/* May this slot be given to another? Not if it is of this round, or has lost claims that user space does not know. */
static __always_inline __u64 share_is_free(const struct pc_share *s)
{
	return truth_is_zero(s->round) |
	       ((truth_is_zero(s->round ^ share_round) ^ 1) & truth_is_zero(s->lost ^ s->told));
}

/* Finds the slot of this user and group in a table that begins at slot `table`, or gives it a free one. The last
 * slot of all is for those who find none. */
static __always_inline struct pc_share *share_slot(__u32 table, __u32 user, __u64 group)
{
	__u64 hash = hash_mix(hash_mix(config.seed, user), group);
	__u64 first = table + (hash & (PC_SHARE_SETS - 1)) * PC_SHARE_WAYS;
	__u64 found = PC_SHARES - 1, free = PC_SHARES - 1;
	struct pc_share *s;

	for (__u32 way = 0; way < PC_SHARE_WAYS; way++) {
		s = share_slot_at(first + way);
		if (!s)
			return NULL;
		free = truth_choose(first + way, free, share_is_free(s));
		found = truth_choose(first + way, found,
				     truth_is_zero((s->group ^ group) | (s->user ^ user)) &
					     (truth_is_zero(s->round) ^ 1));
	}
	s = share_slot_at(truth_choose(free, found, truth_is_zero(found ^ (PC_SHARES - 1))));
	if (!s)
		return NULL;
	if (s->round != share_round) {
		s->bytes = 0;
		s->user = user;
		s->group = group;
		s->round = share_round;
	}
	return s;
}

static __always_inline struct pc_share *share_of_user(__u32 user)
{
	return share_slot(0, user, 0);
}

/* Gives the share of a control group, whose id may be 0: not known. A user can make any number of groups, and take
 * all slots of groups. NULL: then there is no slot for this group, and its user's share is enough. */
static __always_inline struct pc_share *share_of_group(__u32 user, __u64 group)
{
	struct pc_share *s;

	/* A group of root has the share of a user: root itself has none. */
	s = share_slot(user ? PC_SHARE_SETS * PC_SHARE_WAYS : 0, user, group + 1);
	return s == &claim_shares[PC_SHARES - 1] && user ? NULL : s;
}

/* Takes `size` bytes of this share. False: there are none left. */
static __always_inline bool share_take(struct pc_share *s, __u32 uid, __u32 size, __u32 most,
				       bool is_claim)
{
	if (!s)
		return true;
	if (s->bytes >= most) {
		s->uid = uid;
		if (is_claim)
			__sync_fetch_and_add(&s->lost, 1);
		return false;
	}
	s->bytes += size;
	return true;
}

/* May this user add `size` bytes to the ring? If not, the caller counts the loss. `group`: id of the control group; 0:
 * it is not known. */
GLOBAL int share_admits(__u32 size, __u32 uid, __u64 group, __u32 is_claim)
{
	__u64 waiting = bpf_ringbuf_query(&claims, BPF_RB_AVAIL_DATA);
	__u32 user = netns_user(uid), left;

	if (waiting < PC_SHARE_FROM) {
		if (share_is_pressed)
			share_round = share_round + 1 ?: 1;
		share_is_pressed = false;
		return true;
	}
	share_is_pressed = true;
	left = waiting < PC_CLAIMS_BYTES ? PC_CLAIMS_BYTES - waiting : 0;
	if (!user)
		return share_take(share_of_group(0, group), 0, size, left >> SHARE_USER_SHIFT,
				  is_claim);
	return share_take(share_of_group(user, group), uid, size, left >> SHARE_GROUP_SHIFT,
			  is_claim) &&
	       share_take(share_of_user(user), uid, size, left >> SHARE_USER_SHIFT, is_claim);
}

/* May the current process add a record of `size` bytes? See share_admits(). */
static __always_inline bool share_admits_current(__u32 size, bool is_claim)
{
	return !share_is_pressed || share_admits(size, (__u32)bpf_get_current_uid_gid(),
						 bpf_get_current_cgroup_id(), is_claim);
}

#endif
