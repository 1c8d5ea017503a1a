/* SPDX-License-Identifier: GPL-2.0-only */
/* This header reads one socket, full or TIME_WAIT, into a struct pc_socket_record. */
#ifndef PORTCLASH_SOCKET_BPF_H
#define PORTCLASH_SOCKET_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"
#include "jiffies.bpf.h"

#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_MPTCP 262 /* needs 16 bits: 6 when cut to 8 */
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_DEAD_BIT 0 /* enum sock_flags */
#define S_IFMT 00170000
#define S_IFSOCK 0140000

/* The places in which sock_of() writes, by the low bits of the thread's id. */
#define SOCK_COPIES 256

static __u64 sock_copies[SOCK_COPIES];

/* Gives the socket of a cgroup hook as a number, from which a probe may read: the verifier forbids to follow the
 * pointer. What is read from a map is a number. A probe read of the pointer is dearer, and is made only if another
 * thread has written there meanwhile. */
static __always_inline struct sock *sock_of(struct bpf_sock *known, __u64 id)
{
	__u64 *copy = &sock_copies[(__u32)id & (SOCK_COPIES - 1)], number;
	struct sock *read = NULL;

	*(struct bpf_sock *volatile *)copy = known;
	number = *(volatile __u64 *)copy;
	if (number == (__u64)known)
		return (struct sock *)number;
	bpf_probe_read_kernel(&read, sizeof(read), &known);
	return read;
}

/* Gives the protocol as portclash knows it; 0: portclash does not watch this one. */
static __always_inline __u8 protocol_of(__u16 protocol)
{
	if (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP)
		return PC_PROTO_TCP;
	if (protocol == IPPROTO_UDP)
		return PC_PROTO_UDP;
	return 0;
}

/* Gives the protocol of a full socket; 0 also for a raw socket, whose protocol can be TCP or UDP and
 * whose "port" (skc_num) is the protocol. */
static __always_inline __u8 socket_protocol(const struct sock *sk)
{
	if (BPF_CORE_READ(sk, sk_type) == SOCK_RAW)
		return 0;
	return protocol_of(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol));
}

static __always_inline bool family_watched(__u16 family)
{
	return family == PC_FAMILY_V4 || family == PC_FAMILY_V6;
}

/* The first bytes of a socket, where kernels have ten of the fields below, come by one probe read. Each read apart would
 * take some 75 instructions. */
struct socket_head {
	__u64 words[3];
};

#define IN_HEAD(offset, size) ((offset) + (size) <= sizeof(struct socket_head))

/* Takes a field of struct sock_common from the first bytes, or from the socket if the kernel has it elsewhere. */
#define HEAD_READ(head, skc, field)                                                              \
	({                                                                                       \
		typeof(((struct sock_common *)0)->field) value_;                                 \
		__u32 at_ = bpf_core_field_offset(struct sock_common, field);                    \
		if (IN_HEAD(at_, sizeof(value_)))                                                \
			value_ = *(const volatile typeof(value_) *)((const void *)(head) + at_); \
		else                                                                             \
			value_ = BPF_CORE_READ(skc, field);                                      \
		value_;                                                                          \
	})

#define HEAD_READ_BITFIELD(head, skc, field)                                                 \
	(IN_HEAD(__CORE_RELO(skc, field, BYTE_OFFSET), __CORE_RELO(skc, field, BYTE_SIZE)) ? \
		 BPF_CORE_READ_BITFIELD((const struct sock_common *)(head), field) :         \
		 BPF_CORE_READ_BITFIELD_PROBED(skc, field))

static __always_inline void socket_read_addresses(struct pc_socket_record *s,
						  const struct sock_common *skc,
						  const struct socket_head *head)
{
	__be32 remote;

	s->v4_address = HEAD_READ(head, skc, skc_rcv_saddr);
	if (s->family == PC_FAMILY_V6) {
		compat_v6_local(s->local, skc);
		compat_v6_remote(s->remote, skc);
	} else {
		remote = HEAD_READ(head, skc, skc_daddr);
		__builtin_memcpy(s->local, &s->v4_address, 4);
		__builtin_memcpy(s->remote, &remote, 4);
	}
}

