/* SPDX-License-Identifier: GPL-2.0-only */
/* User space names the open sockets that it wants. For each of them, a record says which process has it open. */
#ifndef PORTCLASH_OWNER_BPF_H
#define PORTCLASH_OWNER_BPF_H

#include "process.bpf.h"
#include "socket.bpf.h"
#include "unix.bpf.h"

static __always_inline bool key_is_wanted(__u64 key)
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

/* Is this socket wanted? The answer reads only what the keys are made of: most open sockets are not
 * wanted, and reading all of a socket takes thirty probe reads. */
static __always_inline bool owner_wanted(const struct sock *sk, const struct file *file)
{
	__u64 cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	__u16 lport = BPF_CORE_READ(sk, __sk_common.skc_num);

	if (wanted_all || key_is_wanted(pc_wanted_inode(BPF_CORE_READ(file, f_inode, i_ino))))
		return true;
	if (cookie && key_is_wanted(cookie))
		return true;
	return lport &&
	       protocol_of(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol)) == PC_PROTO_TCP &&
	       key_is_wanted(pc_wanted_ports(
		       lport, __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport))));
}

/* Fills the record's socket if this Unix socket is wanted. */
static __noinline bool owner_take_unix(struct pc_socket_record *s, const struct sock *sk,
				       const struct file *file, struct task_struct *task)
{
	struct pc_unix_bound bound = {};

	if (!s || BPF_CORE_READ(sk, __sk_common.skc_family) != PC_FAMILY_UNIX ||
	    !unix_read(sk, &bound))
		return false;
	if (!(bound.file && key_is_wanted(pc_wanted_unix_file(bound.file))) &&
	    !(bound.name && key_is_wanted(bound.name)))
		return false;
	bound.mntns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	s->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	s->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	s->inode = BPF_CORE_READ(file, f_inode, i_ino);
	s->uid = BPF_CORE_READ(sk, sk_uid.val);
	s->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	s->substate = BPF_CORE_READ(sk, sk_type);
	s->family = PC_FAMILY_UNIX;
	s->proto = PC_PROTO_UNIX;
	__builtin_memcpy(s->local, &bound, sizeof(s->local));
	__builtin_memcpy(s->remote, (char *)&bound + sizeof(s->local), sizeof(s->remote));
	return true;
}

static __always_inline void owner_head(struct pc_owner_record *o, struct task_struct *task,
				       __u32 fd)
{
	o->header.type = PC_RECORD_OWNER;
	o->header.size = sizeof(*o);
	process_key(task, &o->process);
	o->fd = fd;
	o->pad = 0;
	bpf_probe_read_kernel(o->comm, sizeof(o->comm), &BPF_CORE_READ(task, group_leader)->comm);
}

#endif
