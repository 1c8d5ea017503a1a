/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's types of a process as its threads share it: see vmlinux/README.md. */
#ifndef PORTCLASH_VMLINUX_SIGNAL_H
#define PORTCLASH_VMLINUX_SIGNAL_H

#include "vmlinux.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live; /* threads that have not ended */
	unsigned int flags;
	int group_exit_code;
};

#pragma clang attribute pop

#endif
