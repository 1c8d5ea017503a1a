/* SPDX-License-Identifier: GPL-2.0-only */
/* The tracepoint back end sees bind() and listen() at the exits of their system calls, and so
 * connect() and sends that found no port. */
#ifndef PORTCLASH_SYSCALL_EXIT_BPF_H
#define PORTCLASH_SYSCALL_EXIT_BPF_H

#include "claim.bpf.h"
#include "connect_note.bpf.h"
#include "foreign.bpf.h"
#include "refusal.bpf.h"
#include "shared_exit.bpf.h"
#include "syscall_args.bpf.h"

#define EINPROGRESS 115

/* Did this listen() of any socket succeed with the port that the socket had asked for by number? Then there is nothing to
 * record. The descriptor may have another file by now, whose private data is no socket: a probe reads something then, and
 * the listen() that is passed over would not have been found either. */
static __always_inline bool listen_kept_port(void)
{
	struct socket *socket;
	struct file *file;

	file = file_of_fd_here(syscall_fd(syscall_regs(config.page_size)));
	if (!file)
		return true;
	socket = BPF_CORE_READ(file, private_data);
	return !listen_may_autobind(BPF_CORE_READ(socket, sk));
}

/* Did this bind() ask for the port by number? __inet_bind() marks the socket then. */
static __always_inline bool asked_by_number(const struct sock *sk)
{
	const struct sock *bound = acting_socket(sk);

	return bound && BPF_CORE_READ_BITFIELD_PROBED(bound, sk_userlocks) & PC_LOCK_PORT;
}

GLOBAL int syscall_exit_claim(__u64 socket, __u8 op)
{
	const struct sock *sk = (const struct sock *)socket;
	struct claim_args a = {};

	if (!sk)
		return 0;
	a.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	/* With IP_BIND_ADDRESS_NO_PORT, bind() took an address only. */
	if (!a.port || (op == PC_OP_LISTEN && !listen_may_autobind(sk)))
		return 0;
	a.how = asked_by_number(sk) ? PC_HOW_BIND : PC_HOW_BIND_ZERO;
	if (op == PC_OP_LISTEN) {
		a.how = PC_HOW_AUTOBIND;
		a.flags = PC_CLAIM_IF_NEW;
	}
	a.cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	a.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	a.proto = protocol_of(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol));
	a.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	claim_unless_known(&a, compat_direct());
	claim_endpoints(sk, a.cookie, BPF_CORE_READ(sk, __sk_common.skc_state));
	return 0;
}

/* Takes the exit of a bind() or listen() of a watched socket. False: the descriptor has none. */
static __noinline int syscall_exit_bound(__u8 op, long ret)
{
	struct pt_regs *regs = syscall_regs(config.page_size);
	struct sock *sk = syscall_socket(regs);
	struct port_request request = { .op = op };

	if (!sk)
		return false;
	if (op == PC_OP_BIND && bind_was_of_another(sk)) {
		stat_count(PC_STAT_ARGUMENTS_MISSING);
	} else if (ret == 0) {
		syscall_exit_claim((__u64)sk, op);
	} else if (op == PC_OP_BIND &&
		   !bind_read_address((void *)PT_REGS_PARM2_CORE_SYSCALL(regs),
				      (__u32)PT_REGS_PARM3_CORE_SYSCALL(regs), &request)) {
		stat_count(PC_STAT_ARGUMENTS_MISSING);
	} else {
		refusal_record(sk, &request, ret);
	}
	return true;
}

static __always_inline void syscall_exit_foreign(long ret)
{
	struct pt_regs *regs = syscall_regs(config.page_size);

	foreign_refused((__u32)PT_REGS_PARM1_CORE_SYSCALL(regs), PT_REGS_PARM2_CORE_SYSCALL(regs),
			(__u32)PT_REGS_PARM3_CORE_SYSCALL(regs), ret);
}

/* Takes the exit of a bind() of any socket. */
static __always_inline void syscall_exit_any(long ret)
{
	if (!syscall_exit_bound(PC_OP_BIND, ret) && ret == -EADDRINUSE)
		syscall_exit_foreign(ret);
}

/* Takes the exit of a bind() that programs on cgroups have seen. They have recorded its claim, unless
 * the note is still there. */
static __always_inline void syscall_exit_noted(long ret)
{
	if (ret == 0 && check_was_claimed())
		return;
	exit_begin();
	if (ret == 0 || refusal_error(ret))
		syscall_exit_any(ret);
	/* The note of a refusal stays if the descriptor has another socket by now: it is told late. */
	if (!refusal_error(ret) &&
	    note_is_of_descriptor(syscall_fd(syscall_regs(config.page_size))))
		check_end();
	exit_end();
}

/* Was this call refused for want of a port? __inet_hash_connect() then fails with EADDRNOTAVAIL.
 * inet_autobind() fails with EAGAIN, for which a send can have other reasons. A connect() that
 * fails while its socket has a port is refused because of the very same connection
 * (__inet_check_established). */
static __always_inline bool connect_refused(const struct sock *sk, long ret)
{
	__u8 proto = protocol_of(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol));

	if (proto == PC_PROTO_TCP)
		return ret == -EADDRNOTAVAIL;
	return proto == PC_PROTO_UDP && ret == -EAGAIN && !BPF_CORE_READ(sk, __sk_common.skc_num);
}

