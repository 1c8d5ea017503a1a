/* SPDX-License-Identifier: GPL-2.0-only */
/* bind() and listen() from entry to exit: what the system call tracepoints do. */
#ifndef PORTCLASH_CALL_BPF_H
#define PORTCLASH_CALL_BPF_H

#include "claim.bpf.h"
#include "refusal.bpf.h"

static __always_inline bool call_read_address(struct call *call)
{
	__u32 len = call->address_len;

	if (len < sizeof(struct sockaddr_in))
		return false;
	/* User memory cannot be faulted in here: the exit tries again. */
	if (len >= sizeof(struct sockaddr_in6) &&
	    bpf_probe_read_user(&call->copy, sizeof(call->copy), (void *)call->address) == 0)
		return true;
	return bpf_probe_read_user(&call->copy, sizeof(struct sockaddr_in),
				   (void *)call->address) == 0;
}

static __always_inline void call_enter(struct call *call)
{
	__u64 id = bpf_get_current_pid_tgid();

	if (bpf_map_update_elem(&calls, &id, call, BPF_ANY))
		stat_count(PC_STAT_CALLS_UNTRACKED);
}

static __always_inline void call_enter_bind(struct trace_event_raw_sys_enter *ctx)
{
	struct call call = {
		.op = PC_OP_BIND,
		.fd = (__u32)ctx->args[0],
		.address = ctx->args[1],
		.address_len = (__u32)ctx->args[2],
	};

	call.has_copy = call_read_address(&call);
	/* AF_UNSPEC counts as IPv4 (inet_bind); other families are none of our business. */
	if (call.has_copy && call.copy.sin6_family && !family_watched(call.copy.sin6_family))
		return;
	call_enter(&call);
}

static __always_inline void call_enter_listen(struct trace_event_raw_sys_enter *ctx)
{
	struct call call = { .op = PC_OP_LISTEN, .fd = (__u32)ctx->args[0] };
	struct sock *sk = socket_of_fd(call.fd);

	if (!sk)
		return;
	call.unbound = BPF_CORE_READ(sk, __sk_common.skc_num) == 0;
	call_enter(&call);
}

static __always_inline __u8 call_how(const struct call *call)
{
	if (call->op == PC_OP_LISTEN)
		return PC_HOW_AUTOBIND;
	return call->copy.sin6_port ? PC_HOW_BIND : PC_HOW_BIND_ZERO;
}

static __noinline int call_claimed(const struct sock *sk, const struct call *call)
{
	struct claim_args a = {};

	if (!sk || !call)
		return 0;
	a.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	/* IP_BIND_ADDRESS_NO_PORT: bind() took an address only. */
	if (!a.port || (call->op == PC_OP_LISTEN && !call->unbound))
		return 0;
	a.how = call_how(call);
	a.cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	a.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	a.proto = protocol_of(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol));
	a.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	claim_record(&a);
	claim_endpoints(sk, a.cookie, BPF_CORE_READ(sk, __sk_common.skc_state));
	return 0;
}

static __always_inline void call_exit(struct trace_event_raw_sys_exit *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct call *found = bpf_map_lookup_elem(&calls, &id);
	struct call call;
	struct sock *sk;
	long ret = ctx->ret;

	if (!found)
		return;
	call = *found;
	bpf_map_delete_elem(&calls, &id);
	if (ret != 0 && !refusal_error(ret))
		return;
	sk = socket_of_fd(call.fd);
	if (!sk)
		return;
	if (call.op == PC_OP_BIND && !call.has_copy && !call_read_address(&call)) {
		stat_count(PC_STAT_ARGUMENTS_MISSING);
		return;
	}
	if (ret == 0)
		call_claimed(sk, &call);
	else
		refusal_record(sk, &call, ret);
}

#endif
