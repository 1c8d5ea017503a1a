/* SPDX-License-Identifier: GPL-2.0-only */
/* The user's registers during a system call, by architecture. vmlinux.h includes this header among its
 * types. BPF_KPROBE() and PT_REGS_PARM*() of bpf_tracing.h read some of the fields. */
#ifndef PORTCLASH_VMLINUX_REGISTERS_H
#define PORTCLASH_VMLINUX_REGISTERS_H

#if defined(__TARGET_ARCH_x86)

struct pt_regs {
	unsigned long di;
	unsigned long si;
	unsigned long dx;
	unsigned long cx;
	unsigned long r8;
	unsigned long r9;
	unsigned long ax;
	unsigned long orig_ax;
	unsigned long r10;
	unsigned long sp;
	unsigned long bp;
	unsigned long ip;
};

#elif defined(__TARGET_ARCH_arm64)

/* The head of struct pt_regs, and what the program of a kprobe is given. */
struct user_pt_regs {
	__u64 regs[31];
	__u64 sp;
	__u64 pc;
	__u64 pstate;
};

struct pt_regs {
	__u64 orig_x0;
	__s32 syscallno;
};

#else
#error "vmlinux/registers.h has the registers of x86-64 and arm64 only"
#endif

#endif
