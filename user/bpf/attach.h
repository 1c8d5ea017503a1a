/* SPDX-License-Identifier: GPL-2.0-only */
/* Attaching to a system call's tracepoint without tracefs being mounted, and to the return of a
 * function with room for more calls than there are CPUs. */
#ifndef PORTCLASH_ATTACH_H
#define PORTCLASH_ATTACH_H

#include <bpf/libbpf.h>

/* Attaches to the tracepoint of its section, tracepoint/syscalls/EVENT, on all CPUs. NULL with errno
 * set on failure. */
struct bpf_link *pc_attach_syscall(const struct bpf_program *program);

/* One for each function of the largest back end, and the length of a name in tracefs */
#define PC_RETURN_PROBES_MAX 8
#define PC_TRACEFS_NAME 64

/* Return probes of our own in tracefs. */
struct pc_return_probes {
	int file; /* kprobe_events, kept open: later there may be no privilege to open it; -1: none */
	char names[PC_RETURN_PROBES_MAX][PC_TRACEFS_NAME];
	unsigned count;
};

#define PC_RETURN_PROBES_INIT \
	{                     \
		.file = -1    \
	}

/* Attaches to the return of the function in its section, kretprobe/FUNCTION. NULL with errno set on
 * failure; then an ordinary return probe may still do. */
struct bpf_link *pc_attach_return(struct pc_return_probes *probes,
				  const struct bpf_program *program);

/* Removes them, once their links are destroyed. */
void pc_return_probes_close(struct pc_return_probes *probes);

#endif
