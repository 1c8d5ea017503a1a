/* SPDX-License-Identifier: GPL-2.0-only */
/* Everything that differs between kernels, and nothing else: CO-RE flavours of structures,
 * each with the kernels it is for, and the getter that chooses. */
#ifndef PORTCLASH_COMPAT_BPF_H
#define PORTCLASH_COMPAT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Up to 6.7: sockets hang directly on the bind bucket. */
struct inet_bind_bucket___owners {
	struct hlist_head owners;
};

/* 6.8+ (commit 770041d337a8): the bucket lists per-address buckets, these the sockets. */
struct inet_bind_bucket___bhash2 {
	struct hlist_head bhash2;
};

struct inet_bind2_bucket___6_8 {
	struct hlist_node bhash_node;
	struct hlist_head owners;
};

/* 6.2+: the UDP table is reached through the network namespace. */
struct netns_ipv4___udp_table {
	struct udp_table *udp_table;
};

/* Up to 6.1: through the protocol; the union member is gone in 7.x. */
union proto_h___udp_table {
	struct udp_table *udp_table;
};

struct proto___udp_table {
	union proto_h___udp_table h;
};

/* 5.10 to 6.7: a pair of integers. */
struct local_ports___pair {
	int range[2];
};

struct netns_ipv4___pair {
	struct local_ports___pair ip_local_ports;
};

/* 6.8+: high << 16 | low in one word. */
struct local_ports___word {
	__u32 range;
};

struct netns_ipv4___word {
	struct local_ports___word ip_local_ports;
};

/* 6.15+: the parent of a kernfs node is under RCU and renamed. */
struct kernfs_node___rcu {
	struct kernfs_node *__parent;
};

struct kernfs_node___plain {
	struct kernfs_node *parent;
};

/* 6.18+: a TIME_WAIT socket remembers that connect() chose its port. */
struct inet_timewait_sock___connect {
	unsigned int tw_connect_bind : 1;
};

/* Only with CONFIG_NET_L3_MASTER_DEV; an int up to 5.14, a byte later. */
struct netns_ipv4___l3mdev {
	int sysctl_tcp_l3mdev_accept;
};

/* 5.12+: never used again, unlike inode numbers. Up to 5.11 an atomic64_t, and mostly 0. */
struct net___cookie {
	__u64 net_cookie;
};

/* 6.3+ (and 6.1.192): a struct of two 16-bit numbers, from 6.12 on one of 32 bits, low end in the
 * low half: the same in memory. */
struct inet_sock___range {
	__u32 local_port_range;
};

/* Devices by index. */
struct net___devices {
	struct hlist_head *dev_index_head;
};

#pragma clang attribute pop

/* x86-64 up to 5.14: 16 KiB of stack, 21 registers at its end. */
#define THREAD_SIZE 16384

struct pt_regs___full {
	unsigned long registers[21];
};

/* 5.12 (c5dbb89fc2ac) lets tracing programs make a cookie; the same version brought
 * bpf_check_mtu(), by which it is told. Before, it can only be read: the program on
 * cgroup/sock_create makes one for each new socket. `sk` is a BTF pointer. */
static __always_inline __u64 compat_cookie(struct sock *sk)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_check_mtu))
		return bpf_get_socket_cookie(sk);
	return sk->__sk_common.skc_cookie.counter;
}

/* In programs that hook a function or a tracepoint by its BTF: may pointers be followed by plain loads,
 * also from the current task (bpf_get_current_task_btf(), 5.11)? A probe read is fifty instructions. */
static __always_inline bool compat_direct(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf);
}

/* The socket behind a file whose inode is a socket. */
static __always_inline struct sock *compat_file_sock(struct file *file)
{
	struct socket *socket;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_sock_from_file)) {
		socket = bpf_sock_from_file(file);
		return socket ? socket->sk : NULL;
	}
	socket = file->private_data;
	return BPF_CORE_READ(socket, sk);
}

static __always_inline bool compat_has_bhash2(void)
{
	return bpf_core_field_exists(struct inet_bind_bucket___bhash2, bhash2);
}

static __always_inline struct hlist_node *compat_first_bind2(const struct inet_bind_bucket *tb)
{
	return BPF_CORE_READ((const struct inet_bind_bucket___bhash2 *)tb, bhash2.first);
}

static __always_inline struct hlist_node *compat_first_owner(const struct inet_bind_bucket *tb)
{
	return BPF_CORE_READ((const struct inet_bind_bucket___owners *)tb, owners.first);
}

