/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the port settings: as they are, from /proc/sys, and as they will be after a reboot,
 * from the sysctl files. */
#ifndef PORTCLASH_SYSCTL_H
#define PORTCLASH_SYSCTL_H

#include "core/base/request.h"
#include "core/audit/sysctls.h"

/* The number in the file `name` below `proc`: "sys/kernel/bpf_stats_enabled". -1: not known. */
int pc_sysctl_number(const char *proc, const char *name);

/* Fills `out` with the settings of the calling thread's network namespace, which is also the one
 * of its process. `proc` is "/proc". `known` is false when range or reserved ports could not be
 * read. */
void pc_sysctl_settings(const char *proc, struct pc_netns_settings *out);

/* The list of reserved ports into `set` (PC_PORT_WORDS words), in one read(): the kernel gives the
 * rest of a long list to nobody (proc_do_large_bitmap()). 0 or a negative errno. */
int pc_sysctl_read_reserved(const char *proc, uint64_t *set);

/* Reads the settings from the open file. */
int pc_sysctl_read_reserved_at(int fd, uint64_t *set);

/* The lines of /etc/sysctl.conf and of the sysctl.d folders below `root` ("" for the machine's
 * own), in the order in which `sysctl --system` reads them; a file hides those of its name in
 * folders of less weight. What cannot be read is left out. 0 or -ENOMEM. */
int pc_sysctl_files(const char *root, struct pc_sysctl_lines *out);

#endif
