/* SPDX-License-Identifier: GPL-2.0-only */
/* The fentry and kprobe back ends call these functions. Both hook the same kernel functions, whose
 * signatures are the same from 5.10 to 7.2, and differ only in how the arguments arrive.
 *
 *   inet_hash_connect, inet6_hash_connect   entry: connect() is about to choose a port
 *                                           exit: it found none, or the connection exists
 *   __inet_bind, __inet6_bind               exit: bind() succeeded or was refused, whether a system
 *                                           call, io_uring or the kernel made it
 *   __sys_bind                              exit: a security module or a program on a cgroup refused
 *                                           bind() before __inet_bind() was called, the exit of
 *                                           __inet_bind() was not seen, or bind() of another family
 *                                           was refused
 *   __sys_bind_socket                       exit: a security module or a program on a cgroup refused a
 *                                           bind() of io_uring, which calls no __sys_bind(); only where
 *                                           io_uring can bind (6.11+)
 *   inet_csk_listen_start                   exit: listen() succeeded or was refused; some stable
 *                                           5.10 and 5.15 kernels return 0 from a refused listen()
 *                                           (before fdaf88531cfd), and leave the socket in CLOSE
 *   inet_autobind                           exit: a UDP socket got a port without a bind()
 *   inet_bind_conflict, inet_rcv_saddr_equal  exit: which socket blocks (blocker.bpf.h) */
#ifndef PORTCLASH_FUNCTION_EXIT_BPF_H
#define PORTCLASH_FUNCTION_EXIT_BPF_H

#include "arch.bpf.h"
#include "claim.bpf.h"
#include "connect_note.bpf.h"
#include "foreign.bpf.h"
#include "syscall_args.bpf.h"

#define BIND_FROM_BPF 4 /* include/net/inet_common.h */

/* Records a claim: function_exit_claim() for a number. */
GLOBAL int function_exit_claim_of(__u64 socket, __u8 how)
{
	const struct sock *sk = (const struct sock *)socket;
	struct claim_args a = { .how = how };

	if (!sk)
		return 0;
	a.cookie = claim_cookie(sk);
	a.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	a.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	a.proto = protocol_of(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol));
	a.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (a.proto == PC_PROTO_TCP && how == PC_HOW_AUTOBIND)
		a.flags = PC_CLAIM_IF_NEW;
	/* With IP_BIND_ADDRESS_NO_PORT, bind() took an address only. */
	if (!a.port || is_kernel_socket(sk))
		return 0;
	claim_unless_known(&a, false);
	/* connect() of UDP chooses the address after the port. Sinks that print claims ask for it
	 * later. */
	if (a.proto == PC_PROTO_UDP && how == PC_HOW_AUTOBIND)
		return 0;
	claim_endpoints(sk, a.cookie, BPF_CORE_READ(sk, __sk_common.skc_state));
	return 0;
}

static __always_inline void function_exit_claim(const struct sock *sk, __u8 how)
{
	function_exit_claim_of(pointer_number(sk), how);
}

/* Records the claim of a connect(), as claim_connect() does, but `sk` need not be a BTF pointer. */
static __always_inline void function_entry_connect(const struct sock *sk)
{
	struct claim_args a = {
		.how = PC_HOW_CONNECT,
		.proto = PC_PROTO_TCP,
		.flags = PC_CLAIM_PORT_LATER,
	};

	if (BPF_CORE_READ(sk, __sk_common.skc_num) || !socket_is_watched(sk) ||
	    is_kernel_socket(sk))
		return;
	a.cookie = claim_cookie(sk);
	a.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	a.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	claim_record(&a);
}

