/* SPDX-License-Identifier: GPL-2.0-only */
/* bind() and listen() as the system call tracepoints see them: at their exit, where the arguments
 * are still in the user's registers, and what they point to was just copied in. */
#ifndef PORTCLASH_CALL_BPF_H
#define PORTCLASH_CALL_BPF_H

#include "claim.bpf.h"
#include "refusal.bpf.h"

static __always_inline bool call_read_address(struct call *call, __u64 address, __u32 len)
{
	if (len < sizeof(struct sockaddr_in))
		return false;
	if (len >= sizeof(call->copy) &&
	    bpf_probe_read_user(&call->copy, sizeof(call->copy), (void *)address) == 0)
		return true;
	return bpf_probe_read_user(&call->copy, sizeof(struct sockaddr_in), (void *)address) == 0;
}

/* A listen() of a socket without a port gets one, as if bound to port 0; whether it had none before
 * is not to be seen now (PC_LOCK_PORT: it had asked for it by number). */
static __always_inline bool call_may_autobind(const struct sock *sk)
{
	return !(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & PC_LOCK_PORT);
}

static __noinline int call_claimed(const struct sock *sk, const struct call *call)
{
	struct claim_args a = {};

	if (!sk || !call)
		return 0;
	a.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	/* IP_BIND_ADDRESS_NO_PORT: bind() took an address only. */
	if (!a.port || (call->op == PC_OP_LISTEN && !call_may_autobind(sk)))
		return 0;
	a.how = call->copy.sin6_port ? PC_HOW_BIND : PC_HOW_BIND_ZERO;
	if (call->op == PC_OP_LISTEN) {
		a.how = PC_HOW_AUTOBIND;
		a.flags = PC_CLAIM_IF_NEW;
	}
	a.cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	a.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	a.proto = protocol_of(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol));
	a.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	claim_record_by(&a, compat_direct());
	claim_endpoints(sk, a.cookie, BPF_CORE_READ(sk, __sk_common.skc_state));
	return 0;
}

/* `op`: of bind() or listen(). */
static __noinline int call_done(__u8 op, long ret)
{
	struct pt_regs *regs = compat_user_regs();
	struct sock *sk = socket_of_fd((__u32)PT_REGS_PARM1_CORE_SYSCALL(regs));
	struct call call = { .op = op };

	if (!sk)
		return 0;
	if (op == PC_OP_BIND && !call_read_address(&call, PT_REGS_PARM2_CORE_SYSCALL(regs),
						   (__u32)PT_REGS_PARM3_CORE_SYSCALL(regs))) {
		stat_count(PC_STAT_ARGUMENTS_MISSING);
		return 0;
	}
	if (ret == 0)
		call_claimed(sk, &call);
	else
		refusal_record(sk, &call, ret);
	return 0;
}

static __always_inline void call_exit(__u8 op, long ret)
{
	if (ret == 0 || refusal_error(ret))
		call_done(op, ret);
}

#endif
