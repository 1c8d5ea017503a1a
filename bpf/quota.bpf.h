/* SPDX-License-Identifier: GPL-2.0-only */
/* A flood of refusals must not keep the refusals of others from the reader. So each process and port, each
 * process, and each user in a control group may have a number of refusals recorded at a time. Those beyond
 * it are counted in a slot, and the count is recorded now and then. */
#ifndef PORTCLASH_QUOTA_BPF_H
#define PORTCLASH_QUOTA_BPF_H

#include "hash.bpf.h"
#include "maps.bpf.h"
#include "rounds.bpf.h"
#include "truth.bpf.h"

#define QUOTA_SECOND 1000000000ULL

/* A slot of each scope may have so many refusals recorded at once, and one more in each interval. A server
 * that is refused ten times a second has all of them recorded; the reader makes some thousand verdicts a
 * second. */
#define QUOTA_PORT_BURST 128
#define QUOTA_PORT_NS (QUOTA_SECOND / 16)
#define QUOTA_PROCESS_BURST 512
#define QUOTA_PROCESS_NS (QUOTA_SECOND / 128)
#define QUOTA_USER_BURST 2048
#define QUOTA_USER_NS (QUOTA_SECOND / 512)

/* The shares of many users together are too much. The more bytes of the ring wait to be read, the smaller is
 * the share of each: by the eighths of a mebibyte that wait. The last one still is enough for ten refusals a
 * second. */
#define QUOTA_EIGHTH_SHIFT 17
#define QUOTA_EIGHTHS 16 /* a power of two; the ring has eight */
#define QUOTA_HALF_BURST 32
#define QUOTA_NEARLY_BURST 4
#define QUOTA_PRESSED_NS (QUOTA_SECOND / 32)
#define QUOTA_ALMOST_BURST 1
#define QUOTA_ALMOST_NS (QUOTA_SECOND / 12)

/* The refusal of a Unix socket is a long record, and the reader walks its path. It counts as so many. */
#define QUOTA_FOREIGN_COST 8

/* A set of QUOTA_WAYS slots is found by a hash with a seed, which nobody can foresee. The numbers of sets are
 * powers of two. If others have all slots of a set, the scopes of processes set no limit. A user has at most half of the
 * slots of a set: one in ever new control groups leaves some to others. Users without a slot share the
 * last one. */
#define QUOTA_WAYS 4
#define QUOTA_WAYS_OF_ONE 2
#define QUOTA_PORT_SETS 128
#define QUOTA_PROCESS_SETS 64
#define QUOTA_USER_SETS 128
#define QUOTA_PROCESSES (QUOTA_PORT_SETS * QUOTA_WAYS) /* the first slot of a process, and so on */
#define QUOTA_USERS (QUOTA_PROCESSES + QUOTA_PROCESS_SETS * QUOTA_WAYS)
#define QUOTA_OTHERS (QUOTA_USERS + QUOTA_USER_SETS * QUOTA_WAYS)
#define QUOTA_SLOTS (QUOTA_OTHERS + 1)

/* A slot that was not used for so long may be given to another. */
#define QUOTA_IDLE_NS (2 * QUOTA_SECOND)

/* A count is told after a second, then after ten, and from then on every minute. */
#define QUOTA_TELL_FIRST_NS QUOTA_SECOND
#define QUOTA_TELL_NEXT_NS (10 * QUOTA_SECOND)
#define QUOTA_TELL_LATER_NS (60 * QUOTA_SECOND)

struct quota_slot {
	struct pc_merged_record
		outline; /* what those in this slot have in common, and the last one */
	__u64 due_ns;	 /* the time at which all intervals used so far are over */
	__u64 used_ns;
	__u64 counted; /* not recorded; only rises */
	__u64 told;    /* of them */
	__u64 tell_ns; /* the count is to be told at this time */
	__u32 tellings;
	__u32 pad;
};

static struct quota_slot quota_slots[QUOTA_SLOTS];

/* User space compares the two counters: if they differ, a count waits to be told. */
__u64 quota_counted = 0;
__u64 quota_told = 0;

