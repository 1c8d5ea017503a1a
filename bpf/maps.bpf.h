/* SPDX-License-Identifier: GPL-2.0-only */
/* This header has the maps, named for their content, the configuration, and the counters. */
#ifndef PORTCLASH_MAPS_BPF_H
#define PORTCLASH_MAPS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "portclash/record.h"

/* The loader sets the configuration before it loads the programs. */
const volatile struct pc_config config = {};

/* The ring `claims` takes claims, processes and endpoints. They are many: the reader reads them on
 * a timer, and no record wakes it unless the ring is a quarter full. 1 MiB holds 13,000 claims:
 * four ticks of what two cores connect at full speed. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PC_CLAIMS_BYTES);
} claims SEC(".maps");

/* The ring `refusals` takes refusals. They are few, and each wakes the reader. 1 MiB holds 3,700
 * with one holder, 700 with 16. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PC_REFUSALS_BYTES);
} refusals SEC(".maps");

/* User space reads and writes these while it watches. They lie in the programs' own memory, which
 * is mapped there. A bpf() call on a map would keep all programs on tracepoints and kprobes from
 * running on that CPU (bpf_disable_instrumentation()), also while the caller is preempted in it. */
__u64 stats[PC_STAT_COUNT] = {};
struct pc_netns_ports netns_ports[PC_NETNS_SLOTS] = {};
struct pc_share claim_shares[PC_SHARES] = {};
__u64 wanted_sockets[PC_WANTED_SLOTS] = {};
bool wanted_all = false;
bool wanted_unix = false; /* some of the keys are of Unix sockets */

/* True if neither a function nor a cgroup hook sees connect() of TCP. Then the socket's change of
 * state makes the claim. */
bool claims_by_state = false;

/* True if the cgroup hooks before and after bind() are attached, which always run. */
bool binds_by_cgroup = false;

/* True if a program sees each step of the kernel's conflict check (blocker.bpf.h), always. Then a bind()
 * for which no socket said yes was not refused because of the port. */
bool conflicts_seen = false;

/* True if programs see the conflict check for every protocol, and what other programs on the cgroup answered. Then a
 * bind() that neither a socket nor such a program was in the way of was refused for its address, or for want of a privilege. */
bool address_shows = false;

/* Counts, by CPU, the notes of bind() (bind_note.bpf.h) and the exit programs at work. */
struct pc_cpu_work cpu_work[PC_WORK_CPUS] = {};

static __always_inline struct pc_cpu_work *work_here(void)
{
	return &cpu_work[bpf_get_smp_processor_id() & (PC_WORK_CPUS - 1)];
}

/* User space raises the epoch when it has forgotten processes: each is then described once more. */
__u32 process_epoch = 1;

/* This map has the processes whose record was sent, and the epoch of that. A process that falls out
 * of the map is only sent again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct pc_process_key);
	__type(value, __u32);
} seen_processes SEC(".maps");

/* Most claims find their process here, by the low bits of its id, and are spared the look into the
 * map. The entries are written without a lock: the mixture of two writers fits neither process, and
 * the map is asked. */
#define RECENT_PROCESSES 64

static struct {
	__u64 start_ns;
	__u64 rest; /* of the key: tgid and exec_id */
	__u64 epoch;
} recent_processes[RECENT_PROCESSES];

/* The UDP sockets whose claim was made, each in the slot of its cookie's low bits, with the port: their sends tell
 * nothing new. A socket whose slot another one has taken is only reported again. So is one that has another port: it
 * gave the first one back (connect() to AF_UNSPEC). */
#define CLAIMED_SOCKETS 16384

static __u64 claimed_sockets[CLAIMED_SOCKETS];

/* Notes that the claim of this port by this socket is made. False: it was noted. */
static __always_inline bool claimed_socket_note(__u64 cookie, __u16 port)
{
	__u64 *slot = &claimed_sockets[cookie & (CLAIMED_SOCKETS - 1)];
	/* Cookies are counted from 1 on: the port is above all that there are. */
	__u64 claimed = cookie ^ (__u64)port << 48;

	if (*slot == claimed)
		return false;
	*slot = claimed;
	return true;
}

/* The programs never write to `nothing`. It clears what is larger than the compiler clears (1,024 bytes). */
struct pc_netns_ports nothing = {};

/* The reader is woken at once when the kernel gives a socket one of these ports. Each port has a
 * byte, because user space and programs write them at the same time (and atomic "or" came with
 * 5.12). */
__u8 protected_ports[PC_PORTS] = {};

/* A claim of a port that a bind() was refused is followed by its endpoints: by the address it is known
 * whether the refused process, or its successor, got what it wanted. */
__u8 refused_ports[PC_PORTS] = {};

static __always_inline bool is_protected(__u16 port)
{
	return config.with_protected && protected_ports[port];
}

/* Scratch memory holds what a thread is doing, where the stack is too small. It is zero at first.
 * It belongs to a thread and not to a CPU: a program can be preempted (5.11+, fentry and cgroup
 * hooks), and then another thread's program may run on the same CPU. SCRATCH_MAX threads have room
 * at a time. */
#define SCRATCH_MAX 128

#define SCRATCH(name, value_type)                                                      \
	_Static_assert(sizeof(value_type) <= sizeof(nothing), "cleared by `nothing`"); \
	struct {                                                                       \
		__uint(type, BPF_MAP_TYPE_HASH);                                       \
		__uint(max_entries, SCRATCH_MAX);                                      \
		__type(key, __u64);                                                    \
		__type(value, value_type);                                             \
	} name SEC(".maps")

/* Finds this thread's memory. NULL: it has none. */
static __always_inline void *scratch_of_here(void *map)
{
	__u64 id = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(map, &id);
}

/* The same by a call. The kernel puts its own code in place of each lookup that can only be in one map, and moves the rest of
 * the program for it: that took a fifth of the start. This lookup is in any map. */
static __noinline void *scratch_of(void *map)
{
	return scratch_of_here(map);
}

/* Gives this thread zeroed memory, until scratch_give_back(). NULL: too many threads have some. */
static __always_inline void *scratch_take(void *map)
{
	__u64 id = bpf_get_current_pid_tgid();

	if (bpf_map_update_elem(map, &id, &nothing, BPF_ANY))
		return NULL;
	return scratch_of(map);
}

static __always_inline void scratch_give_back(void *map)
{
	__u64 id = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(map, &id);
}

static __always_inline void stat_count(__u32 which)
{
	if (which < PC_STAT_COUNT)
		__sync_fetch_and_add(&stats[which], 1);
}

/* True while more than half of the ring `claims` waits, as the last look at it found (share.bpf.h). */
static bool share_is_pressed;

/* A claim wakes the reader only if the ring fills faster than the reader's timer empties it. */
static __always_inline __u64 claims_flags(void)
{
	__u64 waiting = bpf_ringbuf_query(&claims, BPF_RB_AVAIL_DATA);

	if (waiting >= PC_SHARE_FROM)
		share_is_pressed = true;
	return waiting >= config.claims_wake ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

#endif
