/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel types of credentials and user namespaces; see vmlinux.h. */
#ifndef PORTCLASH_VMLINUX_CRED_H
#define PORTCLASH_VMLINUX_CRED_H

#include "vmlinux.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct user_namespace {
	struct user_namespace *parent;
	int level;
	kuid_t owner;
};

/* A word of 64 bits since 6.3, and two of 32 before; bpf/compat.bpf.h reads it. */
typedef struct {
	__u64 val;
} kernel_cap_t;

struct cred {
	kuid_t uid;
	kuid_t euid;
	kernel_cap_t cap_effective;
	struct user_namespace *user_ns;
};

#pragma clang attribute pop

#endif
