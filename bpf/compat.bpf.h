/* SPDX-License-Identifier: GPL-2.0-only */
/* This header has everything that differs between kernels, and nothing else: CO-RE flavours of
 * structures, each with the kernels that need it, and the getters that choose. */
#ifndef PORTCLASH_COMPAT_BPF_H
#define PORTCLASH_COMPAT_BPF_H

#include "cgroup.h"
#include "cred.h"
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "arch.bpf.h"
#include "portclash/values.h"

/* The loader sets these before it loads the programs (user/bpf/types.h). A kernel without BTF gives programs on
 * tracepoints no typed pointers, and has no helper that returns one. */
const volatile bool kernel_types = true;

/* Tracing programs may call bpf_get_socket_cookie(): see compat_cookie(). */
const volatile bool tracing_cookies = false;

/* Reads what a BTF pointer leads to by plain loads, or where there is none by probe reads. */
#define COMPAT_LOAD(plain, probed) (kernel_types ? (plain) : (probed))

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Up to 6.7, sockets hang directly on the bind bucket. */
struct inet_bind_bucket___owners {
	struct hlist_head owners;
};

/* From 6.8 on (770041d337a8), the bucket lists a bucket for each address, and each of these lists its sockets. */
struct inet_bind_bucket___bhash2 {
	struct hlist_head bhash2;
};

struct inet_bind2_bucket___6_8 {
	possible_net_t ib_net;
	unsigned short port;
	struct hlist_node bhash_node;
	struct hlist_head owners;
};

/* From 6.2 on, the network namespace has the UDP table. */
struct netns_ipv4___udp_table {
	struct udp_table *udp_table;
};

/* Up to 6.1, the protocol has the UDP table; the union member is gone in 7.x. */
union proto_h___udp_table {
	struct udp_table *udp_table;
};

struct proto___udp_table {
	union proto_h___udp_table h;
};

/* From 5.10 to 6.7, the port range is a pair of integers. */
struct local_ports___pair {
	int range[2];
};

struct netns_ipv4___pair {
	struct local_ports___pair ip_local_ports;
};

/* From 6.8 on, the port range is high << 16 | low in one word. */
struct local_ports___word {
	__u32 range;
};

struct netns_ipv4___word {
	struct local_ports___word ip_local_ports;
};

/* From 6.15 on, the parent of a kernfs node is under RCU and renamed. */
struct kernfs_node___rcu {
	struct kernfs_node *__parent;
};

struct kernfs_node___plain {
	struct kernfs_node *parent;
};

/* From 6.18 on, a TIME_WAIT socket remembers that connect() chose its port. */
struct inet_timewait_sock___connect {
	unsigned int tw_connect_bind : 1;
};

/* Only kernels with CONFIG_NET_L3_MASTER_DEV have this field. It is an int up to 5.14 and a byte later. */
struct netns_ipv4___l3mdev {
	int sysctl_tcp_l3mdev_accept;
};

/* From 5.12 on, a network namespace has a cookie, which unlike an inode number is never used again.
 * Up to 5.11 the field is an atomic64_t, and mostly 0. */
struct net___cookie {
	__u64 net_cookie;
};

/* From 6.3 on (and in 6.1.192), a socket can have a port range of its own. From 6.12 on the field is a 32-bit number with
 * the low end in the low half. */
struct inet_sock___range {
	__u32 local_port_range;
};

/* Before, the field is a struct of two numbers, which have the same bits. libbpf finds a number only where a number is. */
struct inet_sock___pair {
	struct {
		__u16 lo;
		__u16 hi;
	} local_port_range;
};

/* Up to 6.5, a socket has IP_BIND_ADDRESS_NO_PORT, IP_FREEBIND and IP_TRANSPARENT as bits of their own,
 * and from 6.6 on among flags. */
#define INET_FLAGS_BIND_ADDRESS_NO_PORT 18
#define INET_FLAGS_FREEBIND 11
#define INET_FLAGS_TRANSPARENT 15