/* The sockets whose denied bind() was recorded inside it, by pid_tgid: its exit need not do so again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u64);
} recorded_denials SEC(".maps");

static __always_inline bool is_denial(long ret)
{
	return ret == -EACCES || ret == -EPERM;
}

static __always_inline void denial_note(const struct sock *sk)
{
	__u64 id = bpf_get_current_pid_tgid(), value = (__u64)acting_socket(sk);

	bpf_map_update_elem(&recorded_denials, &id, &value, BPF_ANY);
}

static __always_inline bool denial_is_noted(const struct sock *sk)
{
	__u64 id = bpf_get_current_pid_tgid(), *value = bpf_map_lookup_elem(&recorded_denials, &id);
	bool is = value && *value == (__u64)acting_socket(sk);

	if (value)
		bpf_map_delete_elem(&recorded_denials, &id);
	return is;
}

/* Records a failed bind() in three cases: denied before __inet_bind(); its note shows that no program saw
 * the exit of __inet_bind(); or of another family. `address` is the user's memory. If the descriptor has
 * another socket by now, the note stays and is told late. */
static __noinline int function_exit_failed(__u32 fd, const void *address, __u32 len, long ret)
{
	struct port_request request = { .op = PC_OP_BIND };
	struct sock *sk;

	exit_begin();
	if (ret == -EADDRINUSE)
		foreign_refused(fd, pointer_number(address), len, ret);
	if (!refusal_error(ret) && note_is_of_descriptor(fd))
		check_end();
	if (!is_denial(ret) && !(refusal_error(ret) && check_noted()))
		goto out;
	sk = socket_of_fd(fd);
	if (!sk || denial_is_noted(sk))
		goto out;
	if (bind_was_of_another(sk) || !bind_read_address(address, len, &request)) {
		stat_count(PC_STAT_ARGUMENTS_MISSING);
		goto out;
	}
	refusal_record(sk, &request, ret);
out:
	exit_end();
	return 0;
}

/* Takes the exit of a bind() that failed. */
static __always_inline void function_exit_sys_bind(__u32 fd, const void *address, __u32 len,
						   long ret)
{
	if (ret)
		function_exit_failed(fd, address, len, ret);
}

/* Reads the address of a bind() from kernel memory, to where the system call copied it. */
static __always_inline void kernel_read_address(const void *address, int len,
						struct port_request *request)
{
	if (len >= (int)sizeof(request->address))
		bpf_probe_read_kernel(&request->address, sizeof(request->address), address);
	else
		bpf_probe_read_kernel(&request->address, sizeof(struct sockaddr_in), address);
}

/* Does the current thread act for io_uring? A worker has no system call of its own. */
static __always_inline bool acts_for_uring(void)
{
	const struct task_struct *task = (const void *)bpf_get_current_task();

	return BPF_CORE_READ(task, flags) & PF_IO_WORKER ||
	       call_number(syscall_regs(config.page_size)) == CALL_URING_ENTER;
}

/* Records a bind() that was denied, if it was not recorded inside. `address` is the kernel's copy. If the compiler has not put
 * this function into __sys_bind(), that bind() of a system call comes here, too, and the exit of __sys_bind() asks for the note. */
static __noinline int function_exit_bind_socket(const struct socket *socket, const void *address,
						int len, long ret)
{
	struct port_request request = { .op = PC_OP_BIND };
	const struct sock *sk;

	if (!is_denial(ret) || !socket)
		return 0;
	sk = BPF_CORE_READ(socket, sk);
	if (!sk || !socket_is_watched(sk) || len < (int)sizeof(struct sockaddr_in))
		return 0;
	if (!denial_is_noted(sk)) {
		kernel_read_address(address, len, &request);
		refusal_record(sk, &request, ret);
	}
	if (!acts_for_uring())
		denial_note(sk);
	return 0;
}

/* Has a program on a cgroup recorded the claim of this bind()? It has taken the note away then. No such
 * program is asked at a bind() by another program (bpf_bind()). */
static __always_inline bool claimed_by_cgroup(long ret, __u32 flags)
{
	return ret == 0 && binds_by_cgroup && !(flags & BIND_FROM_BPF) && check_was_claimed();
}