static __always_inline struct udp_table *compat_udp_table(const struct net *net,
							  const struct sock *sk)
{
	const struct netns_ipv4___udp_table *ipv4 = (const void *)&net->ipv4;

	if (bpf_core_field_exists(ipv4->udp_table))
		return BPF_CORE_READ(ipv4, udp_table);
	if (sk && bpf_core_field_exists(struct proto___udp_table, h)) {
		const struct proto___udp_table *proto =
			(const void *)BPF_CORE_READ(sk, __sk_common.skc_prot);

		return BPF_CORE_READ(proto, h.udp_table);
	}
	return NULL;
}

static __always_inline void compat_port_range(const struct net *net, __u16 *low, __u16 *high)
{
	const struct netns_ipv4___word *word = (const void *)&net->ipv4;
	const struct netns_ipv4___pair *pair = (const void *)&net->ipv4;

	if (bpf_core_field_exists(word->ip_local_ports.range)) {
		__u32 range = BPF_CORE_READ(word, ip_local_ports.range);

		*low = (__u16)range;
		*high = (__u16)(range >> 16);
	} else {
		int range[2] = {};

		bpf_core_read(range, sizeof(range), &pair->ip_local_ports.range);
		*low = (__u16)range[0];
		*high = (__u16)range[1];
	}
}

static __always_inline struct kernfs_node *compat_kernfs_parent(const struct kernfs_node *kn)
{
	const struct kernfs_node___rcu *rcu = (const void *)kn;

	if (bpf_core_field_exists(rcu->__parent))
		return BPF_CORE_READ(rcu, __parent);
	return BPF_CORE_READ((const struct kernfs_node___plain *)kn, parent);
}

/* May a TCP socket outside a VRF be reached through one? Then there is one port space for all. */
static __always_inline bool compat_l3mdev_accept(const struct net *net)
{
	const struct netns_ipv4___l3mdev *ipv4 = (const void *)&net->ipv4;

	if (!bpf_core_field_exists(ipv4->sysctl_tcp_l3mdev_accept))
		return true;
	return BPF_CORE_READ_BITFIELD_PROBED(ipv4, sysctl_tcp_l3mdev_accept);
}

static __always_inline __u64 compat_net_cookie(const struct net *net)
{
	const struct net___cookie *n = (const void *)net;
	__u64 cookie = 0;

	if (bpf_core_field_exists(n->net_cookie))
		bpf_probe_read_kernel(&cookie, sizeof(cookie),
				      (void *)net + bpf_core_field_offset(n->net_cookie));
	return cookie ? cookie : BPF_CORE_READ(net, ns.inum);
}

/* IP_LOCAL_PORT_RANGE, high << 16 | low; 0: none. */
static __always_inline __u32 compat_own_range(const struct sock *sk)
{
	const struct inet_sock___range *inet = (const void *)sk;
	__u32 range = 0;

	if (bpf_core_field_exists(inet->local_port_range))
		bpf_probe_read_kernel(&range, sizeof(range),
				      (void *)sk + bpf_core_field_offset(inet->local_port_range));
	return range;
}

/* The user registers of the current system call: 5.15+ has a helper; before, they are at the end of
 * the stack. */
static __always_inline struct pt_regs *compat_user_regs(void)
{
	struct task_struct *task;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	task = (void *)bpf_get_current_task();
	return (void *)BPF_CORE_READ(task, stack) + THREAD_SIZE - sizeof(struct pt_regs___full);
}

/* The head of the list that has the device with this index; NULL: not found this way. */
static __always_inline struct hlist_node *compat_first_device(const struct net *net, __u32 ifindex)
{
	const struct net___devices *n = (const void *)net;
	struct hlist_head *heads;

	if (!bpf_core_field_exists(n->dev_index_head))
		return NULL;
	heads = BPF_CORE_READ(n, dev_index_head);
	return BPF_CORE_READ(&heads[ifindex % 256], first); /* NETDEV_HASHENTRIES */
}

static __always_inline bool compat_tw_connect(const struct inet_timewait_sock *tw)
{
	const struct inet_timewait_sock___connect *c = (const void *)tw;

	if (!bpf_core_field_exists(c->tw_connect_bind))
		return false;
	return BPF_CORE_READ_BITFIELD_PROBED(c, tw_connect_bind);
}

#endif
