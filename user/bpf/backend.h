/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of attach back ends: which programs each needs and what it cannot see. The one
 * file that decides what is enabled. */
#ifndef PORTCLASH_BACKEND_H
#define PORTCLASH_BACKEND_H

#include <stdbool.h>
#include <stddef.h>

/* Where a program is attached, and so how. */
enum pc_attach {
	PC_ATTACH_NONE = 0,	/* run on demand */
	PC_ATTACH_SECTION,	/* by its section name: tp_btf, fentry, fexit, kprobe, kretprobe */
	PC_ATTACH_RARE,		/* as SECTION, but nearly every run finds nothing to record */
	PC_ATTACH_CONNECT,	/* as SECTION, where no cgroup program sees connect() of TCP */
	PC_ATTACH_STATES,	/* as CONNECT, and as ENDPOINTS */
	PC_ATTACH_SYSCALL,	/* the system call's tracepoint */
	PC_ATTACH_SYSCALL_RARE, /* as SYSCALL, but nearly every run finds nothing to record */
	PC_ATTACH_CGROUP,	/* root of the cgroup2 hierarchy */
	PC_ATTACH_COOKIE,	/* the same, before all others */
	PC_ATTACH_ENDPOINTS, /* as SECTION, but only where both ends of claims are wanted or ports protected */
	PC_ATTACH_OPTIONAL, /* as SECTION, where the kernel has the function */
};

struct pc_program {
	const char *name; /* of the BPF function */
	enum pc_attach attach;
};

struct pc_backend {
	const char *name;
	const struct pc_program *programs; /* ends with a NULL name */
	const struct pc_program *cgroup;   /* it can do without these */
	bool makes_cookies;		   /* from 5.12 on, in its other programs */
	const char *blind;		   /* what it cannot see; "" for nothing */
	const char *
		cgroup_blind; /* what more, without the cgroup programs; see pc_backend_cgroup_blind() */
	const char *needs;	/* a file without which it is not worth trying, or NULL */
	const char *needs_what; /* what that file stands for */
	bool calls_only; /* it hooks no functions: cgroup programs, or else states, show connect() */
	unsigned exact;	 /* optional programs that see the kernel's conflict check */
};

/* Best first. */
extern const struct pc_backend pc_backends[];
extern const size_t pc_backends_count;

/* Its programs on cgroup hooks, as far as this kernel needs them. */
const struct pc_program *pc_backend_cgroup(const struct pc_backend *backend);

/* What it cannot see on this kernel without them; "" for nothing more. */
const char *pc_backend_cgroup_blind(const struct pc_backend *backend);

/* Needed by every back end. */
extern const struct pc_program pc_common_programs[];

#endif
