/* SPDX-License-Identifier: GPL-2.0-only */
/* The hooks of the fentry and kprobe back ends: pairs that do the same. Part of
 * portclash.bpf.c. */
#ifndef PORTCLASH_HOOKS_FUNCTION_BPF_H
#define PORTCLASH_HOOKS_FUNCTION_BPF_H

#include "function.bpf.h"

/* Here `sk` is a BTF pointer, from which a cookie can be made if there is none yet. */
SEC("fentry/inet_hash_connect")
int BPF_PROG(fentry_connect4, void *death_row, struct sock *sk)
{
	claim_connect(sk, compat_cookie(sk), compat_direct());
	return 0;
}

SEC("fentry/inet6_hash_connect")
int BPF_PROG(fentry_connect6, void *death_row, struct sock *sk)
{
	claim_connect(sk, compat_cookie(sk), compat_direct());
	return 0;
}

SEC("fexit/inet_hash_connect")
int BPF_PROG(fexit_connect4, void *death_row, struct sock *sk, int ret)
{
	function_connected(sk, ret);
	return 0;
}

SEC("fexit/inet6_hash_connect")
int BPF_PROG(fexit_connect6, void *death_row, struct sock *sk, int ret)
{
	function_connected(sk, ret);
	return 0;
}

SEC("fentry/__inet_bind")
int BPF_PROG(fentry_bind4, struct sock *sk, void *address)
{
	check_begin_bind(sk, address);
	return 0;
}

SEC("fentry/__inet6_bind")
int BPF_PROG(fentry_bind6, struct sock *sk, void *address)
{
	check_begin_bind(sk, address);
	return 0;
}

SEC("fentry/inet_csk_get_port")
int BPF_PROG(fentry_get_port, struct sock *sk, unsigned short port)
{
	check_begin_get_port(sk, port);
	return 0;
}

/* kuid_t is passed by value, which a trampoline allows from 6.1 on, as long as the function
 * exists. */
SEC("fexit/inet_bind_conflict")
int BPF_PROG(fexit_conflict, struct sock *sk, struct sock *sk2, __u32 uid, bool relax,
	     bool reuseport_cb_ok, bool reuseport_ok, int ret)
{
	check_answer(sk, sk2, ret);
	return 0;
}

SEC("fexit/inet_rcv_saddr_equal")
int BPF_PROG(fexit_saddr_equal, struct sock *sk, struct sock *sk2, bool match_wildcard, int ret)
{
	check_answer(sk, sk2, ret);
	return 0;
}

SEC("fexit/__inet_bind")
int BPF_PROG(fexit_bind4, struct sock *sk, void *address, int len, __u32 flags, int ret)
{
	compat_cookie(sk);
	function_bound(sk, address, len, ret);
	return 0;
}

SEC("fexit/__inet6_bind")
int BPF_PROG(fexit_bind6, struct sock *sk, void *address, int len, __u32 flags, int ret)
{
	compat_cookie(sk);
	function_bound(sk, address, len, ret);
	return 0;
}

SEC("fexit/inet_csk_get_port")
int BPF_PROG(fexit_get_port, struct sock *sk, unsigned short port, int ret)
{
	compat_cookie(sk);
	function_got_port(sk, port, ret);
	return 0;
}

SEC("fexit/inet_autobind")
int BPF_PROG(fexit_autobind, struct sock *sk, int ret)
{
	compat_cookie(sk);
	function_autobound(sk, ret);
	return 0;
}

/* A return probe does not have the arguments: they wait here, by thread and function, since
 * __inet_bind() and inet_csk_get_port() nest. */
enum probed { PROBED_BIND, PROBED_GET_PORT, PROBED_AUTOBIND, PROBED_CONNECT };

struct probed_key {
	__u64 pid_tgid;
	__u64 function; /* enum probed */
};

struct probed_call {
	struct sock *sk;
	void *address;
	__u32 len;
	__u32 port;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct probed_key);
	__type(value, struct probed_call);
} probed_calls SEC(".maps");

static __always_inline void probe_enter(enum probed function, const struct probed_call *call)
{
	struct probed_key key = { bpf_get_current_pid_tgid(), function };

	/* One is there already: its return was missed (no more room for return probes). */
	if (bpf_map_lookup_elem(&probed_calls, &key))
		stat_count(PC_STAT_CALLS_UNTRACKED);
	if (bpf_map_update_elem(&probed_calls, &key, call, BPF_ANY))
		stat_count(PC_STAT_CALLS_UNTRACKED);
}