struct inet_sock___bit {
	__u8 bind_address_no_port : 1;
	__u8 freebind : 1;
	__u8 transparent : 1;
};

struct inet_sock___flags {
	unsigned long inet_flags;
};

/* The lock's type is no struct with a name. */
struct sock___lock {
	struct {
		int owned;
	} sk_lock;
};

/* From 5.14 on, the state of a task is named with underscores. */
struct task_struct___state {
	unsigned int __state;
};

/* Only kernels with CONFIG_MPTCP have this type. */
struct mptcp_sock___first {
	struct sock *first;
};

/* A network namespace has a hash table of its devices by index. */
struct net___devices {
	struct hlist_head *dev_index_head;
};

/* From 6.13 on, the slots of UDP's table by address are larger than those of the table by port. */
struct udp_hslot_main {
	struct udp_hslot hslot;
};

#pragma clang attribute pop

/* Makes a cookie for the socket, or reads the one it has. Where tracing programs may not make one (before 5.12,
 * c5dbb89fc2ac), the program on cgroup/sock_create makes one for each new socket. `sk` is a BTF pointer if the
 * kernel has BTF. */
static __always_inline __u64 compat_cookie(struct sock *sk)
{
	if (tracing_cookies)
		return bpf_get_socket_cookie(sk);
	return COMPAT_LOAD(sk->__sk_common.skc_cookie.counter,
			   BPF_CORE_READ(sk, __sk_common.skc_cookie.counter));
}

/* May programs on functions and tracepoints follow pointers by plain loads, also from the current task (5.11)? */
static __always_inline bool compat_direct(void)
{
	return kernel_types &&
	       bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf);
}

/* Finds the socket behind a file whose inode is a socket. */
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

/* Read the addresses of an IPv6 socket, 16 bytes. Without CONFIG_IPV6 there is no such socket and no such field. */
static __always_inline void compat_v6_local(void *to, const struct sock_common *skc)
{
	if (bpf_core_field_exists(skc->skc_v6_rcv_saddr))
		bpf_core_read(to, sizeof(struct in6_addr), &skc->skc_v6_rcv_saddr);
}

static __always_inline void compat_v6_remote(void *to, const struct sock_common *skc)
{
	if (bpf_core_field_exists(skc->skc_v6_daddr))
		bpf_core_read(to, sizeof(struct in6_addr), &skc->skc_v6_daddr);
}

static __always_inline bool compat_has_bhash2(void)
{
	return bpf_core_field_exists(struct inet_bind_bucket___bhash2, bhash2);
}

static __always_inline struct hlist_node *compat_first_bind2(const struct inet_bind_bucket *tb)
{
	return BPF_CORE_READ((const struct inet_bind_bucket___bhash2 *)tb, bhash2.first);
}

static __always_inline struct hlist_node *compat_first_socket(const struct inet_bind_bucket *tb)
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

