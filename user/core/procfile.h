/* SPDX-License-Identifier: GPL-2.0-only */
/* The text of a process's files in /proc, parsed. Pure: host/procfs.c reads the files. In them
 * the name of a process is whatever it likes, and it must not be taken for anything else. */
#ifndef PORTCLASH_CORE_PROCFILE_H
#define PORTCLASH_CORE_PROCFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "portclash/record.h"

struct pc_procfile_stat {
	char comm[PC_COMM_LEN]; /* ends in a NUL */
	char state;
	uint64_t threads;
	uint64_t start_ticks;
};

/* Digits, then one of `ends` or the end of the text. False, and `out` is as it was, for anything
 * else and for more than `max`. */
bool pc_procfile_number(const char *text, const char *ends, uint64_t max, uint64_t *out);

/* /proc/PID/stat. */
bool pc_procfile_stat(const char *text, struct pc_procfile_stat *out);

/* Z and X are the first thread's; the others may run on, and keep the sockets. */
bool pc_procfile_is_running(const struct pc_procfile_stat *stat);

/* A number of /proc/PID/status; `label` is "\nUid:\t", with what surrounds it. */
bool pc_procfile_status(const char *text, const char *label, uint32_t *out);

/* A line of /proc/PID/status about memory, in bytes; `label` is "VmRSS:". False: another one. */
bool pc_procfile_memory(const char *line, const char *label, uint64_t *bytes);

/* What the link /proc/PID/ns/net says: "net:[4026531840]". */
bool pc_procfile_netns(const char *text, uint32_t *inode);

#endif
