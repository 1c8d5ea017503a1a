/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of attach back ends says which programs each needs, and what each cannot see. This file
 * alone decides what is enabled. */
#ifndef PORTCLASH_BACKEND_H
#define PORTCLASH_BACKEND_H

#include <stdbool.h>
#include <stddef.h>

#include "core/config/backends.h"
#include "core/config/needs.h"

/* The place where a program is attached. */
enum pc_attach {
	PC_ATTACH_NONE = 0, /* nowhere: run on demand */
	PC_ATTACH_SECTION,  /* as its section says: tp_btf, fentry, fexit, kprobe or kretprobe */
	PC_ATTACH_SYSCALL,  /* the tracepoint of a system call */
	PC_ATTACH_CGROUP,   /* the root of the cgroup2 hierarchy */
};

/* The cases in which a program is attached; any one of them is enough. */
enum pc_when {
	PC_WHEN_NEVER = 0,
	PC_WHEN_FIRST = 1,     /* always, and before the open sockets are listed */
	PC_WHEN_ALWAYS = 2,    /* always, after the open sockets are listed */
	PC_WHEN_ENDS = 4,      /* both ends of claims are wanted, or ports are protected */
	PC_WHEN_NO_CGROUP = 8, /* no cgroup program sees connect() of TCP */
	PC_WHEN_ANY = 15,
};

/* The loss when the kernel leaves out a run of a program. */
enum pc_missed {
	PC_MISSED_NOTHING = 0, /* nearly every run finds nothing to record */
	PC_MISSED_RECORD,      /* each run records something: counted in PC_STAT_NOT_RUN */
	PC_MISSED_UNNOTED,     /* the same, unless a program on a cgroup notes the call */
	PC_MISSED_CALL, /* perhaps a refused connect() or send: counted in pc_losses.calls_missed */
	PC_MISSED_ENDS, /* as PC_MISSED_RECORD if the ends of claims are sent for protected ports; as PC_MISSED_CALL if no program on a cgroup notes the call */
	PC_MISSED_STATE, /* perhaps a claim (PC_WHEN_NO_CGROUP) or the end of a socket (PC_WHEN_ENDS): pc_losses.states_missed, ends_missed */
};

/* May attaching a program fail? */
enum pc_need {
	PC_NEEDED = 0,
	PC_OPTIONAL, /* yes: kernels lack or inline its function */
	PC_SPARE,    /* the same, and another program sees nearly as much */
};

#define PC_ARGUMENTS(number) (1U << (number))

struct pc_program {
	const char *name; /* of the BPF function */
	enum pc_attach attach;
	unsigned when; /* enum pc_when, as flags */
	enum pc_missed missed;
	enum pc_need need;
	enum pc_kernel_need
		needs; /* where the kernel lacks this, there is nothing for the program to see */
	unsigned
		arguments; /* how many the function may have, behind which a program at its exit finds the result, as PC_ARGUMENTS(); 0: not used */
};

struct pc_backend {
	enum pc_backend_kind kind;
	const struct pc_program *programs; /* ends with a NULL name */
	const struct pc_program *cgroup;   /* the back end can do without these */
	bool makes_cookies;	   /* in its other programs, where PC_KERNEL_COOKIES allows it */
	const char *blind;	   /* what the back end cannot see; "" for nothing */
	const char *cgroup_blind;  /* see pc_backend_cgroup_blind() */
	enum pc_kernel_need needs; /* without this, trying is not worthwhile */
	bool calls_only; /* no hooks on functions: cgroup programs, or else states, show connect() */
	unsigned exact;	 /* optional programs that see the kernel's conflict check */
};

/* Says which of its cgroup programs a back end uses. */
enum pc_cgroup_use {
	PC_CGROUP_ALL,
	PC_CGROUP_COOKIES, /* the one that makes cookies, if need be: the kernel leaves out no run of the other programs */
	PC_CGROUP_NONE, /* they cannot be loaded or attached */
};

/* The back ends, in the order of their kinds: best first. */
extern const struct pc_backend pc_backends[PC_BACKENDS];

static inline const char *pc_backend_name(const struct pc_backend *backend)
{
	return pc_backend_names[backend->kind];
}

/* The back end's programs on cgroup hooks, as far as it needs them: on a kernel where tracing programs make
 * cookies (PC_KERNEL_COOKIES), or on another one. */
const struct pc_program *pc_backend_cgroup(const struct pc_backend *backend, bool tracing_cookies);

/* Says what the back end cannot see on such a kernel without its cgroup programs; "" for nothing more. */
const char *pc_backend_cgroup_blind(const struct pc_backend *backend, bool tracing_cookies,
				    bool no_preemption);

/* Says which of them it needs first: none but that for cookies if no other program can see more than those on functions, since
 * the kernel never preempts itself (PC_KERNEL_NO_PREEMPTION). */
enum pc_cgroup_use pc_backend_cgroup_use(const struct pc_backend *backend, bool no_preemption);

/* Give the cases in which programs are attached, as flags of enum pc_when: those of the back end (PC_WHEN_ENDS is for the
 * caller to add), and its programs on cgroup hooks. */
unsigned pc_backend_when(enum pc_cgroup_use use);
unsigned pc_backend_cgroup_when(enum pc_cgroup_use use);

/* The programs that every back end needs. */
extern const struct pc_program pc_common_programs[];

#endif
