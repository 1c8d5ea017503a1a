/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel types of programs on sysctls; see vmlinux.h. */
#ifndef PORTCLASH_VMLINUX_SYSCTL_H
#define PORTCLASH_VMLINUX_SYSCTL_H

#include "vmlinux.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ctl_table {
	void *data;
};

/* What lies behind the context of a program on sysctls. */
struct bpf_sysctl_kern {
	const struct ctl_table *table;
};

#pragma clang attribute pop

/* uapi context: a fixed layout, not relocated. */
struct bpf_sysctl {
	__u32 write;
	__u32 file_pos;
};

#endif
