/* SPDX-License-Identifier: GPL-2.0-only */
/* The sweep: the cookies of all sockets in the TCP port table, or the ports in it. */
#ifndef PORTCLASH_SWEEP_BPF_H
#define PORTCLASH_SWEEP_BPF_H

#include "walk.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct pc_sweep);
} sweep_result SEC(".maps");

static __always_inline __u64 sweep_key(const struct sock *sk)
{
	__u64 cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	__u32 remote[4] = {};
	bool is_v6;

	if (cookie || BPF_CORE_READ(sk, __sk_common.skc_state) != PC_STATE_TIME_WAIT)
		return cookie;
	is_v6 = BPF_CORE_READ(sk, __sk_common.skc_family) == PC_FAMILY_V6;
	if (is_v6)
		bpf_core_read(remote, sizeof(remote), &sk->__sk_common.skc_v6_daddr);
	else
		bpf_core_read(remote, 4, &sk->__sk_common.skc_daddr);
	return pc_time_wait_key(BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum),
				BPF_CORE_READ(sk, __sk_common.skc_num),
				__builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport)), is_v6,
				remote);
}

/* False when there is no more room: the sweep is called again from this index. */
static __always_inline bool sweep_take(const struct walk *w, const struct sock *sk)
{
	__u32 zero = 0, n;
	struct pc_sweep *out = bpf_map_lookup_elem(&sweep_result, &zero);
	__u64 key;

	if (!out)
		return false;
	key = sweep_key(sk);
	if (!key || (key & (w->sweep_parts - 1)) != w->sweep_part)
		return true;
	n = out->count;
	if (n >= PC_SWEEP_COOKIES)
		return false;
	out->cookies[n] = key;
	out->count = n + 1;
	return true;
}

/* A port of the caller's own network namespace is taken. */
static __always_inline void sweep_port(const struct walk *w, const struct inet_bind_bucket *tb)
{
	__u32 zero = 0;
	struct pc_sweep *out = bpf_map_lookup_elem(&sweep_result, &zero);
	__u16 port = BPF_CORE_READ(tb, port);

	if (out && BPF_CORE_READ(tb, ib_net.net) == w->net)
		out->ports[port / 64] |= 1ULL << (port % 64);
}

/* Of one index: four million sockets, half a second. */
#define SWEEP_RUNS 32

/* Lists the cookies of all sockets in the TCP port table from index `start` on; if `ports`, marks the
 * caller's ports instead. With `parts` not 0: of index `start` alone, and of these cookies one part.
 * The table is one for all network namespaces. */
static __always_inline void walk_sweep(__u32 start, bool ports, __u32 parts, __u32 part)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 zero = 0;
	struct pc_sweep *out = bpf_map_lookup_elem(&sweep_result, &zero);
	void *empty = bpf_map_lookup_elem(&zeros, &zero);
	const struct net *net = BPF_CORE_READ(task, nsproxy, net_ns);
	struct walk *w;

	if (!out || !empty)
		return;
	/* Before anything can fail: what an earlier call found is not to be taken for this one's. */
	out->count = out->end = 0;
	out->next = start;
	w = scratch_take(&walk_scratch);
	if (!w)
		return;
	if (ports && start == 0)
		bpf_probe_read_kernel(out->ports, sizeof(out->ports), empty);
	w->net = net;
	w->sweep = 1;
	w->sweep_ports = ports;
	w->sweep_parts = parts ? parts : 1;
	w->sweep_part = part;
	walk_start_all_tcp(w, start);
	if (parts && w->size)
		w->size = start + 1;
	for (int i = 0; i < SWEEP_RUNS; i++)
		if (walk_more() || !parts)
			break;
	out->end = w->done && w->size;
	out->next = walk_next(w);
	scratch_give_back(&walk_scratch);
}

#endif
