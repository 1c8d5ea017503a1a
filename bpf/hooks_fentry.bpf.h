/* SPDX-License-Identifier: GPL-2.0-only */
/* These are the hooks of the fentry back end, on the entry and the exit of kernel functions. They
 * are part of portclash.bpf.c. */
#ifndef PORTCLASH_HOOKS_FENTRY_BPF_H
#define PORTCLASH_HOOKS_FENTRY_BPF_H

#include "function_exit.bpf.h"
#include "shared_exit.bpf.h"

/* Has inet_csk_listen_start() a second argument, the backlog, as up to 5.16? The loader sets it before it loads the programs. */
const volatile bool listen_takes_backlog = false;

/* In a fentry program `sk` is a BTF pointer: the kernel makes a cookie for it if it has none yet. */
SEC("fentry/inet_hash_connect")
int BPF_PROG(fentry_connect4, void *death_row, struct sock *sk)
{
	claim_connect(sk, compat_cookie(sk), bpf_get_current_pid_tgid(), bpf_ktime_get_boot_ns(),
		      compat_direct());
	return 0;
}

SEC("fentry/inet6_hash_connect")
int BPF_PROG(fentry_connect6, void *death_row, struct sock *sk)
{
	claim_connect(sk, compat_cookie(sk), bpf_get_current_pid_tgid(), bpf_ktime_get_boot_ns(),
		      compat_direct());
	return 0;
}

SEC("fexit/inet_hash_connect")
int BPF_PROG(fexit_connect4, void *death_row, struct sock *sk, int ret)
{
	function_exit_connect(sk, ret);
	return 0;
}

SEC("fexit/inet6_hash_connect")
int BPF_PROG(fexit_connect6, void *death_row, struct sock *sk, int ret)
{
	if (!exits_are_shared)
		function_exit_connect(sk, ret);
	else if (function_exit_connect_tells(ret))
		bpf_tail_call(ctx, &shared_connect, 0);
	else
		connect_note_end();
	return 0;
}

SEC("fentry/__inet_bind")
int BPF_PROG(fentry_bind4, struct sock *sk, void *address)
{
	bind_call_begin(address);
	return 0;
}

SEC("fentry/__inet6_bind")
int BPF_PROG(fentry_bind6, struct sock *sk, void *address)
{
	bind_call_begin(address);
	return 0;
}

/* This function takes a kuid_t by value, which a trampoline allows from 6.1 on, as long as the
 * function exists. */
SEC("fexit/inet_bind_conflict")
int BPF_PROG(fexit_conflict, struct sock *sk, struct sock *sk2, __u32 uid, bool relax,
	     bool reuseport_cb_ok, bool reuseport_ok, int ret)
{
	check_answered(sk, sk2, ret);
	return 0;
}

SEC("fexit/inet_rcv_saddr_equal")
int BPF_PROG(fexit_saddr_equal, struct sock *sk, struct sock *sk2, bool match_wildcard, int ret)
{
	check_answered(sk, sk2, ret);
	return 0;
}

/* Takes the exit of a bind() whose claim no program on a cgroup has recorded. `sk` is a BTF pointer. */
static __always_inline void fexit_bound(struct sock *sk, const void *address, int len, int ret)
{
	__u64 cookie = compat_cookie(sk);

	bind_call_end();
	if (ret) {
		function_exit_bind(sk, address, len, ret);
		return;
	}
	check_end();
	if (claim_bound(sk, cookie))
		claim_endpoints_on(sk->__sk_common.skc_num, sk, cookie, PC_STATE_CLOSE);
}

SEC("fexit/__inet_bind")
int BPF_PROG(fexit_bind4, struct sock *sk, void *address, int len, __u32 flags, int ret)
{
	if (!claimed_by_cgroup(ret, flags))
		fexit_bound(sk, address, len, ret);
	return 0;
}

SEC("fexit/__inet6_bind")
int BPF_PROG(fexit_bind6, struct sock *sk, void *address, int len, __u32 flags, int ret)
{
	if (claimed_by_cgroup(ret, flags))
		return 0;
	if (exits_are_shared) {
		bpf_tail_call(ctx, &shared_bind, 0);
		return 0;
	}
	fexit_bound(sk, address, len, ret);
	return 0;
}

SEC("fexit/__sys_bind")
int BPF_PROG(fexit_sys_bind, int fd, void *address, int len, int ret)
{
	function_exit_sys_bind((__u32)fd, address, (__u32)len, ret);
	return 0;
}

SEC("fexit/__sys_bind_socket")
int BPF_PROG(fexit_bind_socket, struct socket *socket, void *address, int len, int ret)
{
	function_exit_bind_socket(socket, address, len, ret);
	return 0;
}

/* A program finds the result behind the arguments. */
static __always_inline int listen_result(const unsigned long long *ctx)
{
	unsigned long long result;

	if (!listen_takes_backlog)
		return (int)ctx[1];
	result = ctx[2];
	barrier_var(
		result); /* else the compiler chooses between two addresses, which the verifier forbids */
	return (int)result;
}

SEC("fexit/inet_csk_listen_start")
int fexit_listen(unsigned long long *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];
	int ret = listen_result(ctx);

	if (ret == 0 && sk->__sk_common.skc_state == PC_STATE_LISTEN &&
	    BPF_CORE_READ_BITFIELD(sk, sk_userlocks) & PC_LOCK_PORT) {
		check_end_listen();
		return 0; /* it keeps the port that it has */
	}
	compat_cookie(sk);
	function_exit_listen(sk, ret);
	return 0;
}

SEC("fexit/inet_autobind")
int BPF_PROG(fexit_autobind, struct sock *sk, int ret)
{
	__u64 id = bpf_get_current_pid_tgid(), cookie, time_ns;

	if (ret || !connect_note_take(sk, id, &cookie, &time_ns)) {
		cookie = compat_cookie(sk);
		if (ret || BPF_CORE_READ_BITFIELD(sk, sk_protocol) != IPPROTO_UDP ||
		    sk->sk_type != SOCK_DGRAM) {
			function_exit_autobind(sk, ret);
			return 0;
		}
		time_ns = bpf_ktime_get_boot_ns();
	}
	claim_autobind(sk, cookie, id, time_ns, compat_direct());
	return 0;
}

#endif
