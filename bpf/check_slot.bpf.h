/* SPDX-License-Identifier: GPL-2.0-only */
/* The conflict checks under way, one for each thread that is in bind() or listen().
 *
 * A check has a slot of its own memory, by the low bits of its thread's id: an entry of a hash costs a thousand
 * instructions more. A thread whose slot is another's has an entry of a hash (spare_checks), as before.
 *
 * Only the thread itself makes its check and changes it. Two programs may drop a check: one that runs in the thread, and
 * `late_one`, for a note that is old. One of them succeeds, or none. Kernels up to 5.11 know no atomic operation that
 * gives a value back. So a program adds itself to a count, and has the slot if the count is 1 then. Where other
 * processors may see stores in another order, all checks are in the hash. */
#ifndef PORTCLASH_CHECK_SLOT_BPF_H
#define PORTCLASH_CHECK_SLOT_BPF_H

#include "arch.bpf.h"
#include "bind_note.bpf.h"

/* The struct is a conflict check: of a bind() to a port by number, or of a listen(), between entry and exit. */
struct check {
	const struct sock *asking;
	const struct sock *compared; /* with kprobe: between entry and exit of the question */
	const struct sock *blocker;  /* NULL: none so far; only for comparing */
	struct pc_socket_record found;
	struct bind_note note;
};

static struct check_slot {
	__u32 users; /* the thread that has the slot, and those that try: each only for an instant */
	__u32 takers; /* those that drop the check */
	__u32 taken;  /* by `late_one` */
	__u32 apart;  /* the thread's newer check is in the map */
	struct check check;
} check_slots[PC_CHECK_SLOTS];

/* The thread that has the slot, as pid_tgid; 0: none. User space reads them. */
__u64 check_ids[PC_CHECK_SLOTS] = {};

/* The checks of threads whose slot is another's. If a check does not fit in the map, the walk names the holder
 * instead. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64);
	__type(value, struct check);
} spare_checks SEC(".maps");

/* True once any check was in the map: until then nobody need look. */
static bool spare_checks_used;

/* The thread whose check in the map `late_one` compares and drops now; 0: none. Only the reader runs `late_one`. */
static __u64 spare_dropped;

static __always_inline __u32 check_slot_of(__u64 id)
{
	return (__u32)id & (PC_CHECK_SLOTS - 1);
}

static __always_inline void slot_enter(__u32 *count)
{
	__sync_fetch_and_add(count, 1);
}

static __always_inline void slot_leave(__u32 *count)
{
	__sync_fetch_and_add(count, -1);
}

static __always_inline bool is_alone(const __u32 *count)
{
	return *(const volatile __u32 *)count == 1;
}

/* Not inlined: see scratch_of(). */
static __noinline struct check *check_look_up(__u64 id)
{
	return bpf_map_lookup_elem(&spare_checks, &id);
}

static __always_inline struct check *check_find_spare(__u64 id)
{
	return spare_checks_used ? check_look_up(id) : NULL;
}

/* Does the slot have the thread's newest check? `apart` is read first: who frees the slot writes the id before. */
static __always_inline bool check_is_in_slot(__u32 i, __u64 id)
{
	bool apart = *(volatile __u32 *)&check_slots[i].apart;

	return !apart && *(volatile __u64 *)&check_ids[i] == id;
}

static __always_inline struct check *check_slot_at(__u64 id)
{
	return &check_slots[check_slot_of(id)].check;
}

/* Has the thread a check? False only if it has none. */
static __always_inline bool check_may_exist(__u64 id)
{
	return check_ids[check_slot_of(id)] || spare_checks_used;
}

/* Finds the newest check of a thread, or NULL. */
static __always_inline struct check *check_find(__u64 id)
{
	__u32 i = check_slot_of(id);
	struct check_slot *slot = &check_slots[i];
	struct check *spare;

	if (check_is_in_slot(i, id))
		return &slot->check;
	spare = check_find_spare(id);
	return spare || check_ids[i] != id ? spare : &slot->check;
}

/* Makes a check in the map. NULL: there is no room, or `late_one` is about to drop the thread's last check there, and
 * would drop the new one instead. It has said so before it compared: this thread drops the last check before it looks.
 * The deletion here takes a lock also where nothing is left to delete: an earlier deletion, whose unlock is a plain store, is
 * seen by other processors before `spare_dropped` is read. */
static __noinline struct check *check_make_spare(__u64 id)
{
	bpf_map_delete_elem(&spare_checks, &id);
	spare_checks_used = true;
	if (*(volatile __u64 *)&spare_dropped == id ||
	    bpf_map_update_elem(&spare_checks, &id, &nothing, BPF_ANY))
		return NULL;
	return check_look_up(id);
}

/* Is the check still there, and does nobody else drop it? `taken` is read first: who took it writes the id before. */
static __always_inline bool check_is_own(__u32 i, __u64 id)
{
	struct check_slot *slot = &check_slots[i];
	bool taken = *(volatile __u32 *)&slot->taken;

	return !taken && *(volatile __u64 *)&check_ids[i] == id;
}

/* Lets the thread use the slot again that it has, unless `late_one` takes the check there now, or has kept the thread
 * from taking its note away: then the new check is in the map. From here on `late_one` takes no note of this slot but
 * the next one. */
static __always_inline bool check_slot_renew(__u32 i, __u64 id)
{
	struct check_slot *slot = &check_slots[i];
	bool own;

	slot_enter(&slot->takers);
	own = check_is_own(i, id) && !slot->check.note.net;
	if (own)
		*(volatile __u64 *)&slot->check.note.time_ns = 0;
	else
		*(volatile __u32 *)&slot->apart = 1;
	slot_leave(&slot->takers);
	return own;
}

