/* SPDX-License-Identifier: GPL-2.0-only */
/* What the fentry and kprobe back ends do: both hook the same kernel functions, whose
 * signatures are the same from 5.10 to 7.2, and differ only in how arguments arrive.
 *
 *   inet_hash_connect, inet6_hash_connect   entry: a connect() is about to be given a port
 *                                           exit: there was none, or the connection exists
 *   __inet_bind, __inet6_bind               exit: a bind() was allowed or refused, by whatever
 *                                           way it came: system call, io_uring, the kernel
 *   inet_csk_get_port, socket in LISTEN     exit: a listen() was allowed or refused; some stable
 *                                           5.10 and 5.15 kernels return 0 from listen() all
 *                                           the same (before fdaf88531cfd)
 *   inet_autobind                           exit: a UDP socket got a port without a bind()
 *   inet_bind_conflict, inet_rcv_saddr_equal  exit: because of which socket (blocker.bpf.h) */
#ifndef PORTCLASH_FUNCTION_BPF_H
#define PORTCLASH_FUNCTION_BPF_H

#include "claim.bpf.h"
#include "connect.bpf.h"

#define X86_64_CONNECT 42

static __always_inline bool function_watched(const struct sock *sk)
{
	return family_watched(BPF_CORE_READ(sk, __sk_common.skc_family)) &&
	       protocol_of(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol));
}

static __always_inline void function_claim(const struct sock *sk, __u8 how)
{
	struct claim_args a = {
		.cookie = claim_cookie(sk),
		.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum),
		.port = BPF_CORE_READ(sk, __sk_common.skc_num),
		.proto = protocol_of(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol)),
		.family = BPF_CORE_READ(sk, __sk_common.skc_family),
		.how = how,
	};

	/* IP_BIND_ADDRESS_NO_PORT: bind() took an address only. */
	if (!a.port || is_kernel_socket(sk))
		return;
	claim_record(&a);
	/* connect() of UDP chooses the address after the port: who prints claims asks for it later. */
	if (a.proto == PC_PROTO_UDP && how == PC_HOW_AUTOBIND)
		return;
	claim_endpoints(sk, a.cookie, BPF_CORE_READ(sk, __sk_common.skc_state));
}

/* As claim_connect(), where `sk` is no BTF pointer. */
static __always_inline void function_connect(const struct sock *sk)
{
	struct claim_args a = {
		.how = PC_HOW_CONNECT,
		.proto = PC_PROTO_TCP,
		.flags = PC_CLAIM_PORT_LATER,
	};

	if (BPF_CORE_READ(sk, __sk_common.skc_num) || !function_watched(sk) || is_kernel_socket(sk))
		return;
	a.cookie = claim_cookie(sk);
	a.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	a.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	claim_record(&a);
}

/* `address` is kernel memory: bind() copied it in. */
static __noinline int function_bound(const struct sock *sk, const void *address, int len, long ret)
{
	struct call call = { .op = PC_OP_BIND };

	if (!sk)
		return 0;
	if (!function_watched(sk) || (ret && !refusal_error(ret)))
		goto out;
	if (len >= (int)sizeof(call.copy))
		bpf_probe_read_kernel(&call.copy, sizeof(call.copy), address);
	else
		bpf_probe_read_kernel(&call.copy, sizeof(struct sockaddr_in), address);
	if (ret == 0)
		function_claim(sk, call.copy.sin6_port ? PC_HOW_BIND : PC_HOW_BIND_ZERO);
	else
		refusal_record(sk, &call, ret);
out:
	check_end();
	return 0;
}

/* inet_csk_get_port() returns 1 for a conflict up to 6.1, -EADDRINUSE later. */
static __noinline int function_got_port(const struct sock *sk, __u16 port, long ret)
{
	struct call call = { .op = PC_OP_LISTEN };

	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_state) != PC_STATE_LISTEN ||
	    !function_watched(sk))
		return 0;
	if (ret)
		refusal_record(sk, &call, -EADDRINUSE);
	else if (port == 0)
		function_claim(sk, PC_HOW_AUTOBIND);
	check_end();
	return 0;
}

/* inet_hash_connect() has given a port, or has failed: the socket still has the address it was to
 * be connected to. */
static __noinline int function_connected(const struct sock *sk, long ret)
{
	struct call call = { .op = PC_OP_CONNECT };
	struct sockaddr_in *v4 = (void *)&call.copy;

	if (!sk)
		return 0;
	if (ret == 0 && config.with_protected && !config.with_endpoints)
		claim_endpoints(sk, claim_cookie(sk), PC_STATE_SYN_SENT);
	if (ret != -EADDRNOTAVAIL || !function_watched(sk))
		return 0;
	call.copy.sin6_family = BPF_CORE_READ(sk, __sk_common.skc_family);
	call.copy.sin6_port = BPF_CORE_READ(sk, __sk_common.skc_dport);
	if (call.copy.sin6_family == PC_FAMILY_V6)
		bpf_core_read(call.copy.sin6_addr, sizeof(call.copy.sin6_addr),
			      &sk->__sk_common.skc_v6_daddr);
	else
		v4->sin_addr = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	refusal_record(sk, &call, ret);
	return 0;
}

/* Called by connect() and by sends, which only the number of the system call tells apart. */
static __noinline int function_autobind_failed(const struct sock *sk)
{
	struct pt_regs *regs = compat_user_regs();
	struct call call = { .op = PC_OP_SEND };

	if (!sk)
		return 0;
	if (BPF_CORE_READ(regs, orig_ax) == X86_64_CONNECT) {
		call.op = PC_OP_CONNECT;
		call_read_address(&call, PT_REGS_PARM2_CORE_SYSCALL(regs),
				  (__u32)PT_REGS_PARM3_CORE_SYSCALL(regs));
	}
	refusal_record(sk, &call, -EAGAIN);
	return 0;
}

static __always_inline void function_autobound(const struct sock *sk, long ret)
{
	if (!function_watched(sk))
		return;
	if (ret == 0)
		function_claim(sk, PC_HOW_AUTOBIND);
	else if (ret == -EAGAIN)
		function_autobind_failed(sk);
}

#endif