static __always_inline __u64 compat_udp_hslot2_size(void)
{
	if (bpf_core_type_exists(struct udp_hslot_main))
		return bpf_core_type_size(struct udp_hslot_main);
	return bpf_core_type_size(struct udp_hslot);
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

/* May a TCP socket outside a VRF be reached through a VRF? Then all VRFs share one port space. */
static __always_inline bool compat_l3mdev_accept(const struct net *net)
{
	const struct netns_ipv4___l3mdev *ipv4 = (const void *)&net->ipv4;

	if (!bpf_core_field_exists(ipv4->sysctl_tcp_l3mdev_accept))
		return true;
	return BPF_CORE_READ_BITFIELD_PROBED(ipv4, sysctl_tcp_l3mdev_accept);
}

/* Gives the cookie of a namespace by a plain load, from a BTF pointer. 0: up to 5.11 there is no such field. */
static __always_inline __u64 compat_net_cookie_typed(const struct net___cookie *n)
{
	return bpf_core_field_exists(n->net_cookie) ? n->net_cookie : 0;
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

/* Reads IP_LOCAL_PORT_RANGE, high << 16 | low; 0: the socket has none. */
static __always_inline __u32 compat_own_range(const struct sock *sk)
{
	const struct inet_sock___range *inet = (const void *)sk;
	const struct inet_sock___pair *old = (const void *)sk;
	__u32 range = 0;

	if (bpf_core_field_exists(inet->local_port_range))
		bpf_probe_read_kernel(&range, sizeof(range),
				      (void *)sk + bpf_core_field_offset(inet->local_port_range));
	else if (bpf_core_field_exists(old->local_port_range))
		bpf_probe_read_kernel(&range, sizeof(range),
				      (void *)sk + bpf_core_field_offset(old->local_port_range));
	return range;
}

/* Does a bind() to port 0 give this socket an address only (IP_BIND_ADDRESS_NO_PORT)? */
static __always_inline bool compat_no_port(const struct sock *sk)
{
	const struct inet_sock___bit *old = (const void *)sk;
	const struct inet_sock___flags *inet = (const void *)sk;

	if (bpf_core_field_exists(old->bind_address_no_port))
		return BPF_CORE_READ_BITFIELD_PROBED(old, bind_address_no_port);
	if (!bpf_core_field_exists(inet->inet_flags))
		return false;
	return BPF_CORE_READ(inet, inet_flags) >> INET_FLAGS_BIND_ADDRESS_NO_PORT & 1;
}

/* Reads PC_SOCKET_TRANSPARENT and PC_SOCKET_FREEBIND. */
static __always_inline __u16 compat_foreign_address(const struct sock *sk)
{
	const struct inet_sock___bit *old = (const void *)sk;
	const struct inet_sock___flags *inet = (const void *)sk;
	bool transparent = false, freebind = false;

	if (bpf_core_field_exists(old->transparent)) {
		transparent = BPF_CORE_READ_BITFIELD_PROBED(old, transparent);
		freebind = BPF_CORE_READ_BITFIELD_PROBED(old, freebind);
	} else if (bpf_core_field_exists(inet->inet_flags)) {
		transparent = BPF_CORE_READ(inet, inet_flags) >> INET_FLAGS_TRANSPARENT & 1;
		freebind = BPF_CORE_READ(inet, inet_flags) >> INET_FLAGS_FREEBIND & 1;
	}
	return (transparent ? PC_SOCKET_TRANSPARENT : 0) | (freebind ? PC_SOCKET_FREEBIND : 0);
}

/* Does a system call hold the socket's lock? */
static __always_inline bool compat_sock_is_locked(const struct sock *sk)
{
	return BPF_CORE_READ((const struct sock___lock *)sk, sk_lock.owned);
}

/* Reads the effective capabilities, one bit each. kernel_cap_t is two words of 32 bits up to 6.2 and
 * one of 64 later: the same in memory, but for the loader different types. */
static __always_inline __u64 compat_capabilities(const struct cred *cred)
{
	__u64 set = 0;

	bpf_probe_read_kernel(&set, sizeof(set),
			      (void *)cred + bpf_core_field_offset(cred->cap_effective));
	return set;
}

/* Finds the socket that has the connection: of MPTCP the first subflow. */
static __always_inline const struct sock *compat_connecting(const struct sock *sk, bool is_mptcp)
{
	const struct mptcp_sock___first *msk = (const void *)sk;

	if (!is_mptcp || !bpf_core_field_exists(msk->first))
		return sk;
	return BPF_CORE_READ(msk, first);
}

static __always_inline __u32 compat_task_state(const struct task_struct *task)
{
	const struct task_struct___state *t = (const void *)task;

	return bpf_core_field_exists(t->__state) ? BPF_CORE_READ(t, __state) :
						   BPF_CORE_READ(task, state);
}

/* Finds the head of the list that has the device with this index. NULL: this kernel has no such table. */
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
