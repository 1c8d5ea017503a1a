/* SPDX-License-Identifier: GPL-2.0-only */
/* These are the hooks of the kprobe back end, on the same functions as those of hooks_fentry.bpf.h.
 * They are part of portclash.bpf.c. */
#ifndef PORTCLASH_HOOKS_KPROBE_BPF_H
#define PORTCLASH_HOOKS_KPROBE_BPF_H

#include "function_exit.bpf.h"
#include "shared_exit.bpf.h"

/* A return probe does not have the arguments of its call. They wait in a map, by thread and
 * function: a thread can be in several of them. */
enum probed {
	PROBED_BIND,
	PROBED_LISTEN,
	PROBED_AUTOBIND,
	PROBED_CONNECT,
	PROBED_SYS_BIND,
	PROBED_BIND_SOCKET,
};

struct probed_key {
	__u64 pid_tgid;
	__u64 function; /* enum probed */
};

struct probed_call {
	void *sk; /* of PROBED_BIND_SOCKET: the struct socket */
	void *address;
	__u32 len;
	__u32 more; /* of PROBED_SYS_BIND: the descriptor; of PROBED_BIND: the flags */
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

	/* A call that waits already has missed its return: there was no more room for return
	 * probes. */
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

/* Forgets a call of this thread whose return was not seen. Else the return of the next, if its entry is not
 * seen, would be taken for the return of this one. */
static __always_inline void probe_forget(enum probed function)
{
	struct probed_key key = { bpf_get_current_pid_tgid(), function };

	bpf_map_delete_elem(&probed_calls, &key);
}

SEC("kprobe/inet_hash_connect")
int BPF_KPROBE(kprobe_connect4, void *death_row, struct sock *sk)
{
	struct probed_call call = { .sk = sk };

	function_entry_connect(sk);
	probe_enter(PROBED_CONNECT, &call);
	return 0;
}

SEC("kprobe/inet6_hash_connect")
int BPF_KPROBE(kprobe_connect6, void *death_row, struct sock *sk)
{
	struct probed_call call = { .sk = sk };

	function_entry_connect(sk);
	probe_enter(PROBED_CONNECT, &call);
	return 0;
}

SEC("kretprobe/inet_hash_connect")
int BPF_KRETPROBE(kretprobe_connect4, int ret)
{
	struct probed_call call;

	if (probe_leave(PROBED_CONNECT, &call))
		function_exit_connect(call.sk, ret);
	return 0;
}

SEC("kretprobe/inet6_hash_connect")
int BPF_KRETPROBE(kretprobe_connect6, int ret)
{
	struct probed_call call;

	if (exits_are_shared) {
		bpf_tail_call(ctx, &shared_connect, 0);
		return 0;
	}
	if (probe_leave(PROBED_CONNECT, &call))
		function_exit_connect(call.sk, ret);
	return 0;
}

SEC("kprobe/__inet_bind")
int BPF_KPROBE(kprobe_bind4, struct sock *sk, void *address, int len, __u32 flags)
{
	struct probed_call call = {
		.sk = sk,
		.address = address,
		.len = (__u32)len,
		.more = flags,
	};

	if (!binds_by_cgroup)
		check_begin_bind(sk, address);
	probe_enter(PROBED_BIND, &call);
	return 0;
}

SEC("kprobe/__inet6_bind")
int BPF_KPROBE(kprobe_bind6, struct sock *sk, void *address, int len, __u32 flags)
{
	struct probed_call call = {
		.sk = sk,
		.address = address,
		.len = (__u32)len,
		.more = flags,
	};

	if (!binds_by_cgroup)
		check_begin_bind(sk, address);
	probe_enter(PROBED_BIND, &call);
	return 0;
}

SEC("kretprobe/__inet_bind")
int BPF_KRETPROBE(kretprobe_bind4, int ret)
{
	struct probed_call call;

	if (probe_leave(PROBED_BIND, &call) && !claimed_by_cgroup(ret, call.more))
		function_exit_bind(call.sk, call.address, (int)call.len, ret);
	return 0;
}

SEC("kretprobe/__inet6_bind")
int BPF_KRETPROBE(kretprobe_bind6, int ret)
{
	struct probed_call call;

	if (exits_are_shared) {
		bpf_tail_call(ctx, &shared_bind, 0);
		return 0;
	}
	if (probe_leave(PROBED_BIND, &call) && !claimed_by_cgroup(ret, call.more))
		function_exit_bind(call.sk, call.address, (int)call.len, ret);
	return 0;
}

SEC("kprobe/__sys_bind")
int BPF_KPROBE(kprobe_sys_bind, int fd, void *address, int len)
{
	struct probed_call call = { .address = address, .len = (__u32)len, .more = (__u32)fd };

	probe_enter(PROBED_SYS_BIND, &call);
	return 0;
}

SEC("kretprobe/__sys_bind")
int BPF_KRETPROBE(kretprobe_sys_bind, int ret)
{
	struct probed_call call;

	if (probe_leave(PROBED_SYS_BIND, &call))
		function_exit_sys_bind(call.more, call.address, call.len, ret);
	return 0;
}

SEC("kprobe/__sys_bind_socket")
int BPF_KPROBE(kprobe_bind_socket, struct socket *socket, void *address, int len)
{
	struct probed_call call = { .sk = socket, .address = address, .len = (__u32)len };

	probe_enter(PROBED_BIND_SOCKET, &call);
	return 0;
}

SEC("kretprobe/__sys_bind_socket")
int BPF_KRETPROBE(kretprobe_bind_socket, int ret)
{
	struct probed_call call;

	if (probe_leave(PROBED_BIND_SOCKET, &call))
		function_exit_bind_socket(call.sk, call.address, (int)call.len, ret);
	return 0;
}

SEC("kprobe/inet_csk_listen_start")
int BPF_KPROBE(kprobe_listen, struct sock *sk)
{
	struct probed_call call = { .sk = sk };

	check_begin_listen(sk);
	probe_enter(PROBED_LISTEN, &call);
	return 0;
}

SEC("kretprobe/inet_csk_listen_start")
int BPF_KRETPROBE(kretprobe_listen, int ret)
{
	struct probed_call call;

	if (probe_leave(PROBED_LISTEN, &call))
		function_exit_listen(call.sk, ret);
	return 0;
}

SEC("kprobe/inet_bind_conflict")
int BPF_KPROBE(kprobe_conflict, struct sock *sk, struct sock *sk2)
{
	check_compare(sk, sk2);
	return 0;
}

SEC("kretprobe/inet_bind_conflict")
int BPF_KRETPROBE(kretprobe_conflict, int ret)
{
	check_compared(ret);
	return 0;
}

SEC("kprobe/inet_rcv_saddr_equal")
int BPF_KPROBE(kprobe_saddr_equal, struct sock *sk, struct sock *sk2)
{
	check_compare(sk, sk2);
	return 0;
}

SEC("kretprobe/inet_rcv_saddr_equal")
int BPF_KRETPROBE(kretprobe_saddr_equal, int ret)
{
	check_compared(ret);
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
		function_exit_autobind(call.sk, ret);
	return 0;
}

#endif
