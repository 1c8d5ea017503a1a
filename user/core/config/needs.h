/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of what the BPF programs need of a kernel, and what follows where a kernel lacks it. portclash never asks
 * for a kernel's version, because distributions bring changes of newer kernels into theirs: it looks for each part in
 * the kernel's type information (BTF), or tries it. The loader chooses by this table (user/bpf/kernel.c), and
 * `portclash features` prints it. Pure. */
#ifndef PORTCLASH_CORE_NEEDS_H
#define PORTCLASH_CORE_NEEDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The rows of the table, in the order in which they are printed. */
enum pc_kernel_need {
	PC_KERNEL_NOTHING = 0, /* needs nothing that a kernel could lack */
	PC_KERNEL_BTF,
	PC_KERNEL_RING,
	PC_KERNEL_RUN,
	PC_KERNEL_NETNS,
	PC_KERNEL_BIND_TABLE,
	PC_KERNEL_PORT_RANGE,
	PC_KERNEL_OWN_BTF,
	PC_KERNEL_KPROBES,
	PC_KERNEL_SYSCALLS,
	PC_KERNEL_CGROUP_HOOKS,
	PC_KERNEL_CONFLICT,
	PC_KERNEL_SADDR_EQUAL,
	PC_KERNEL_URING_BIND,
	PC_KERNEL_IPV6,
	PC_KERNEL_MPTCP,
	PC_KERNEL_UDP_TABLE,
	PC_KERNEL_UNIX,
	PC_KERNEL_CGROUPS,
	PC_KERNEL_VRF,
	PC_KERNEL_OWN_RANGE,
	PC_KERNEL_NET_COOKIE,
	PC_KERNEL_TIME_WAIT,
	PC_KERNEL_ITERATORS,
	PC_KERNEL_COOKIES,
	PC_KERNEL_TASK,
	PC_KERNEL_CGROUP_TASK,
	PC_KERNEL_CGROUP_RETVAL,
	PC_KERNEL_NO_PREEMPTION,
	PC_KERNEL_COUNT,
};

enum pc_part_kind {
	PC_PART_END = 0,
	PC_PART_TYPES,	   /* type information at all: the kernel's, or that of a file */
	PC_PART_OWN_TYPES, /* that of the kernel itself, which attaches programs by it */
	PC_PART_FIELD,	   /* `member` of the type `name`; dots lead into structures within */
	PC_PART_FUNCTION,  /* a function with so many arguments (NULL: any number) */
	PC_PART_OWN_FUNCTION, /* the same in the kernel's own BTF, where the file of another does not do */
	PC_PART_VALUE,	      /* the value `member` of the enum `name` */
	PC_PART_HELPER,	    /* a helper `member` for programs of the type `name`: tried */
	PC_PART_MAP,	    /* a type of maps: tried */
	PC_PART_PROGRAM,    /* a type of programs: tried */
	PC_PART_RUN,	    /* running a program of the type `name` on demand: tried */
	PC_PART_FILE,	    /* a file of sysfs */
	PC_PART_MODE,	    /* the kernel does not preempt itself */
	PC_PART_TRACEPOINT, /* the event `member` of the group `name` in tracefs */
};

struct pc_kernel_part {
	enum pc_part_kind kind;
	const char *name;
	const char *member;
};

/* Kernels name or arrange some things in several ways. */
#define PC_KERNEL_PARTS 3

struct pc_kernel_row {
	const char *name;				/* for programs: JSON */
	const char *what;				/* for people */
	bool required;					/* without it no back end loads */
	struct pc_kernel_part any[PC_KERNEL_PARTS + 1]; /* one of these is enough */
	const char *lost;				/* what follows without it */
};

extern const struct pc_kernel_row pc_kernel_rows[PC_KERNEL_COUNT];

/* Does the running kernel have a part? Only a privileged process can try programs. */
enum pc_presence { PC_PRESENCE_UNKNOWN = 0, PC_PRESENCE_YES, PC_PRESENCE_NO };

/* The offers of the running kernel, by row. */
struct pc_kernel_offer {
	enum pc_presence has[PC_KERNEL_COUNT];
};

/* Writes a part as people write it: "struct net.net_cookie". */
void pc_kernel_part(const struct pc_kernel_part *part, char *out, size_t size);

/* Writes the parts of a row as people write them: "struct net.net_cookie or inet_bind_conflict()". */
void pc_kernel_parts(enum pc_kernel_need need, char *out, size_t size);

/* Gives the first required row that the kernel lacks; PC_KERNEL_NOTHING: none. */
enum pc_kernel_need pc_kernel_first_lack(const struct pc_kernel_offer *offer);

#endif