static __always_inline bool probe_leave(enum probed function, struct probed_call *call)
{
	struct probed_key key = { bpf_get_current_pid_tgid(), function };
	struct probed_call *found = bpf_map_lookup_elem(&probed_calls, &key);

	if (!found)
		return false;
	*call = *found;
	bpf_map_delete_elem(&probed_calls, &key);
	return true;
}

SEC("kprobe/inet_hash_connect")
int BPF_KPROBE(kprobe_connect4, void *death_row, struct sock *sk)
{
	struct probed_call call = { .sk = sk };

	function_connect(sk);
	probe_enter(PROBED_CONNECT, &call);
	return 0;
}

SEC("kprobe/inet6_hash_connect")
int BPF_KPROBE(kprobe_connect6, void *death_row, struct sock *sk)
{
	struct probed_call call = { .sk = sk };

	function_connect(sk);
	probe_enter(PROBED_CONNECT, &call);
	return 0;
}

SEC("kretprobe/inet_hash_connect")
int BPF_KRETPROBE(kretprobe_connect4, int ret)
{
	struct probed_call call;

	if (probe_leave(PROBED_CONNECT, &call))
		function_connected(call.sk, ret);
	return 0;
}

SEC("kretprobe/inet6_hash_connect")
int BPF_KRETPROBE(kretprobe_connect6, int ret)
{
	struct probed_call call;

	if (probe_leave(PROBED_CONNECT, &call))
		function_connected(call.sk, ret);
	return 0;
}

SEC("kprobe/__inet_bind")
int BPF_KPROBE(kprobe_bind4, struct sock *sk, void *address, int len)
{
	struct probed_call call = { .sk = sk, .address = address, .len = (__u32)len };

	check_begin_bind(sk, address);
	probe_enter(PROBED_BIND, &call);
	return 0;
}

SEC("kprobe/__inet6_bind")
int BPF_KPROBE(kprobe_bind6, struct sock *sk, void *address, int len)
{
	struct probed_call call = { .sk = sk, .address = address, .len = (__u32)len };

	check_begin_bind(sk, address);
	probe_enter(PROBED_BIND, &call);
	return 0;
}

SEC("kretprobe/__inet_bind")
int BPF_KRETPROBE(kretprobe_bind4, int ret)
{
	struct probed_call call;

	if (probe_leave(PROBED_BIND, &call))
		function_bound(call.sk, call.address, (int)call.len, ret);
	return 0;
}

SEC("kretprobe/__inet6_bind")
int BPF_KRETPROBE(kretprobe_bind6, int ret)
{
	struct probed_call call;

	if (probe_leave(PROBED_BIND, &call))
		function_bound(call.sk, call.address, (int)call.len, ret);
	return 0;
}

SEC("kprobe/inet_csk_get_port")
int BPF_KPROBE(kprobe_get_port, struct sock *sk, unsigned short port)
{
	struct probed_call call = { .sk = sk, .port = port };

	check_begin_get_port(sk, port);
	probe_enter(PROBED_GET_PORT, &call);
	return 0;
}

SEC("kretprobe/inet_csk_get_port")
int BPF_KRETPROBE(kretprobe_get_port, int ret)
{
	struct probed_call call;

	if (probe_leave(PROBED_GET_PORT, &call))
		function_got_port(call.sk, (__u16)call.port, ret);
	return 0;
}

SEC("kprobe/inet_bind_conflict")
int BPF_KPROBE(kprobe_conflict, struct sock *sk, struct sock *sk2)
{
	check_look(sk, sk2);
	return 0;
}

SEC("kretprobe/inet_bind_conflict")
int BPF_KRETPROBE(kretprobe_conflict, int ret)
{
	check_looked(ret);
	return 0;
}

SEC("kprobe/inet_rcv_saddr_equal")
int BPF_KPROBE(kprobe_saddr_equal, struct sock *sk, struct sock *sk2)
{
	check_look(sk, sk2);
	return 0;
}

SEC("kretprobe/inet_rcv_saddr_equal")
int BPF_KRETPROBE(kretprobe_saddr_equal, int ret)
{
	check_looked(ret);
	return 0;
}

SEC("kprobe/inet_autobind")
int BPF_KPROBE(kprobe_autobind, struct sock *sk)
{
	struct probed_call call = { .sk = sk };

	probe_enter(PROBED_AUTOBIND, &call);
	return 0;
}

SEC("kretprobe/inet_autobind")
int BPF_KRETPROBE(kretprobe_autobind, int ret)
{
	struct probed_call call;

	if (probe_leave(PROBED_AUTOBIND, &call))
		function_autobound(call.sk, ret);
	return 0;
}

#endif
