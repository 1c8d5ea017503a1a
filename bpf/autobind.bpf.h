/* SPDX-License-Identifier: GPL-2.0-only */
/* What the cgroup hooks are for on the tracepoint back end: UDP sockets that get a port at
 * connect() or send without a bind(), and a cookie for every socket from its creation on, by
 * which its claim is found again when the port table is walked. */
#ifndef PORTCLASH_AUTOBIND_BPF_H
#define PORTCLASH_AUTOBIND_BPF_H

#include "claim.bpf.h"

static __always_inline void autobind_name_socket(struct bpf_sock *ctx)
{
	bpf_get_socket_cookie(ctx);
}

static __always_inline void autobind_claim(struct bpf_sock_addr *ctx, __u16 port, __u8 flags)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct claim_args a = {
		.cookie = bpf_get_socket_cookie(ctx),
		.how = PC_HOW_AUTOBIND,
		.proto = PC_PROTO_UDP,
		.family = ctx->family,
		.port = port,
		.flags = flags,
	};
	__u8 one = 1;

	if (bpf_map_lookup_elem(&seen_autobinds, &a.cookie))
		return;
	bpf_map_update_elem(&seen_autobinds, &a.cookie, &one, BPF_ANY);
	a.netns = task_netns(task);
	claim_record(&a);
}

/* Runs before inet_autobind(): a socket without a port is about to get one. */
static __always_inline void autobind_connect(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	if (ctx->protocol != IPPROTO_UDP || !sk || sk->src_port)
		return;
	autobind_claim(ctx, 0, PC_CLAIM_PORT_LATER);
}

/* Runs after inet_autobind(), at every send to an address: a socket whose claim was never
 * seen may have had its port for long, and is marked so. A socket that asked for its port by
 * number, or bound to port 0, has its claim in the ledger already and keeps that one. */
static __always_inline void autobind_send(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	if (ctx->protocol != IPPROTO_UDP || !sk || !sk->src_port)
		return;
	autobind_claim(ctx, sk->src_port, PC_CLAIM_MAYBE_OLD);
}

#endif
