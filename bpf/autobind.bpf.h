/* SPDX-License-Identifier: GPL-2.0-only */
/* What the cgroup hooks are for: connect() of TCP; on the tracepoint back end UDP sockets that get a
 * port at connect() or send without a bind(); and, where no other program can make it, a cookie for
 * every socket from its creation on, by which its claim is found again when the port table is walked. */
#ifndef PORTCLASH_AUTOBIND_BPF_H
#define PORTCLASH_AUTOBIND_BPF_H

#include "claim.bpf.h"

static __always_inline void autobind_name_socket(struct bpf_sock *ctx)
{
	bpf_get_socket_cookie(ctx);
}

static __always_inline void autobind_claim(struct bpf_sock_addr *ctx, __u64 cookie, __u16 port,
					   __u8 flags)
{
	struct claim_args a = {
		.cookie = cookie,
		.how = PC_HOW_AUTOBIND,
		.proto = PC_PROTO_UDP,
		.family = ctx->family,
		.port = port,
		.flags = flags,
		.netns = task_netns((void *)bpf_get_current_task()),
	};

	claim_record_by(&a, config.cgroup_direct);
}

/* Runs before inet_autobind() and inet_hash_connect(): a socket without a port is about to get one. */
static __always_inline void autobind_connect(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	struct tcp_sock *tcp;

	if (!sk || sk->src_port)
		return;
	if (ctx->protocol == IPPROTO_UDP) {
		if (config.udp_by_cgroup)
			autobind_claim(ctx, bpf_get_socket_cookie(ctx), 0, PC_CLAIM_PORT_LATER);
		return;
	}
	tcp = bpf_skc_to_tcp_sock(sk);
	if (tcp)
		claim_connect((struct sock *)tcp, bpf_get_socket_cookie(ctx), config.cgroup_direct);
}

/* Runs after inet_autobind(), at every send to an address: a socket whose claim was never
 * seen may have had its port for long, and is marked so. A socket that asked for its port by
 * number, or bound to port 0, has its claim in the ledger already and keeps that one. */
static __always_inline void autobind_send(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	__u8 one = 1;
	__u64 cookie;

	if (ctx->protocol != IPPROTO_UDP || !sk || !sk->src_port)
		return;
	cookie = bpf_get_socket_cookie(ctx);
	if (bpf_map_lookup_elem(&seen_autobinds, &cookie))
		return;
	bpf_map_update_elem(&seen_autobinds, &cookie, &one, BPF_ANY);
	autobind_claim(ctx, cookie, sk->src_port, PC_CLAIM_MAYBE_OLD);
}

#endif
