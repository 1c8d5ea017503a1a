/* SPDX-License-Identifier: GPL-2.0-only */
/* VRF: unless net.ipv4.tcp_l3mdev_accept is set, each VRF has TCP ports of its own, and the kernel
 * keeps them in bind buckets of their own (inet_sk_bound_l3mdev() in include/net/inet_sock.h,
 * l3mdev_master_ifindex_rcu() in net/l3mdev/l3mdev.c). UDP has no such thing. */
#ifndef PORTCLASH_L3MDEV_BPF_H
#define PORTCLASH_L3MDEV_BPF_H

#include "compat.bpf.h"

#define L3MDEV_UNKNOWN (-1)

/* Devices with the same hash that are looked at. */
#define L3MDEV_CHAIN 64

static __always_inline const struct net_device *l3mdev_device(const struct net *net, int ifindex)
{
	struct hlist_node *node = compat_first_device(net, (__u32)ifindex);

	for (int i = 0; i < L3MDEV_CHAIN && node; i++) {
		const struct net_device *dev =
			(void *)node - bpf_core_field_offset(struct net_device, index_hlist);

		if (BPF_CORE_READ(dev, ifindex) == ifindex)
			return dev;
		node = BPF_CORE_READ(node, next);
	}
	return NULL;
}

/* The device's master, first in its list of devices above it. */
static __always_inline int l3mdev_master(const struct net_device *dev)
{
	struct list_head *first = BPF_CORE_READ(dev, adj_list.upper.next);
	const struct netdev_adjacent *link =
		(void *)first - bpf_core_field_offset(struct netdev_adjacent, list);

	return BPF_CORE_READ(link, master) ? BPF_CORE_READ(link, dev, ifindex) : 0;
}

/* The index of the VRF whose ports this socket (its address) shares, 0 for those outside every
 * VRF. Global: see walk_round(). */
__attribute__((noinline)) int l3mdev_of(__u64 socket)
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
