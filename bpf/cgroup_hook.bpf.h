/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs on cgroup hooks see connect() of TCP. For the tracepoint back end they also see UDP
 * sockets that get a port at connect() or at a send without a bind(). Where no other program can,
 * they make a cookie for every new socket. The walk of the port table finds the claim of a socket
 * by its cookie. */
#ifndef PORTCLASH_CGROUP_HOOK_BPF_H
#define PORTCLASH_CGROUP_HOOK_BPF_H

#include "claim.bpf.h"
#include "connect_note.bpf.h"
#include "hook_netns.bpf.h"

static __always_inline void cgroup_hook_create(struct bpf_sock *ctx)
{
	bpf_get_socket_cookie(ctx);
}

/* Gives the socket's network namespace, which need not be the task's: a socket can be passed on, and a
 * task can move. */
static __always_inline __u32 cgroup_hook_netns(struct bpf_sock_addr *ctx, __u64 id)
{
	struct hook_netns found = {};

	if (!hook_netns_of_process(ctx, &found))
		hook_netns_probe(sock_of(ctx->sk, id), &found);
	return found.inum;
}

/* Gives a TCP socket as claim_connect() takes it; NULL: it is none. */
static __always_inline struct sock *cgroup_hook_tcp(struct bpf_sock *sk, __u32 protocol, __u64 id)
{
	if (kernel_types)
		return (struct sock *)bpf_skc_to_tcp_sock(sk);
	return protocol == IPPROTO_TCP ? sock_of(sk, id) : NULL;
}

/* Records the claim of a UDP socket at this time, in the thread `id`. */
static __always_inline void cgroup_hook_claim_udp(struct bpf_sock_addr *ctx, __u64 cookie, __u64 id,
						  __u64 time_ns, __u16 port, __u8 flags)
{
	struct claim_args a = {
		.cookie = cookie,
		.how = PC_HOW_AUTOBIND,
		.proto = PC_PROTO_UDP,
		.family = ctx->family,
		.port = port,
		.flags = flags,
		.netns = cgroup_hook_netns(ctx, id),
	};

	claim_record_at(&a, id, time_ns, config.cgroup_direct);
}

/* Sees a connect() before inet_autobind() and inet_hash_connect(): a socket without a port is about
 * to get one. */
static __always_inline void cgroup_hook_connect(struct bpf_sock_addr *ctx, bool is_v6)
{
	struct bpf_sock *sk = ctx->sk;
	__u64 cookie, id, time_ns;
	struct sock *tcp;

	if (!sk || sk->src_port)
		return;
	if (ctx->type == SOCK_RAW)
		return;
	id = bpf_get_current_pid_tgid();
	time_ns = bpf_ktime_get_boot_ns();
	if (ctx->protocol == IPPROTO_UDP) {
		cookie = bpf_get_socket_cookie(ctx);
		if (config.udp_by_cgroup)
			cgroup_hook_claim_udp(ctx, cookie, id, time_ns, 0, PC_CLAIM_PORT_LATER);
		connect_note_begin(ctx, cookie, id, time_ns, is_v6);
		return;
	}
	tcp = cgroup_hook_tcp(sk, ctx->protocol, id);
	if (!tcp)
		return;
	cookie = bpf_get_socket_cookie(ctx);
	claim_connect(tcp, cookie, id, time_ns, config.cgroup_direct);
	connect_note_begin(ctx, cookie, id, time_ns, is_v6);
}

/* Sees every send to an address, after inet_autobind(). A socket whose claim was never seen may
 * have had its port for long, so this claim is marked. A socket that bound its port, and whose slot another one
 * has taken, has its claim in the ledger already, and keeps that claim. */
static __always_inline void cgroup_hook_send(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	__u64 cookie;

	if (ctx->protocol != IPPROTO_UDP || !sk || !sk->src_port)
		return;
	cookie = bpf_get_socket_cookie(ctx);
	if (claimed_socket_note(cookie, (__u16)sk->src_port))
		cgroup_hook_claim_udp(ctx, cookie, bpf_get_current_pid_tgid(),
				      bpf_ktime_get_boot_ns(), sk->src_port, PC_CLAIM_MAYBE_OLD);
}

#endif
