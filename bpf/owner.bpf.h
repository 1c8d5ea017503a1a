/* SPDX-License-Identifier: GPL-2.0-only */
/* Which process has a socket open: one pass over all open socket files, every network
 * namespace at once. */
#ifndef PORTCLASH_OWNER_BPF_H
#define PORTCLASH_OWNER_BPF_H

#include "process.bpf.h"
#include "socket.bpf.h"

static __always_inline bool is_wanted(__u64 key)
{
	__u32 slot = PC_WANTED_SLOT(key);

	for (__u32 i = 0; i < PC_WANTED_PROBES; i++) {
		__u64 found = wanted_sockets[(slot + i) & (PC_WANTED_SLOTS - 1)];

		if (!found)
			return false;
		if (found == key)
			return true;
	}
	return false;
}

/* By what the keys are made of alone: most open sockets are not wanted, and reading all of one
 * takes thirty probe reads. */
static __always_inline bool owner_wanted(const struct sock *sk, const struct file *file)
{
	__u64 cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	__u16 lport = BPF_CORE_READ(sk, __sk_common.skc_num);

	if (wanted_all || is_wanted(pc_wanted_inode(BPF_CORE_READ(file, f_inode, i_ino))))
		return true;
	if (cookie && is_wanted(cookie))
		return true;
	return lport &&
	       protocol_of(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol)) == PC_PROTO_TCP &&
	       is_wanted(pc_wanted_ports(
		       lport, __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport))));
}

/* Makes a cookie, if the socket never had one and the kernel lets us (5.12+; `sk` must be a
 * BTF pointer, which it is from 5.11 on). */
static __always_inline void owner_name_socket(struct sock *sk)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_check_mtu))
		bpf_get_socket_cookie(sk);
}

static __always_inline void owner_report(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct pc_owner o = {};
	struct sock *sk;

	if (!task || !file)
		return;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return;
	sk = compat_file_sock(file);
	if (!sk || !family_watched(BPF_CORE_READ(sk, __sk_common.skc_family)) ||
	    !protocol_of(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol)))
		return;
	owner_name_socket(sk);
	if (!owner_wanted(sk, file))
		return;
	read_socket(&o.socket, sk);
	o.header.type = PC_RECORD_OWNER;
	o.header.size = sizeof(o);
	process_key(task, &o.process);
	o.fd = ctx->fd;
	bpf_probe_read_kernel(o.comm, sizeof(o.comm), &BPF_CORE_READ(task, group_leader)->comm);
	bpf_seq_write(ctx->meta->seq, &o, sizeof(o));
}

#endif
