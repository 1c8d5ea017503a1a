/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading one process from /proc. `root` is where procfs is mounted, "/proc" or a folder
 * that looks like it; start times there are in ticks of the boot clock, cut off. */
#ifndef PORTCLASH_PROCFS_H
#define PORTCLASH_PROCFS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model.h"

/* Bytes of arguments that are read; as much as the kernel takes for one (MAX_ARG_STRLEN). */
#define PC_PROCFS_CMDLINE_MAX (128 * 1024)

/* Fills `out`, except key.exec_id, cgroup_id and descendant, which /proc does not have. What
 * may not be read, or the process does not have (a kernel thread's exe and cmdline), is NULL or 0.
 * exe keeps the kernel's " (deleted)"; uid is the real one. 0, or
 *   -ESRCH: no such process, hidden by hidepid=2, or gone or another one before all was read;
 *           also for the id of a thread that is not its process's first
 *   -EPERM: hidden by hidepid=1
 *   -EBADMSG: its stat file cannot be understood
 *   -ENOMEM, -EMFILE and the like.
 * An exec() meanwhile can leave parts of both programs in it: the start time stays. */
int pc_procfs_read(const char *root, uint32_t pid, struct pc_identity *out);

/* Is the process of this pid still that one, and not yet a zombie? A process whose first
 * thread alone has ended looks like a zombie, but runs. exec_id is not compared. False also
 * inside a time namespace with another boot clock: /proc shows that clock, the key does not. */
bool pc_procfs_is(const char *root, const struct pc_process_key *key);

/* The same, but a zombie will do: what /proc said of this pid until now was about that process. */
bool pc_procfs_is_or_was(const char *root, const struct pc_process_key *key);

/* The network namespace (inode number) of a process's first thread. 0, -ESRCH, -EACCES: not
 * ours to look at, or -EBADMSG: the link cannot be understood. */
int pc_procfs_netns(const char *root, uint32_t pid, uint32_t *netns);

/* Calls visit() for each process until it returns something else than 0. Returns that, 0, or a
 * negative errno: `root` cannot be read. */
int pc_procfs_each(const char *root, int (*visit)(void *context, uint32_t pid), void *context);

/* Some process that runs in that network namespace. 0, -ESRCH: none; or another errno, such
 * as -EACCES: none was found, and not all could be looked at. */
int pc_procfs_netns_pid(const char *root, uint32_t netns, uint32_t *pid);

#endif
