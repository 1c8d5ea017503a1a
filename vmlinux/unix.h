/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel types of Unix sockets, and of the directories by which their paths are found; see
 * vmlinux.h. */
#ifndef PORTCLASH_VMLINUX_UNIX_H
#define PORTCLASH_VMLINUX_UNIX_H

#include "vmlinux.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct super_block {
	__u32 s_dev;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

struct sockaddr_un {
	unsigned short sun_family;
	char sun_path[108];
};

struct unix_address {
	int len; /* of the name, with its two bytes of family */
	struct sockaddr_un name[];
};

struct unix_sock {
	struct sock sk;
	struct unix_address *addr;
	struct path path;
};

#pragma clang attribute pop

#endif
