/* SPDX-License-Identifier: GPL-2.0-only */
/* This header attaches a program to a system call's tracepoint where tracefs is not mounted, and to
 * the return of a function with room for more calls than there are CPUs. */
#ifndef PORTCLASH_ATTACH_H
#define PORTCLASH_ATTACH_H

#include <bpf/libbpf.h>

/* Attaches to the tracepoint of the program's section, tracepoint/syscalls/EVENT, on all CPUs.
 * Returns NULL with errno set on failure. */
struct bpf_link *pc_attach_syscall(const struct bpf_program *program);

/* The table has room for a probe for each function of the largest back end. A name in tracefs has at
 * most PC_TRACEFS_NAME bytes. */
#define PC_RETURN_PROBES_MAX 8
#define PC_TRACEFS_NAME 64

/* The return probes that this portclash has made in tracefs. */
struct pc_return_probes {
	int file; /* kprobe_events, kept open: later there may be no privilege to open the file; -1: none */
	char names[PC_RETURN_PROBES_MAX][PC_TRACEFS_NAME];
	unsigned count;
};

#define PC_RETURN_PROBES_INIT \
	{                     \
		.file = -1    \
	}

/* Attaches to the return of the function in the program's section, kretprobe/FUNCTION. Returns NULL
 * with errno set on failure; an ordinary return probe may still do then. */
struct bpf_link *pc_attach_return(struct pc_return_probes *probes,
				  const struct bpf_program *program);

/* Removes the probes. Their links must be destroyed before. */
void pc_return_probes_close(struct pc_return_probes *probes);

#endif