/* Reads the part that full and TIME_WAIT sockets share. */
static __always_inline void socket_read_common(struct pc_socket_record *s,
					       const struct sock_common *skc)
{
	struct socket_head head;

	bpf_probe_read_kernel(&head, sizeof(head), skc);
	s->cookie = BPF_CORE_READ(skc, skc_cookie.counter);
	s->ifindex = HEAD_READ(&head, skc, skc_bound_dev_if);
	s->netns = BPF_CORE_READ(skc, skc_net.net, ns.inum);
	s->lport = HEAD_READ(&head, skc, skc_num);
	s->rport = __builtin_bswap16(HEAD_READ(&head, skc, skc_dport));
	s->family = HEAD_READ(&head, skc, skc_family);
	s->state = HEAD_READ(&head, skc, skc_state);
	s->reuse = HEAD_READ_BITFIELD(&head, skc, skc_reuse);
	s->flags = 0;
	if (HEAD_READ_BITFIELD(&head, skc, skc_reuseport))
		s->flags |= PC_SOCKET_REUSEPORT;
	if (HEAD_READ_BITFIELD(&head, skc, skc_ipv6only))
		s->flags |= PC_SOCKET_V6ONLY;
	socket_read_addresses(s, skc, &head);
}

static __always_inline void socket_read_full(struct pc_socket_record *s, const struct sock *sk)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);

	s->uid = BPF_CORE_READ(sk, sk_uid.val);
	s->proto = protocol_of(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol));
	s->userlocks = BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks);
	if (BPF_CORE_READ(sk, __sk_common.skc_flags) & (1 << SOCK_DEAD_BIT))
		s->flags |= PC_SOCKET_DEAD;
	if (BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol) == IPPROTO_MPTCP)
		s->flags |= PC_SOCKET_MPTCP;
	if (BPF_CORE_READ(sk, sk_reuseport_cb))
		s->flags |= PC_SOCKET_REUSEPORT_CB;
	if (!socket) {
		s->flags |= PC_SOCKET_ORPHAN;
		return;
	}

	struct file *file = BPF_CORE_READ(socket, file);

	if (file)
		s->inode = BPF_CORE_READ(file, f_inode, i_ino);
	else
		s->flags |= PC_SOCKET_NO_FILE;
}

/* Reads a socket. A TIME_WAIT socket shares nothing but sock_common with the socket that it was:
 * sk_socket, sk_uid and sk_userlocks must not be read from it. */
static __noinline int socket_read(struct pc_socket_record *s, const struct sock *sk)
{
	if (!s)
		return 0;
	socket_read_common(s, &sk->__sk_common);
	if (s->state == PC_STATE_TIME_WAIT) {
		const struct inet_timewait_sock *tw = (const void *)sk;

		s->proto = PC_PROTO_TCP;
		s->substate = BPF_CORE_READ(tw, tw_substate);
		if (s->substate == PC_STATE_TIME_WAIT)
			s->seconds_left = seconds_until(BPF_CORE_READ(tw, tw_timer.expires));
		if (compat_tw_connect(tw))
			s->flags |= PC_SOCKET_TW_CONNECT;
		return 0;
	}
	socket_read_full(s, sk);
	return 0;
}

/* Finds the socket of any kind behind a file, or NULL. */
static __always_inline struct sock *any_socket_of_file(struct file *file)
{
	struct socket *socket;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

static __always_inline bool socket_is_watched(const struct sock *sk)
{
	return family_watched(BPF_CORE_READ(sk, __sk_common.skc_family)) && socket_protocol(sk);
}

/* Finds the IPv4 or IPv6 TCP or UDP socket behind a file, or NULL. */
static __always_inline struct sock *socket_of_file(struct file *file)
{
	struct sock *sk = any_socket_of_file(file);

	return sk && socket_is_watched(sk) ? sk : NULL;
}

/* Gives the files of the current task by their descriptors, and the number of places for them. */
static __always_inline struct file **files_of_task(__u32 *count)
{
	struct task_struct *task;
	struct fdtable *fdt;

	if (compat_direct()) {
		fdt = bpf_get_current_task_btf()->files->fdt;
		*count = fdt->max_fds;
		return fdt->fd;
	}
	task = (void *)bpf_get_current_task();
	fdt = BPF_CORE_READ(task, files, fdt);
	*count = BPF_CORE_READ(fdt, max_fds);
	return BPF_CORE_READ(fdt, fd);
}

/* Finds the file behind a descriptor of the current task. */
static __always_inline struct file *file_of_fd_here(__u32 fd)
{
	struct file *file = NULL, **files;
	__u32 count;

	files = files_of_task(&count);
	if (fd >= count || bpf_probe_read_kernel(&file, sizeof(file), &files[fd]))
		return NULL;
	return file;
}

static __noinline struct file *file_of_fd(__u32 fd)
{
	return file_of_fd_here(fd);
}

/* Finds the TCP or UDP socket behind a descriptor of the current task. */
static __always_inline struct sock *socket_of_fd(__u32 fd)
{
	return socket_of_file(file_of_fd(fd));
}

#endif
