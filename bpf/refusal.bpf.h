/* SPDX-License-Identifier: GPL-2.0-only */
/* Recording a refusal, whole, at the instant it happens. */
#ifndef PORTCLASH_REFUSAL_BPF_H
#define PORTCLASH_REFUSAL_BPF_H

#include "blocker.bpf.h"
#include "claim.bpf.h"
#include "process.bpf.h"
#include "visit.bpf.h"

#define EACCES 13
#define EADDRINUSE 98
#define EADDRNOTAVAIL 99

/* What was called, and the address that was given to it. */
struct call {
	struct sockaddr_in6 copy;
	__u8 op; /* enum pc_op */
	__u8 pad[3];
};

/* The port reasons among the errors of bind() and listen(). */
static __always_inline bool refusal_error(long ret)
{
	return ret == -EADDRINUSE || ret == -EADDRNOTAVAIL || ret == -EACCES;
}

static __always_inline bool bitmap_test(const unsigned long *bitmap, __u16 port)
{
	__u64 word = 0;

	if (!bitmap || bpf_probe_read_kernel(&word, sizeof(word), &bitmap[port / 64]))
		return false;
	return word >> (port % 64) & 1;
}

/* Of the refusal that this thread is putting together: the namespace's range, floor and reserved ports
 * as they are now; the whole bitmap goes to netns_ports, because no process of the namespace may be
 * alive for user space to ask. */
__attribute__((noinline)) int refusal_netns(void)
{
	struct refusing *refusing = scratch_of(&refusal_scratch);
	struct pc_refusal *r;
	const struct sock *sk;
	const struct net *net;
	unsigned long *bitmap;
	struct pc_netns_ports *ports;
	__u64 key;

	if (!refusing)
		return 0;
	r = &refusing->record;
	sk = refusing->self;
	net = BPF_CORE_READ(sk, __sk_common.skc_net.net);
	bitmap = BPF_CORE_READ(net, ipv4.sysctl_local_reserved_ports);
	key = r->netns_key = compat_net_cookie(net);
	compat_port_range(net, &r->range_low, &r->range_high);
	r->unprivileged_start = BPF_CORE_READ(net, ipv4.sysctl_ip_prot_sock);
	r->reserved = bitmap_test(bitmap, r->wanted_port);
	ports = &netns_ports[PC_NETNS_SLOT(key)];
	ports->netns_key = 0;
	if (bitmap && bpf_probe_read_kernel(ports->reserved, sizeof(ports->reserved), bitmap))
		return 0;
	if (bitmap)
		ports->netns_key = key;
	r->walk |= PC_WALK_NETNS;
	return 0;
}

/* What was asked for: from the call's argument for bind(), because after a failure the
 * socket has forgotten it; from the socket for listen(). */
static __always_inline void refusal_wanted(struct pc_refusal *r, const struct call *call)
{
	const struct sockaddr_in6 *v6 = &call->copy;
	const struct sockaddr_in *v4 = (const void *)&call->copy;

	if (r->op == PC_OP_LISTEN) {
		r->wanted_family = r->socket.family;
		r->wanted_port = r->socket.lport;
		__builtin_memcpy(r->wanted, r->socket.local, sizeof(r->wanted));
		return;
	}
	r->wanted_port = __builtin_bswap16(v6->sin6_port);
	/* bind() takes AF_UNSPEC for IPv4; of a send nothing is known. */
	if ((v6->sin6_family ?: r->socket.family) == PC_FAMILY_V6) {
		r->wanted_family = PC_FAMILY_V6;
		__builtin_memcpy(r->wanted, v6->sin6_addr, sizeof(r->wanted));
	} else {
		r->wanted_family = PC_FAMILY_V4;
		__builtin_memcpy(r->wanted, &v4->sin_addr, 4);
	}
}

static __always_inline bool by_kernel_thread(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, flags) & PF_KTHREAD;
}

static __always_inline void refusal_requester(struct pc_refusal *r)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	process_key((void *)bpf_get_current_task(), &r->process);
	process_note(&r->process);
	r->tid = (__u32)pid_tgid;
	r->uid = (__u32)bpf_get_current_uid_gid();
	r->cgroup_id = bpf_get_current_cgroup_id();
	r->descendant = config.monitor_tgid && process_below(config.monitor_tgid);
	bpf_get_current_comm(r->comm, sizeof(r->comm));
}

static __always_inline void refusal_send(struct pc_refusal *r)
{
	__u32 count = r->holders_count;

	if (count > PC_HOLDERS_MAX)
		return;
	r->header.size = PC_REFUSAL_SIZE(count);
	if (bpf_ringbuf_output(&refusals, r, PC_REFUSAL_SIZE(count), BPF_RB_FORCE_WAKEUP))
		stat_count(PC_STAT_REFUSALS_LOST);
}

/* First among the holders: the one at which the kernel's own check stopped, if it was seen. */
static __always_inline void refusal_blocker(struct refusing *refusing)
{
	struct check *check = check_of(refusing->self);
	struct pc_refusal *r = &refusing->record;

	if (!check || !check->blocker)
		return;
	r->holders[0] = check->found;
	r->holders_count = r->holders_total = 1;
	refusing->known = check->blocker;
}

/* bind() and listen() want a port that somebody else may have; a connect() that has a port can
 * only be in the way of the same connection from it. */
static __always_inline void refusal_holders(struct refusing *refusing)
{
	struct pc_refusal *r = &refusing->record;

	if (r->op == PC_OP_CONNECT || r->op == PC_OP_SEND) {
		if (r->socket.lport)
			holders_find(r->socket.lport);
	} else if (r->error == EADDRINUSE && r->wanted_port) {
		refusal_blocker(refusing);
		holders_find(r->wanted_port);
	}
}

static __always_inline void refusal_fill(struct pc_refusal *r, const struct sock *sk,
					 const struct call *call, long ret)
{
	__u32 own = compat_own_range(sk);

	r->header.type = PC_RECORD_REFUSAL;
	r->time_ns = bpf_ktime_get_boot_ns();
	r->error = -ret;
	r->op = call->op;
	refusal_requester(r);
	read_socket(&r->socket, sk);
	r->proto = r->socket.proto;
	r->netns = r->socket.netns;
	r->own_low = (__u16)own;
	r->own_high = (__u16)(own >> 16);
	refusal_wanted(r, call);
}

static __noinline int refusal_record(const struct sock *sk, const struct call *call, long ret)
{
	struct refusing *refusing;

	if (!sk || !call)
		return 0;
	/* RPC tries one reserved port after another, and expects to be refused. */
	if (by_kernel_thread() && is_kernel_socket(sk))
		return 0;
	refusing = scratch_take(&refusal_scratch);
	if (!refusing) {
		stat_count(PC_STAT_REFUSALS_LOST);
		return 0;
	}
	refusing->self = sk;
	refusal_fill(&refusing->record, sk, call, ret);
	refusal_netns();
	refusal_holders(refusing);
	refusal_send(&refusing->record);
	scratch_give_back(&refusal_scratch);
	return 0;
}

#endif
