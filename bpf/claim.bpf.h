/* SPDX-License-Identifier: GPL-2.0-only */
/* Recording a claim: a socket obtained a local port. */
#ifndef PORTCLASH_CLAIM_BPF_H
#define PORTCLASH_CLAIM_BPF_H

#include "process.bpf.h"
#include "socket.bpf.h"

/* Sockets' cookies count upwards: one claim in so many looks how full the ring is. */
#define CLAIMS_PER_LOOK 16

struct claim_args {
	__u64 cookie;
	__u32 netns;
	__u16 port;
	__u8 how;
	__u8 proto;
	__u8 family;
	__u8 flags;
};

/* What a claim on this socket is found again by: its cookie; for a subflow of MPTCP, made by the
 * kernel and without one, the cookie of the socket that the process has open. */
static __always_inline __u64 claim_cookie(const struct sock *sk)
{
	__u64 cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);

	return cookie ? cookie : BPF_CORE_READ(sk, sk_socket, sk, __sk_common.skc_cookie.counter);
}

/* A socket without a file is the kernel's own (NFS, tunnels): whoever happened to set it up does
 * not have it. */
static __always_inline bool is_kernel_socket(const struct sock *sk)
{
	return !BPF_CORE_READ(sk, sk_socket, file);
}

/* The current process made the claim; only call where that is true. `direct`: see compat_direct(). */
static __always_inline void claim_record_by(const struct claim_args *a, bool direct)
{
	struct pc_claim *c;
	struct pc_process_key key;
	char comm[PC_COMM_LEN] = {};
	__u64 time_ns;
	__u32 tid;

	/* What a kernel thread claims says nothing about a process. */
	if (!process_key_current(&key, direct))
		return;
	if (!a->cookie) {
		stat_count(PC_STAT_COOKIES_MISSING);
		return;
	}
	/* The process' own record has the name. */
	if (!process_note(&key))
		bpf_get_current_comm(comm, sizeof(comm));
	time_ns = bpf_ktime_get_boot_ns();
	tid = (__u32)bpf_get_current_pid_tgid();
	/* Nothing but stores from here on: until it is submitted, nobody reads what comes behind it. */
	c = bpf_ringbuf_reserve(&claims, sizeof(*c), 0);
	if (!c) {
		stat_count(PC_STAT_CLAIMS_LOST);
		return;
	}
	c->header.type = PC_RECORD_CLAIM;
	c->header.size = sizeof(*c);
	c->time_ns = time_ns;
	c->cookie = a->cookie;
	c->process = key;
	c->tid = tid;
	c->netns = a->netns;
	c->port = a->port;
	c->how = a->how;
	c->proto = a->proto;
	c->family = a->family;
	c->flags = a->flags;
	c->pad[0] = c->pad[1] = 0;
	__builtin_memcpy(c->comm, comm, sizeof(c->comm));
	bpf_ringbuf_submit(c, a->cookie % CLAIMS_PER_LOOK ? BPF_RB_NO_WAKEUP : claims_flags());
}

static __always_inline void claim_record(const struct claim_args *a)
{
	claim_record_by(a, false);
}

/* As a connect() is about to be given a port; a client that bound its port made its claim at bind().
 * By plain loads: `sk` is a BTF pointer. */
static __always_inline void claim_connect(struct sock *sk, __u64 cookie, bool direct)
{
	struct claim_args a = {
		.cookie = cookie,
		.family = sk->__sk_common.skc_family,
		.proto = PC_PROTO_TCP,
		.how = PC_HOW_CONNECT,
		.flags = PC_CLAIM_PORT_LATER,
	};
	struct socket *socket = sk->sk_socket;

	/* Without a file: the kernel's own, see is_kernel_socket(). */
	if (sk->__sk_common.skc_num || !family_watched(a.family) || !socket || !socket->file ||
	    protocol_of(BPF_CORE_READ_BITFIELD(sk, sk_protocol)) != PC_PROTO_TCP)
		return;
	a.netns = sk->__sk_common.skc_net.net->ns.inum;
	claim_record_by(&a, direct);
}

static __noinline int endpoints_record(const struct sock *sk, __u64 cookie, __u8 state, __u8 closed)
{
	struct pc_endpoints *e;
	struct pc_socket s = {};

	if (!sk)
		return 0;
	read_socket(&s, sk);
	e = bpf_ringbuf_reserve(&claims, sizeof(*e), 0);
	if (!e) {
		stat_count(PC_STAT_ENDPOINTS_LOST);
		return 0;
	}
	__builtin_memset(e, 0, sizeof(*e));
	e->header.type = PC_RECORD_ENDPOINTS;
	e->header.size = sizeof(*e);
	e->cookie = cookie;
	__builtin_memcpy(e->local, s.local, sizeof(e->local));
	__builtin_memcpy(e->remote, s.remote, sizeof(e->remote));
	e->lport = s.lport;
	e->rport = s.rport;
	e->family = s.family;
	e->state = state;
	e->own_netns = s.netns == config.monitor_netns;
	e->closed = closed;
	/* Who protects ports is to know at once. */
	bpf_ringbuf_submit(e,
			   is_protected(s.lport) || closed ? BPF_RB_FORCE_WAKEUP : claims_flags());
	return 0;
}

/* Both ends, only when a sink prints claims, or of a port that is protected. */
static __always_inline void claim_endpoints(const struct sock *sk, __u64 cookie, __u8 state)
{
	if (config.with_endpoints || is_protected(BPF_CORE_READ(sk, __sk_common.skc_num)))
		endpoints_record(sk, cookie, state, 0);
}

#endif
