/* SPDX-License-Identifier: GPL-2.0-only */
/* The network namespace of the socket of a cgroup hook. The verifier forbids a program to follow the pointer to that
 * socket, except for TCP, and a probe read takes 75 instructions. */
#ifndef PORTCLASH_HOOK_NETNS_BPF_H
#define PORTCLASH_HOOK_NETNS_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"

struct hook_netns {
	const struct net *net;
	__u32 inum;
};

/* Finds the namespace by plain loads, if it is that of the current process: both have one cookie then. False: it is another
 * one (a socket can be passed on, a process can move), or this kernel does not tell. */
static __always_inline bool hook_netns_of_process(struct bpf_sock_addr *ctx, struct hook_netns *out)
{
	const struct net *net;
	__u64 cookie;

	if (!config.cgroup_direct)
		return false;
	net = bpf_get_current_task_btf()->nsproxy->net_ns;
	cookie = compat_net_cookie_typed((const void *)net);
	if (!cookie || cookie != bpf_get_netns_cookie(ctx))
		return false;
	out->net = net;
	out->inum = net->ns.inum;
	return true;
}

/* Finds the namespace by probe reads. `sk` is the socket as a number. */
static __always_inline void hook_netns_probe(const struct sock *sk, struct hook_netns *out)
{
	const struct net *net = BPF_CORE_READ(sk, __sk_common.skc_net.net);

	out->net = net;
	out->inum = BPF_CORE_READ(net, ns.inum);
}

#endif
