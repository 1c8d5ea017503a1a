/* SPDX-License-Identifier: GPL-2.0-only */
/* The sweep lists the cookies of all sockets in the TCP port table, or marks the ports in it. */
#ifndef PORTCLASH_SWEEP_BPF_H
#define PORTCLASH_SWEEP_BPF_H

#include "walk_table.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct pc_sweep);
} sweep_result SEC(".maps");

struct sweep_walk {
	struct table_walk table;
	const struct net *net; /* the reader's own */
	__u32 parts; /* a power of two: only keys that are `part` modulo `parts` are listed */
	__u32 part;
	__u8 ports; /* mark the ports of `net` instead */
};

/* One sweep runs at a time: only the reader runs the program. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sweep_walk);
} sweep_walks SEC(".maps");

static __noinline __u64 sweep_key(const struct sock *sk)
{
	__u32 remote[4] = {};
	__u64 cookie;
	bool is_v6;

	if (!sk)
		return 0;
	cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	if (cookie || BPF_CORE_READ(sk, __sk_common.skc_state) != PC_STATE_TIME_WAIT)
		return cookie;
	is_v6 = BPF_CORE_READ(sk, __sk_common.skc_family) == PC_FAMILY_V6;
	if (is_v6)
		compat_v6_remote(remote, &sk->__sk_common);
	else
		bpf_core_read(remote, 4, &sk->__sk_common.skc_daddr);
	return pc_time_wait_key(BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum),
				BPF_CORE_READ(sk, __sk_common.skc_num),
				__builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport)), is_v6,
				remote);
}

/* Lists the key of a socket. False when there is no more room: the reader then calls the sweep again,
 * from this list of the table on. */
static __always_inline bool sweep_visit(void *walk, const struct sock *sk)
{
	const struct sweep_walk *w = walk;
	__u32 zero = 0, n;
	struct pc_sweep *out = bpf_map_lookup_elem(&sweep_result, &zero);
	__u64 key;

	if (!out)
		return false;
	key = sweep_key(sk);
	if (!key || (key & (w->parts - 1)) != w->part)
		return true;
	n = out->count;
	if (n >= PC_SWEEP_COOKIES)
		return false;
	out->cookies[n] = key;
	out->count = n + 1;
	return true;
}

static __always_inline void sweep_mark_port(const struct net *net,
					    const struct inet_bind_bucket *tb)
{
	__u32 zero = 0;
	struct pc_sweep *out = bpf_map_lookup_elem(&sweep_result, &zero);
	__u16 port = BPF_CORE_READ(tb, port);

	if (out && BPF_CORE_READ(tb, ib_net.net) == net)
		out->ports[port / 64] |= 1ULL << (port % 64);
}

/* A sweep for ports marks the bucket's port and need not enter the bucket. */
static __always_inline bool sweep_enter(void *walk, const struct inet_bind_bucket *tb)
{
	const struct sweep_walk *w = walk;

	if (!w->ports)
		return true;
	sweep_mark_port(w->net, tb);
	return false;
}

GLOBAL int sweep_step(void)
{
	__u32 zero = 0;
	struct sweep_walk *w = bpf_map_lookup_elem(&sweep_walks, &zero);

	if (!w)
		return 1;
#pragma unroll
	for (int i = 0; i < WALK_AT_ONCE; i++)
		if (!table_walk_advance(&w->table, w, sweep_enter, sweep_visit, true))
			return 1;
	return 0;
}

DEFINE_ROUNDS(sweep)

/* Returns 1 when the walk is over, 0 when it has taken WALK_STEPS steps. */
GLOBAL int sweep_run(void)
{
	ONE_CALL
	for (int i = 0; i < WALK_ROUNDS; i++)
		if (sweep_rounds())
			return 1;
	return 0;
}

/* One list of the table may have four million sockets, which take half a second. */
#define SWEEP_LIST_RUNS 32

/* Lists the cookies of all sockets in the TCP port table, which is one for all network namespaces,
 * from list `start` on. If `ports`, the sweep marks the ports of the caller's network namespace
 * instead. With `parts` not 0, the sweep takes list `start` only, and of it the cookies that are
 * `part` modulo `parts`. */
static __always_inline void sweep_table(__u32 start, bool ports, __u32 parts, __u32 part)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 zero = 0;
	struct pc_sweep *out = bpf_map_lookup_elem(&sweep_result, &zero);
	struct sweep_walk *w = bpf_map_lookup_elem(&sweep_walks, &zero);
	const struct net *net = BPF_CORE_READ(task, nsproxy, net_ns);

	if (!out || !w)
		return;
	out->count = out->end = 0;
	if (ports && start == 0)
		bpf_probe_read_kernel(out->ports, sizeof(out->ports), &nothing);
	w->net = net;
	w->ports = ports;
	w->parts = parts ? parts : 1;
	w->part = part;
	table_walk_begin_tcp(&w->table, net, start);
	if (parts && w->table.size)
		w->table.size = start + 1;
	for (int i = 0; i < SWEEP_LIST_RUNS; i++)
		if (sweep_run() || !parts)
			break;
	out->end = w->table.done && w->table.size;
	out->next = table_walk_next(&w->table);
}

#endif
