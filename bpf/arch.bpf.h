/* SPDX-License-Identifier: GPL-2.0-only */
/* Architectures differ in registers, numbers of system calls and the size of a stack. No other file in bpf/ knows
 * these. PT_REGS_PARM*_CORE_SYSCALL() reads the first five
 * arguments of a call, also at its exit: on arm64 the first from orig_x0, because the result takes its
 * register. */
#ifndef PORTCLASH_ARCH_BPF_H
#define PORTCLASH_ARCH_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* STORES_IN_ORDER: other processors see stores in the order in which they were made. */
#if defined(__TARGET_ARCH_x86)

#define STORES_IN_ORDER true
/* arch/x86/entry/syscalls/syscall_64.tbl */
#define CALL_BIND 49
#define CALL_LISTEN 50
#define CALL_CONNECT 42
#define CALL_SENDTO 44
#define CALL_SENDMSG 46
#define CALL_SENDMMSG 307
#define CALL_URING_ENTER 426

struct fred_frame {};

/* Behind the user's registers, a kernel with CONFIG_X86_FRED leaves 16 bytes (TOP_OF_KERNEL_STACK_PADDING). It alone
 * has this structure. */
static __always_inline __u32 stack_padding(void)
{
	return bpf_core_type_exists(struct fred_frame) ? 16 : 0;
}

static __always_inline long call_number(struct pt_regs *regs)
{
	return (long)BPF_CORE_READ(regs, orig_ax);
}

static __always_inline unsigned long call_sixth_argument(struct pt_regs *regs)
{
	return BPF_CORE_READ(regs, r9);
}

#elif defined(__TARGET_ARCH_arm64)

#define STORES_IN_ORDER false
/* include/uapi/asm-generic/unistd.h */
#define CALL_BIND 200
#define CALL_LISTEN 201
#define CALL_CONNECT 203
#define CALL_SENDTO 206
#define CALL_SENDMSG 211
#define CALL_SENDMMSG 269
#define CALL_URING_ENTER 426

static __always_inline __u32 stack_padding(void)
{
	return 0;
}

static __always_inline long call_number(struct pt_regs *regs)
{
	return BPF_CORE_READ(regs, syscallno);
}

static __always_inline unsigned long call_sixth_argument(struct pt_regs *regs)
{
	return BPF_CORE_READ((struct user_pt_regs *)regs, regs[5]);
}

#else
#error "bpf/arch.bpf.h knows x86-64 and arm64 only"
#endif

/* The stack of a task ends with the user's registers. It has 16 KiB on both
 * architectures, or one page where a page is larger (arm64, MIN_THREAD_SHIFT). */
#define THREAD_SIZE_MIN 16384

static __always_inline struct pt_regs *stack_user_regs(void *stack, __u32 page_size)
{
	__u32 size = page_size > THREAD_SIZE_MIN ? page_size : THREAD_SIZE_MIN;

	return stack + size - stack_padding() - bpf_core_type_size(struct pt_regs);
}

#endif
