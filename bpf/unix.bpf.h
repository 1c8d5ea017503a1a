/* SPDX-License-Identifier: GPL-2.0-only */
/* This header reads what a Unix socket is bound to: a file, or a name that is no path. */
#ifndef PORTCLASH_UNIX_BPF_H
#define PORTCLASH_UNIX_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"
#include "unix.h"

#define UNIX_FAMILY_LEN 2 /* a name begins with the two bytes of its address family */

/* Gives the key of the socket's name; 0: it has none. */
static __noinline __u64 unix_name_key(const struct unix_sock *u)
{
	struct unix_address *address = BPF_CORE_READ(u, addr);
	__u64 words[PC_UNIX_WORDS] = {};
	const void *name;
	__u32 len;

	if (!address)
		return 0;
	len = BPF_CORE_READ(address, len) - UNIX_FAMILY_LEN;
	if (!len || len > PC_UNIX_NAME + 1)
		return 0;
	/* The kernel ends a path of 108 bytes with a NUL of its own. */
	if (len > PC_UNIX_NAME)
		len = PC_UNIX_NAME;
	name = (void *)address + bpf_core_field_offset(struct unix_address, name);
	if (bpf_probe_read_kernel(words, len, name + UNIX_FAMILY_LEN))
		return 0;
	return pc_wanted_unix_name(words, *(char *)words ? 0 : len);
}

/* Reads into `out` what the socket is bound to. False: this kernel's Unix sockets are not known. */
static __always_inline bool unix_read(const struct sock *sk, struct pc_unix_bound *out)
{
	const struct unix_sock *u = (const void *)sk;
	struct dentry *dentry;

	if (!bpf_core_field_exists(u->addr) || !bpf_core_field_exists(u->path))
		return false;
	out->name = unix_name_key(u);
	dentry = BPF_CORE_READ(u, path.dentry);
	if (dentry) {
		out->file = BPF_CORE_READ(dentry, d_inode, i_ino);
		out->device = BPF_CORE_READ(dentry, d_sb, s_dev);
	}
	return true;
}

#endif
