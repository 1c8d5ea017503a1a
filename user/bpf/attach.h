/* SPDX-License-Identifier: GPL-2.0-only */
/* Attaching to a system call's tracepoint without tracefs being mounted. */
#ifndef PORTCLASH_ATTACH_H
#define PORTCLASH_ATTACH_H

#include <bpf/libbpf.h>

/* Attaches to tracepoint syscalls/`event` ("sys_enter_bind"), on all CPUs. NULL with errno
 * set on failure. */
struct bpf_link *pc_attach_syscall(const struct bpf_program *program, const char *event);

#endif