/* Gives the number of the first slot of the set for `o`, of this scope. */
static __always_inline __u32 quota_set(const struct pc_merged_record *o, __u8 scope)
{
	const __u64 *address = (const __u64 *)o->wanted;
	__u64 hash = hash_mix(scope, config.seed);

	if (scope == PC_SCOPE_USER) {
		hash = hash_mix(hash_mix(hash, o->uid), o->cgroup_id);
		return QUOTA_USERS + (hash & (QUOTA_USER_SETS - 1)) * QUOTA_WAYS;
	}
	hash = hash_mix(hash_mix(hash, o->process.tgid), o->process.start_ns);
	if (scope == PC_SCOPE_PROCESS)
		return QUOTA_PROCESSES + (hash & (QUOTA_PROCESS_SETS - 1)) * QUOTA_WAYS;
	hash = hash_mix(hash, (__u64)o->netns << 32 | (__u64)o->wanted_port << 16 | o->error);
	hash = hash_mix(hash, address[0] ^ address[1] ^ (__u64)o->op << 8 ^ o->proto);
	return (hash & (QUOTA_PORT_SETS - 1)) * QUOTA_WAYS;
}

/* 0: the same call. */
static __always_inline __u64 quota_differs_in_call(const struct pc_merged_record *a,
						   const struct pc_merged_record *b)
{
	const __u64 *one = (const __u64 *)a->wanted, *other = (const __u64 *)b->wanted;

	return (a->netns ^ b->netns) | (a->wanted_port ^ b->wanted_port) | (a->op ^ b->op) |
	       (a->proto ^ b->proto) | (__u32)(a->error ^ b->error) | (one[0] ^ other[0]) |
	       (one[1] ^ other[1]);
}

/* 0: the same, as far as this scope is concerned. */
static __always_inline __u64 quota_differs(const struct pc_merged_record *a,
					   const struct pc_merged_record *b, __u8 scope)
{
	__u64 differs;

	if (scope == PC_SCOPE_USER)
		return (a->uid ^ b->uid) | (a->cgroup_id ^ b->cgroup_id);
	differs = (a->process.tgid ^ b->process.tgid) |
		  (a->process.start_ns ^ b->process.start_ns) |
		  (a->process.exec_id ^ b->process.exec_id);
	return scope == PC_SCOPE_PROCESS ? differs : differs | quota_differs_in_call(a, b);
}

/* May this slot be given to another? Not if it was used lately, or has a count to tell. */
static __always_inline __u64 quota_is_free(const struct quota_slot *s, __u64 now)
{
	return truth_is_zero(s->outline.scope) |
	       (truth_is_less(s->used_ns + QUOTA_IDLE_NS - 1, now) &
		truth_is_zero(s->counted ^ s->told));
}

/* Finds the slot of `o`, or gives it a free one. NULL: others have all slots of the set. */
static __always_inline struct quota_slot *quota_take(const struct pc_merged_record *o, __u8 scope,
						     __u64 now)
{
	__u64 free = QUOTA_WAYS, found = QUOTA_WAYS, own = 0;
	struct quota_slot *set = &quota_slots[quota_set(o, scope)], *s;

	for (__u32 way = 0; way < QUOTA_WAYS; way++) {
		__u64 is_free, is_same;

		s = &set[way];
		is_free = quota_is_free(s, now);
		is_same = truth_is_zero(quota_differs(&s->outline, o, scope)) &
			  (truth_is_zero(s->outline.scope) ^ 1);
		found = truth_choose(way, found, is_same);
		free = truth_choose(way, free, is_free);
		own += (is_free ^ 1) & truth_is_zero(s->outline.uid ^ o->uid);
	}
	if (found < QUOTA_WAYS)
		return &set[found & (QUOTA_WAYS - 1)];
	if (free >= QUOTA_WAYS || (scope == PC_SCOPE_USER && own >= QUOTA_WAYS_OF_ONE))
		return NULL;
	s = &set[free & (QUOTA_WAYS - 1)];
	s->outline = *o;
	s->outline.scope = scope;
	s->due_ns = 0;
	s->tellings = 0;
	return s;
}

static __always_inline void quota_count(struct quota_slot *s, struct pc_merged_record *o,
					__u8 scope, __u64 now)
{
	if (s->counted == s->told) {
		s->outline.first_ns = now;
		s->tell_ns =
			now + truth_choose(QUOTA_TELL_FIRST_NS,
					   truth_choose(QUOTA_TELL_NEXT_NS, QUOTA_TELL_LATER_NS,
							truth_is_zero(s->tellings ^ 1)),
					   truth_is_zero(s->tellings));
	}
	/* The reader may copy the outline just now: no byte of it is wrong for an instant. */
	if (scope != PC_SCOPE_PORT) {
		o->first_ns = s->outline.first_ns;
		o->last_ns = now;
		o->scope = scope;
		s->outline = *o;
	}
	s->outline.last_ns = now;
	__sync_fetch_and_add(&s->counted, 1);
	__sync_fetch_and_add(&quota_counted, 1);
}

/* A number of refusals, and the time after which there is one more. */
struct quota_share {
	__u64 interval;
	__u64 burst;
};

