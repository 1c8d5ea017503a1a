/* SPDX-License-Identifier: GPL-2.0-only */
/* connect() and sends that were refused for want of a port, as the tracepoint back end sees them:
 * at the exit of the system call, whose arguments are still in the user's registers. */
#ifndef PORTCLASH_CONNECT_BPF_H
#define PORTCLASH_CONNECT_BPF_H

#include "call.bpf.h"

#define EAGAIN 11
#define EINPROGRESS 115

/* What each protocol says: __inet_hash_connect() EADDRNOTAVAIL, inet_autobind() EAGAIN, which a
 * send can have other reasons for. A connect() that fails while its socket has a port is refused
 * because of the very same connection (__inet_check_established). */
static __always_inline bool connect_refused(const struct sock *sk, __u8 op, long ret)
{
	__u8 proto = protocol_of(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol));

	if (proto == PC_PROTO_TCP)
		return op == PC_OP_CONNECT && ret == -EADDRNOTAVAIL;
	return proto == PC_PROTO_UDP && ret == -EAGAIN && !BPF_CORE_READ(sk, __sk_common.skc_num);
}

static __noinline int connect_failed(__u8 op, long ret)
{
	struct pt_regs *regs = compat_user_regs();
	struct sock *sk = socket_of_fd((__u32)PT_REGS_PARM1_CORE_SYSCALL(regs));
	struct call call = { .op = op };

	if (!sk || !connect_refused(sk, op, ret))
		return 0;
	if (op == PC_OP_CONNECT)
		call_read_address(&call, PT_REGS_PARM2_CORE_SYSCALL(regs),
				  (__u32)PT_REGS_PARM3_CORE_SYSCALL(regs));
	refusal_record(sk, &call, ret);
	return 0;
}

/* A connect() has its port when it returns, also one that does not wait for the answer; for UDP
 * nothing else tells which. */
static __noinline int connect_done(void)
{
	struct pt_regs *regs = compat_user_regs();
	struct sock *sk = socket_of_fd((__u32)PT_REGS_PARM1_CORE_SYSCALL(regs));

	if (sk)
		claim_endpoints(sk, claim_cookie(sk), BPF_CORE_READ(sk, __sk_common.skc_state));
	return 0;
}

static __always_inline void connect_exit(__u8 op, long ret)
{
	if (ret == -EADDRNOTAVAIL || ret == -EAGAIN)
		connect_failed(op, ret);
	else if (config.with_protected && op == PC_OP_CONNECT && (ret == 0 || ret == -EINPROGRESS))
		connect_done();
}

#endif