/* Gives the slot to the thread, if it is nobody's. */
static __always_inline bool check_slot_get(__u32 i, __u64 id)
{
	struct check_slot *slot = &check_slots[i];

	if (!STORES_IN_ORDER)
		return false;
	if (check_ids[i])
		return check_ids[i] == id && check_slot_renew(i, id);
	if (check_find_spare(id))
		return false;
	slot_enter(&slot->users);
	if (is_alone(&slot->users))
		return true;
	slot_leave(&slot->users);
	return false;
}

/* Makes an empty check for this thread, in place of the one that it may have. NULL: there is no room. */
static __always_inline struct check *check_make(__u64 id)
{
	__u32 i = check_slot_of(id);
	struct check *check = &check_slots[i].check;

	if (!check_slot_get(i, id))
		return check_make_spare(id);
	check->asking = check->compared = check->blocker = NULL;
	__builtin_memset(&check->note, 0, sizeof(check->note));
	barrier();
	check_ids[i] = id;
	return check;
}

static __always_inline void check_slot_free(__u32 i)
{
	check_slots[i].check.note.net = NULL;
	barrier();
	*(volatile __u64 *)&check_ids[i] = 0;
	/* Only now: with the id, the thread would take the slot's check for its newest one. */
	*(volatile __u32 *)&check_slots[i].apart = 0;
	*(volatile __u32 *)&check_slots[i].taken = 0;
	slot_leave(&check_slots[i].users);
}

/* Is this still the note that was looked at, of a bind() that is over and that no exit program works on? */
static __always_inline bool check_has_note(const struct check *check, __u64 time_ns)
{
	return *(const volatile __u64 *)&check->note.time_ns == time_ns &&
	       !*(const volatile __u8 *)&check->note.leaving;
}

/* Takes the check of another thread, unless that thread drops or renews it now, or did so since the look at the note.
 * The thread may have made the note of its next bind() meanwhile: this program can be preempted for long. */
static __always_inline bool check_take(__u32 i, __u64 id, __u64 time_ns)
{
	struct check_slot *slot = &check_slots[i];

	if (!is_alone(&slot->takers) || check_ids[i] != id)
		return false;
	*(volatile __u32 *)&slot->taken = 1;
	slot_enter(
		&slot->users); /* a locked operation: the store before it is seen before the load after it */
	slot_leave(&slot->users);
	if (is_alone(&slot->takers) && *(volatile __u64 *)&check_ids[i] == id &&
	    check_has_note(&slot->check, time_ns))
		return true;
	*(volatile __u32 *)&slot->taken = 0;
	return false;
}

/* Drops the check of the current thread that is in the slot. False: somebody else dropped it. */
static __always_inline bool check_drop_slot(__u64 id)
{
	__u32 i = check_slot_of(id);
	struct check_slot *slot = &check_slots[i];
	bool dropped;

	slot_enter(&slot->takers);
	dropped = check_is_own(i, id);
	if (dropped)
		check_slot_free(i);
	slot_leave(&slot->takers);
	return dropped;
}

/* Drops the newest check of the current thread. False: there is none, or somebody else dropped it. */
static __always_inline bool check_drop(__u64 id)
{
	__u32 i = check_slot_of(id);
	struct check_slot *slot = &check_slots[i];

	if (!check_is_in_slot(i, id)) {
		if (spare_checks_used && !bpf_map_delete_elem(&spare_checks, &id))
			return true;
		/* The slot can have an older note, which is still to be told. */
		if (check_ids[i] != id || slot->check.note.net)
			return false;
	}
	return check_drop_slot(id);
}

/* Drops the check of the current thread that has the note of this time. Its other check, in the slot or in the map, stays.
 * False: somebody else dropped it. */
static __always_inline bool check_drop_own(__u64 id, __u64 time_ns)
{
	__u32 i = check_slot_of(id);
	struct check_slot *slot = &check_slots[i];

	if (check_ids[i] != id || slot->check.note.time_ns != time_ns)
		return spare_checks_used && !bpf_map_delete_elem(&spare_checks, &id);
	return check_drop_slot(id);
}

/* Drops the check in the map of another thread, if its note is still that of this time. */
static __always_inline bool check_drop_spare_of(__u64 id, __u64 time_ns)
{
	struct check *spare;
	__u64 nobody = 0;
	bool dropped;

	/* The first deletion, of nothing, makes the store seen when it unlocks. The second one locks after that, and what is
	 * read then comes later. An atomic addition is no barrier on arm64. */
	*(volatile __u64 *)&spare_dropped = id;
	bpf_map_delete_elem(&spare_checks, &nobody);
	bpf_map_delete_elem(&spare_checks, &nobody);
	spare = check_find_spare(id);
	dropped =
		spare && check_has_note(spare, time_ns) && !bpf_map_delete_elem(&spare_checks, &id);
	*(volatile __u64 *)&spare_dropped = 0;
	return dropped;
}

/* Drops the check of another thread, if its note is still that of this time. */
static __always_inline bool check_drop_of(__u64 id, __u64 time_ns)
{
	__u32 i = check_slot_of(id);
	struct check_slot *slot = &check_slots[i];
	bool dropped;

	if (check_ids[i] != id || !check_has_note(&slot->check, time_ns))
		return check_drop_spare_of(id, time_ns);
	slot_enter(&slot->takers);
	dropped = check_take(i, id, time_ns);
	if (dropped)
		check_slot_free(i);
	slot_leave(&slot->takers);
	return dropped;
}

#endif