static const struct quota_share quota_user_shares[QUOTA_EIGHTHS] = {
	[0 ... 3] = { QUOTA_USER_NS, QUOTA_USER_BURST },
	[4] = { QUOTA_PRESSED_NS, QUOTA_HALF_BURST },
	[5] = { QUOTA_PRESSED_NS, QUOTA_NEARLY_BURST },
	[6 ... QUOTA_EIGHTHS - 1] = { QUOTA_ALMOST_NS, QUOTA_ALMOST_BURST },
};

static __always_inline struct quota_share quota_share_of_user(void)
{
	__u64 eighths = bpf_ringbuf_query(&refusals, BPF_RB_AVAIL_DATA) >> QUOTA_EIGHTH_SHIFT;

	eighths &= QUOTA_EIGHTHS - 1;
	barrier_var(eighths);
	return quota_user_shares[eighths];
}

static __always_inline struct quota_share quota_share_of(__u8 scope)
{
	switch (scope) {
	case PC_SCOPE_PORT:
		return (struct quota_share){ QUOTA_PORT_NS, QUOTA_PORT_BURST };
	case PC_SCOPE_PROCESS:
		return (struct quota_share){ QUOTA_PROCESS_NS, QUOTA_PROCESS_BURST };
	default:
		return quota_share_of_user();
	}
}

/* Is the refusal of a socket that is neither TCP nor UDP? Its outline has no name. */
static __always_inline __u64 quota_is_foreign(const struct pc_merged_record *o)
{
	return (truth_is_zero(o->proto ^ PC_PROTO_TCP) | truth_is_zero(o->proto ^ PC_PROTO_UDP)) ^
	       1;
}

/* May one more be recorded, as far as this scope is concerned? */
static __always_inline bool quota_has_room(struct pc_merged_record *o, __u8 scope, __u64 now)
{
	struct quota_slot *s = quota_take(o, scope, now);
	struct quota_share share;
	__u64 due;

	if (!s && scope == PC_SCOPE_USER) {
		s = &quota_slots[QUOTA_OTHERS];
		scope = PC_SCOPE_OTHERS;
	}
	if (!s)
		return true;
	share = quota_share_of(scope);
	s->used_ns = now;
	due = truth_choose(now, s->due_ns, truth_is_less(s->due_ns, now));
	if (due - now >= share.interval * share.burst) {
		quota_count(s, o, scope, now);
		return false;
	}
	s->due_ns = due + share.interval * truth_choose(QUOTA_FOREIGN_COST, 1, quota_is_foreign(o));
	return true;
}

/* Is a refusal with this outline to be recorded? If not, it was counted. The outline's times and scope are written. */
static __noinline bool quota_admits(struct pc_merged_record *o)
{
	__u64 now = bpf_ktime_get_boot_ns();

	if (!o)
		return false;
	if (config.each)
		return true;
	/* Changes nothing, but the verifier then knows nothing of the outline, and the ways to it end here. */
	bpf_probe_read_kernel(o, sizeof(*o), o);
	return (quota_is_foreign(o) || quota_has_room(o, PC_SCOPE_PORT, now)) &&
	       quota_has_room(o, PC_SCOPE_PROCESS, now) && quota_has_room(o, PC_SCOPE_USER, now);
}

/* The next slot and the extent of the telling under way. Only the reader's program uses them. */
static __u32 quota_tell_index;
static bool quota_tell_all;

/* Tells the count of one slot, if its time has come. Returns 1 behind the last slot. */
GLOBAL int quota_step(void)
{
	__u32 index = quota_tell_index;
	struct pc_merged_record record;
	struct quota_slot *s;
	__u64 counted;

	if (index >= QUOTA_SLOTS)
		return 1;
	quota_tell_index = index + 1;
	s = &quota_slots[index];
	counted = *(volatile __u64 *)&s->counted;
	if (counted == s->told)
		return 0;
	if (!quota_tell_all && bpf_ktime_get_boot_ns() < s->tell_ns)
		return 0;
	record = s->outline;
	record.header.type = PC_RECORD_MERGED;
	record.header.size = sizeof(record);
	record.count = counted - s->told;
	if (bpf_ringbuf_output(&refusals, &record, sizeof(record), BPF_RB_FORCE_WAKEUP))
		return 0;
	quota_told += record.count;
	s->told = counted;
	s->tellings++;
	return 0;
}

DEFINE_ROUNDS(quota)

static __always_inline void quota_tell(bool all)
{
	quota_tell_index = 0;
	quota_tell_all = all;
	ONE_CALL
	for (int i = 0; i <= QUOTA_SLOTS / ROUNDS_STEPS; i++)
		if (quota_rounds())
			break;
}

#endif