/* Records the claim or the refusal of a bind(): function_exit_bind() for numbers. */
GLOBAL int function_exit_bind_of(__u64 socket, __u64 address, int len, long ret)
{
	struct port_request request = { .op = PC_OP_BIND };
	const struct sock *sk = (const struct sock *)socket;

	if (!sk)
		return 0;
	exit_begin();
	if (!socket_is_watched(sk) || (ret && !refusal_error(ret)))
		goto out;
	kernel_read_address((const void *)address, len, &request);
	if (ret == 0)
		function_exit_claim(sk, request.address.sin6_port ? PC_HOW_BIND : PC_HOW_BIND_ZERO);
	else
		refusal_record(sk, &request, ret);
	if (is_denial(ret))
		denial_note(sk);
out:
	check_end();
	exit_end();
	return 0;
}

/* The same. `address` is kernel memory: bind() copied it in. */
static __always_inline void function_exit_bind(const struct sock *sk, const void *address, int len,
					       long ret)
{
	function_exit_bind_of(pointer_number(sk), pointer_number(address), len, ret);
}

/* Was this listen() refused for want of its port? inet_csk_listen_start() can fail for want of memory, too. */
static __always_inline bool listen_was_refused(__u8 state, long ret)
{
	return ret == -EADDRINUSE || (ret >= 0 && state != PC_STATE_LISTEN);
}

/* Records the claim or the refusal of a listen(). */
static __noinline int function_exit_listen(const struct sock *sk, long ret)
{
	struct port_request request = { .op = PC_OP_LISTEN };

	if (!sk || !socket_is_watched(sk))
		return 0;
	if (listen_was_refused(BPF_CORE_READ(sk, __sk_common.skc_state), ret))
		refusal_record(sk, &request, -EADDRINUSE);
	else if (ret == 0 && listen_may_autobind(sk))
		function_exit_claim(sk, PC_HOW_AUTOBIND);
	check_end_listen();
	return 0;
}

/* Is there anything to record of a connect() with this result? */
static __always_inline bool function_exit_connect_tells(long ret)
{
	return ret == -EADDRNOTAVAIL ||
	       (ret == 0 && config.with_protected && !config.with_endpoints);
}

static __noinline int function_exit_connected(const struct sock *sk)
{
	if (sk)
		claim_endpoints(sk, claim_cookie(sk), PC_STATE_SYN_SENT);
	return 0;
}

/* Records a connect() that found no port. The socket still has the address that it was to be connected to. */
static __noinline int function_exit_no_port(const struct sock *sk, long ret)
{
	struct port_request request = { .op = PC_OP_CONNECT };
	struct sockaddr_in *v4 = (void *)&request.address;

	if (!sk || !socket_is_watched(sk))
		return 0;
	request.address.sin6_family = BPF_CORE_READ(sk, __sk_common.skc_family);
	request.address.sin6_port = BPF_CORE_READ(sk, __sk_common.skc_dport);
	if (request.address.sin6_family == PC_FAMILY_V6)
		compat_v6_remote(request.address.sin6_addr, &sk->__sk_common);
	else
		v4->sin_addr = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	refusal_record(sk, &request, ret);
	return 0;
}

/* Takes the exit of a connect() of TCP. One that found a port sends both its ends, if they are wanted. */
static __always_inline void function_exit_connect(const struct sock *sk, long ret)
{
	connect_note_end();
	if (!function_exit_connect_tells(ret))
		return;
	if (ret == 0)
		function_exit_connected(sk);
	else
		function_exit_no_port(sk, ret);
}

/* Records the refusal of a UDP socket that had no bind(). Both connect() and sends call
 * inet_autobind(), and only the number of the system call tells them apart. */
static __noinline int function_exit_no_autobind(const struct sock *sk)
{
	struct pt_regs *regs = syscall_regs(config.page_size);
	struct port_request request = { .op = PC_OP_SEND };

	if (!sk)
		return 0;
	if (call_number(regs) == CALL_CONNECT) {
		request.op = PC_OP_CONNECT;
		syscall_read_address(regs, &request);
	}
	refusal_record(sk, &request, -EAGAIN);
	return 0;
}

static __always_inline void function_exit_autobind(const struct sock *sk, long ret)
{
	connect_note_end();
	if (!socket_is_watched(sk))
		return;
	if (ret == 0)
		function_exit_claim(sk, PC_HOW_AUTOBIND);
	else if (ret == -EAGAIN)
		function_exit_no_autobind(sk);
}

#endif