/* Takes the destination from the socket that was to be connected: the argument is the user's memory, which
 * another thread may have changed since. After a failure only the port is gone. */
static __always_inline void destination_of(const struct sock *connecting,
					   struct port_request *request)
{
	struct sockaddr_in *v4 = (void *)&request->address;

	request->address.sin6_family = BPF_CORE_READ(connecting, __sk_common.skc_family);
	if (request->address.sin6_family == PC_FAMILY_V6)
		compat_v6_remote(request->address.sin6_addr, &connecting->__sk_common);
	else
		v4->sin_addr = BPF_CORE_READ(connecting, __sk_common.skc_daddr);
}

/* Did this connect() end before the kernel looked for a port? IPv6 finds no source address on a machine
 * that has none (ip6_dst_lookup_tail()), with the same error as for want of a port. A connect() that
 * gets further leaves the route in the socket, also when it fails (ip6_dst_store() in
 * tcp_v6_connect()). */
static __always_inline bool had_no_source(const struct sock *connecting,
					  const struct port_request *request)
{
	const struct sockaddr_in6 *to = &request->address;
	const __u32 *words = (const void *)to->sin6_addr;
	bool is_v4 = !words[0] && !words[1] && words[2] == __builtin_bswap32(0xffff);

	if (to->sin6_family != PC_FAMILY_V6 || is_v4)
		return false;
	return !BPF_CORE_READ(connecting, sk_dst_cache);
}

/* Completes the request of a TCP connect() that was refused. */
static __always_inline void request_of_connect(const struct sock *sk, struct port_request *request)
{
	const struct sock *connecting = acting_socket(sk);

	/* A send over TCP that connects: MSG_FASTOPEN. */
	request->op = PC_OP_CONNECT;
	if (!connecting)
		return;
	destination_of(connecting, request);
	if (had_no_source(connecting, request))
		request->marks = PC_MARK_NO_SOURCE;
}

static __noinline int syscall_exit_unconnected(__u8 by, long ret)
{
	struct pt_regs *regs = syscall_regs(config.page_size);
	struct sock *sk = syscall_socket(regs);
	struct port_request request = { .op = by == BY_CONNECT ? PC_OP_CONNECT : PC_OP_SEND };

	if (!sk || !connect_refused(sk, ret))
		return 0;
	if (by == BY_CONNECT || ret == -EADDRNOTAVAIL)
		syscall_read_destination(regs, by, &request);
	if (ret == -EADDRNOTAVAIL)
		request_of_connect(sk, &request);
	refusal_record(sk, &request, ret);
	return 0;
}

/* Records both ends of a connect(), which has its port when it returns, also where it does not wait
 * for the answer. For UDP nothing else tells the port. */
static __noinline int syscall_exit_connected(void)
{
	struct sock *sk = syscall_socket(syscall_regs(config.page_size));

	if (sk)
		claim_endpoints(sk, claim_cookie(sk), BPF_CORE_READ(sk, __sk_common.skc_state));
	return 0;
}

/* Takes the exit of bind(), or of another call that goes on here. */
static __always_inline void syscall_exit_bind(long call, long ret)
{
	__u32 number = (__u32)call;

	if (exits_are_shared && number != CALL_BIND) {
		if (number == CALL_LISTEN)
			syscall_exit_bound(PC_OP_LISTEN, ret);
		else
			syscall_exit_unconnected(call_that_connects(call), ret);
	} else if (binds_by_cgroup) {
		syscall_exit_noted(ret);
	} else if (refusal_error(ret) || ret == 0) {
		syscall_exit_any(ret);
	}
}

/* Takes the exit of a listen(). */
static __always_inline void syscall_exit_listen(struct trace_event_raw_sys_exit *ctx)
{
	if (!refusal_error(ctx->ret) && !(ctx->ret == 0 && !listen_kept_port()))
		return;
	if (exits_are_shared)
		bpf_tail_call(ctx, &shared_bind, 0);
	else
		syscall_exit_bound(PC_OP_LISTEN, ctx->ret);
}

/* Can this be the refusal of a connect(), or of a send? */
static __always_inline bool syscall_found_no_port(long ret)
{
	return ret == -EADDRNOTAVAIL || ret == -EAGAIN;
}

/* Takes the exit of a connect() or send that may have found no port. */
static __always_inline void syscall_exit_no_port(struct trace_event_raw_sys_exit *ctx,
						 enum connecting_call by)
{
	if (exits_are_shared)
		bpf_tail_call(ctx, &shared_bind, 0);
	else
		syscall_exit_unconnected(by, ctx->ret);
}

/* Takes the exit of a send. */
static __always_inline void syscall_exit_send(struct trace_event_raw_sys_exit *ctx,
					      enum connecting_call by)
{
	connect_note_end();
	if (syscall_found_no_port(ctx->ret))
		syscall_exit_no_port(ctx, by);
}

/* Takes the exit of a connect(). */
static __always_inline void syscall_exit_connect(struct trace_event_raw_sys_exit *ctx)
{
	connect_note_end();
	if (syscall_found_no_port(ctx->ret))
		syscall_exit_no_port(ctx, BY_CONNECT);
	else if (config.with_protected && (ctx->ret == 0 || ctx->ret == -EINPROGRESS))
		syscall_exit_connected();
}

#endif
