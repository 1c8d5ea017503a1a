/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps, named for what is in them, the configuration, and the counters. */
#ifndef PORTCLASH_MAPS_BPF_H
#define PORTCLASH_MAPS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "portclash/record.h"

/* Set by the loader before the programs are loaded. */
const volatile struct pc_config config = {};

/* Claims, processes and endpoints: many, read on a timer, no wake-up per record unless the
 * ring is a quarter full. 1 MiB holds 13,000 claims: four ticks of what two cores connect at
 * full speed. (A ring's pages are mapped twice and count twice in the reader's RSS.) */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} claims SEC(".maps");

/* Refusals: few, each wakes the reader. 1 MiB holds 3,700 with one holder, 700 with 16. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} refusals SEC(".maps");

/* What user space reads and writes while it watches lies in the programs' own memory, mapped there.
 * A bpf() call on a map would keep all programs on tracepoints and kprobes from running on that CPU
 * (bpf_disable_instrumentation()), also while the caller is preempted in it. */
__u64 stats[PC_STAT_COUNT] = {};
struct pc_netns_ports netns_ports[PC_NETNS_SLOTS] = {};
__u64 wanted_sockets[PC_WANTED_SLOTS] = {};
bool wanted_all = false;

/* A connect() of TCP is seen by its state: neither a function nor a cgroup hook sees it. */
bool claims_by_state = false;

/* Raised when user space has forgotten processes: each is to be described once more. */
__u32 process_epoch = 1;

/* Processes whose pc_process record was sent, and in which epoch; forgetting one only sends it
 * again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct pc_process_key);
	__type(value, __u32);
} seen_processes SEC(".maps");

/* The last of them, by the low bits of their id: most claims are spared the look into the map. Written
 * without a lock: what two writers make together fits neither, and the map is asked. */
#define RECENT_PROCESSES 64

static struct {
	__u64 start_ns;
	__u64 rest; /* of its key: tgid and exec_id */
	__u64 epoch;
} recent_processes[RECENT_PROCESSES];

/* Sockets whose UDP autobind was reported; forgetting one only reports it again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u8);
} seen_autobinds SEC(".maps");

/* Never written: for clearing what is larger than the compiler clears (1,024 bytes). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pc_netns_ports);
} zeros SEC(".maps");

/* By port: whoever the kernel gives one of these to is told of at once. A byte each, because user
 * space and programs write them at the same time (and atomic "or" came with 5.12). */
__u8 protected_ports[PC_PORTS] = {};

static __always_inline bool is_protected(__u16 port)
{
	return config.with_protected && protected_ports[port];
}

/* Memory larger than the stack for what a thread is doing, all zero at first: by thread and not by
 * CPU, because programs can be preempted (5.11+, fentry and cgroup hooks) and another thread's be
 * run on the same CPU meanwhile. So many threads at a time. */
#define SCRATCH_MAX 64

#define SCRATCH(name, value_type)                 \
	struct {                                  \
		__uint(type, BPF_MAP_TYPE_HASH);  \
		__uint(max_entries, SCRATCH_MAX); \
		__type(key, __u64);               \
		__type(value, value_type);        \
	} name SEC(".maps")

static __always_inline void *scratch_of(void *map)
{
	__u64 id = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(map, &id);
}

/* NULL when there are too many; to be given back. */
static __always_inline void *scratch_take(void *map)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 zero = 0;
	void *empty = bpf_map_lookup_elem(&zeros, &zero);

	if (!empty || bpf_map_update_elem(map, &id, empty, BPF_ANY))
		return NULL;
	return bpf_map_lookup_elem(map, &id);
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

/* Nobody is woken for a claim unless the ring fills faster than the timer empties it. */
static __always_inline __u64 claims_flags(void)
{
	if (bpf_ringbuf_query(&claims, BPF_RB_AVAIL_DATA) >= config.claims_wake)
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

#endif
