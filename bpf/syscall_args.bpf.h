/* SPDX-License-Identifier: GPL-2.0-only */
/* This header reads the arguments of the system call under way. At its exit they are still in the
 * user's registers. What they point to can be changed by another thread after the kernel has copied it: so
 * the kernel's own copy, or the socket, is asked where there is one. */
#ifndef PORTCLASH_SYSCALL_ARGS_BPF_H
#define PORTCLASH_SYSCALL_ARGS_BPF_H

#include "arch.bpf.h"
#include "refusal.bpf.h"

/* Is the pointer to the user's registers one of BTF? 5.15 and newer have a helper that gives it. */
static __always_inline bool regs_are_typed(void)
{
	return kernel_types &&
	       bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs);
}

/* Finds the user's registers of the current system call, which are at the end of the stack. */
static __always_inline struct pt_regs *syscall_regs(__u32 page_size)
{
	struct task_struct *task;

	if (regs_are_typed())
		return (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	task = (void *)bpf_get_current_task();
	return stack_user_regs(BPF_CORE_READ(task, stack), page_size);
}

/* Gives the descriptor that the call is about: its first argument. */
static __always_inline __u32 syscall_fd(struct pt_regs *regs)
{
	return (__u32)(regs_are_typed() ? PT_REGS_PARM1_SYSCALL(regs) :
					  PT_REGS_PARM1_CORE_SYSCALL(regs));
}

static __always_inline struct sock *syscall_socket(struct pt_regs *regs)
{
	return socket_of_fd(syscall_fd(regs));
}

/* Reads the address, which is the user's memory, into the request. */
static __always_inline bool user_read_address(const void *address, __u32 len,
					      struct port_request *request)
{
	if (len < sizeof(struct sockaddr_in))
		return false;
	if (len >= sizeof(request->address) &&
	    bpf_probe_read_user(&request->address, sizeof(request->address), address) == 0)
		return true;
	return bpf_probe_read_user(&request->address, sizeof(struct sockaddr_in), address) == 0;
}

/* Finds the socket that a call is about in the kernel: of MPTCP the first subflow. */
static __always_inline const struct sock *acting_socket(const struct sock *sk)
{
	return compat_connecting(sk,
				 BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol) == IPPROTO_MPTCP);
}

/* Was the descriptor's socket another one when the call began? Another thread can close a descriptor, and
 * open another socket by its number. */
static __always_inline bool bind_was_of_another(const struct sock *sk)
{
	const struct check *seen = check_from_hook();

	return seen && seen->asking != acting_socket(sk);
}

/* Is the note of this thread, if it has one, of the socket behind the descriptor? The bind() of another family makes none: the
 * note is that of an earlier bind() then, whose refusal is still to be told. */
static __noinline int note_is_of_descriptor(__u32 fd)
{
	struct sock *sk;

	if (!check_noted())
		return true;
	sk = socket_of_fd(fd);
	return sk && !bind_was_of_another(sk);
}

/* Reads the address of a bind() into the request: the kernel's copy, or, where no program on a cgroup
 * hook saw it, the user's memory. */
static __always_inline bool bind_read_address(const void *address, __u32 len,
					      struct port_request *request)
{
	const struct check *seen = check_from_hook();

	if (!seen)
		return user_read_address(address, len, request);
	request->address = seen->note.wanted;
	return true;
}

/* Reads the same of the call under way. The address is its second argument, and the length the
 * third. */
static __always_inline bool syscall_read_address(struct pt_regs *regs, struct port_request *request)
{
	return user_read_address((void *)PT_REGS_PARM2_CORE_SYSCALL(regs),
				 (__u32)PT_REGS_PARM3_CORE_SYSCALL(regs), request);
}

/* The calls that can connect a socket. */
enum connecting_call { BY_CONNECT, BY_SENDTO, BY_SENDMSG, BY_SENDMMSG };

/* Gives the call of this number, of which newer kernels leave the upper half as it was in memory (struct syscall_tp_t). The
 * exit of no other one comes here. */
static __always_inline enum connecting_call call_that_connects(long number)
{
	switch ((__u32)number) {
	case CALL_SENDTO:
		return BY_SENDTO;
	case CALL_SENDMSG:
		return BY_SENDMSG;
	case CALL_SENDMMSG:
		return BY_SENDMMSG;
	default:
		return BY_CONNECT;
	}
}

/* The head of struct user_msghdr. */
struct message_name {
	const void *name;
	__u32 len;
};

/* Reads the address that one of these calls was to connect to. A sendmmsg() does not say which of its
 * messages failed; the first has to connect. */
static __always_inline bool syscall_read_destination(struct pt_regs *regs, __u8 by,
						     struct port_request *request)
{
	struct message_name message = {};

	if (by == BY_CONNECT)
		return syscall_read_address(regs, request);
	if (by == BY_SENDTO)
		return user_read_address((void *)PT_REGS_PARM5_CORE_SYSCALL(regs),
					 (__u32)call_sixth_argument(regs), request);
	return !bpf_probe_read_user(&message, sizeof(message),
				    (void *)PT_REGS_PARM2_CORE_SYSCALL(regs)) &&
	       user_read_address(message.name, message.len, request);
}

#endif
