/* SPDX-License-Identifier: GPL-2.0-only */
/* These functions parse the text of a process's files in /proc, which host/procfs.c reads. A
 * process chooses its own name, and no part of that name may be taken for another field. */
#ifndef PORTCLASH_CORE_PROCFILE_H
#define PORTCLASH_CORE_PROCFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "portclash/values.h"

struct pc_procfile_stat {
	char comm[PC_COMM_LEN]; /* ends in a NUL */
	char state;
	bool reaped;	 /* the kernel has taken the process out of its session */
	uint32_t parent; /* 0: none, or outside of this pid namespace */
	uint32_t
		session; /* pid of its leader, which can have exited; 0: the kernel's own session */
	bool terminal;	 /* its session has a controlling terminal */
	uint64_t threads;
	uint64_t start_ticks;
};

/* Parses digits that end in one of `ends` or with the text. Returns false, and leaves `out` as it
 * is, for anything else and for more than `max`. */
bool pc_procfile_number(const char *text, const char *ends, uint64_t max, uint64_t *out);

/* Parses /proc/PID/stat. False, and `out` is as it was: this is no such text. */
bool pc_procfile_stat(const char *text, struct pc_procfile_stat *out);

/* Says whether any thread still runs. States Z and X are those of the first thread: the others may
 * run on, and keep the sockets. */
bool pc_procfile_is_running(const struct pc_procfile_stat *stat);

/* Parses a number of /proc/PID/status. `label` has what surrounds the name: "\nUid:\t". */
bool pc_procfile_status(const char *text, const char *label, uint32_t *out);

/* Facts about signals and capabilities, of a /proc/PID/status. */
struct pc_procfile_manner {
	bool first;	   /* of a pid namespace below the reader's ("NSpid:	812	1") */
	bool apart;	   /* in such a namespace, or nothing tells */
	bool handles_term; /* it has a handler for SIGTERM */
	bool ignores_term; /* it ignores SIGTERM, or its only thread blocks it */
	bool takes_bind; /* execve() would give it CAP_NET_BIND_SERVICE of its file (cap_bprm_creds_from_file()) */
};

/* Is the process of this /proc/PID/status in a pid namespace below the reader's? A line that is missing, or that a
 * long list of groups has pushed out of the text, says yes. */
bool pc_procfile_is_apart(const char *text);

/* A line that is missing says no of all but `apart`. */
void pc_procfile_manner(const char *text, struct pc_procfile_manner *out);

/* Parses a line of /proc/PID/status about memory into bytes. `label` is "VmRSS:". False: the line
 * has another label. */
bool pc_procfile_memory(const char *line, const char *label, uint64_t *bytes);

/* Parses the text of the link /proc/PID/ns/net: "net:[4026531840]". */
bool pc_procfile_netns(const char *text, uint32_t *inode);

#endif
