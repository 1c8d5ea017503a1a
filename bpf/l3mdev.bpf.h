/* SPDX-License-Identifier: GPL-2.0-only */
/* Each VRF has TCP ports of its own, unless net.ipv4.tcp_l3mdev_accept is set. The kernel keeps
 * them in bind buckets of their own (inet_sk_bound_l3mdev() in include/net/inet_sock.h,
 * l3mdev_master_ifindex_rcu() in net/l3mdev/l3mdev.c). UDP has no such thing. */
#ifndef PORTCLASH_L3MDEV_BPF_H
#define PORTCLASH_L3MDEV_BPF_H

#include "compat.bpf.h"
#include "rounds.bpf.h"

#define L3MDEV_UNKNOWN (-1)

/* At most so many devices with the same hash are compared. */
#define L3MDEV_CHAIN 64

#define l3mdev_device_of(node)                                                               \
	((const struct net_device *)((void *)(node)-bpf_core_field_offset(struct net_device, \
									  index_hlist)))

/* Gives this node of a list of devices if it is the device's, and the next one if not. */
GLOBAL __u64 l3mdev_step(__u64 address, __u32 ifindex)
{
	const struct hlist_node *node = (const void *)address;

	if (BPF_CORE_READ(l3mdev_device_of(node), ifindex) == (int)ifindex)
		return address;
	return (__u64)BPF_CORE_READ(node, next);
}

static __always_inline const struct net_device *l3mdev_device(const struct net *net, int ifindex)
{
	__u64 node = (__u64)compat_first_device(net, (__u32)ifindex), next;

	ONE_CALL
	for (int i = 0; i < L3MDEV_CHAIN && node; i++) {
		next = l3mdev_step(node, (__u32)ifindex);
		if (next == node)
			return l3mdev_device_of(node);
		node = next;
	}
	return NULL;
}

/* Finds the device's master, which is the first in its list of devices above it. */
static __always_inline int l3mdev_master(const struct net_device *dev)
{
	struct list_head *first = BPF_CORE_READ(dev, adj_list.upper.next);
	const struct netdev_adjacent *link =
		(void *)first - bpf_core_field_offset(struct netdev_adjacent, list);

	return BPF_CORE_READ(link, master) ? BPF_CORE_READ(link, dev, ifindex) : 0;
}

/* Gives the index of the VRF whose ports this socket shares, 0 outside every VRF. `socket` is its
 * address: a global function takes numbers only, see rounds.bpf.h. */
GLOBAL int l3mdev_of(__u64 socket)
{
	const struct sock *sk = (void *)socket;
	const struct net *net = BPF_CORE_READ(sk, __sk_common.skc_net.net);
	int ifindex = BPF_CORE_READ(sk, __sk_common.skc_bound_dev_if);
	const struct net_device *dev;
	__u64 flags;

	if (!ifindex || compat_l3mdev_accept(net))
		return 0;
	dev = l3mdev_device(net, ifindex);
	if (!dev || !bpf_core_enum_value_exists(enum netdev_priv_flags, IFF_L3MDEV_MASTER))
		return L3MDEV_UNKNOWN;
	flags = BPF_CORE_READ_BITFIELD_PROBED(dev, priv_flags);
	if (flags & bpf_core_enum_value(enum netdev_priv_flags, IFF_L3MDEV_MASTER))
		return ifindex;
	if (flags & bpf_core_enum_value(enum netdev_priv_flags, IFF_L3MDEV_SLAVE))
		return l3mdev_master(dev);
	return 0;
}

#endif
