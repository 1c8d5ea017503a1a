/* SPDX-License-Identifier: GPL-2.0-only */
/* These functions read one process from /proc. `root` is the folder where procfs is mounted:
 * "/proc", or a test's folder with the same files. Start times there are ticks of the boot clock,
 * rounded down. */
#ifndef PORTCLASH_PROCFS_H
#define PORTCLASH_PROCFS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/model.h"
#include "core/process/procfile.h"

/* The bytes of arguments that are read. */
#define PC_PROCFS_CMDLINE_MAX PC_CMDLINE_MAX

/* Fills `out`, except key.exec_id, cgroup_id and descendant, which /proc does not have. A field is
 * NULL or 0 if it may not be read, or if the process has none (a kernel thread's exe and cmdline).
 * exe keeps the kernel's " (deleted)"; uid is the real one. 0, or
 *   -ESRCH: no such process, hidden by hidepid=2, or gone or another one before all was read;
 *           also for the id of a thread that is not its process's first
 *   -EPERM: hidden by hidepid=1
 *   -EBADMSG: its stat file cannot be understood
 *   -ENOMEM, -EMFILE and the like.
 * An exec() meanwhile can leave parts of both programs in `out`: the start time stays. */
int pc_procfs_read(const char *root, uint32_t pid, struct pc_identity *out);

/* Reads /proc/PID/stat alone. Errors as above, and -EACCES. */
int pc_procfs_stat(const char *root, uint32_t pid, struct pc_procfile_stat *out);

/* Is the process of this pid still that one, and not yet a zombie? A process whose first
 * thread alone has ended looks like a zombie, but runs. exec_id is not compared. False also
 * inside a time namespace with another boot clock: /proc shows that clock, the key does not. */
bool pc_procfs_is(const char *root, const struct pc_process_key *key);

/* The working directory of the process of this key, malloc'd; NULL: not known. A directory that was removed has
 * " (deleted)" at its end. No file system is asked. */
char *pc_procfs_folder(const char *root, const struct pc_process_key *key);

/* Is the process of this pid still that one, or its zombie? Then all that /proc said of the pid
 * until now was about that process. */
bool pc_procfs_is_or_was(const char *root, const struct pc_process_key *key);

/* Reads the network namespace (inode number) of a process's first thread. 0; -ESRCH; -EACCES: the
 * caller may not look; or -EBADMSG: the link cannot be understood. */
int pc_procfs_netns(const char *root, uint32_t pid, uint32_t *netns);

/* Reads what its status says of signals and capabilities. 0 or a negative errno. */
int pc_procfs_manner(const char *root, uint32_t pid, struct pc_procfile_manner *out);

/* Calls visit() for each process until it returns something else than 0. Returns that, 0, or a
 * negative errno: `root` cannot be read. */
int pc_procfs_each(const char *root, int (*visit)(void *context, uint32_t pid), void *context);

/* Finds some process that runs in that network namespace. 0; -ESRCH: none; or another errno, such
 * as -EACCES: none was found, and not all could be looked at. */
int pc_procfs_netns_pid(const char *root, uint32_t netns, uint32_t *pid);

#endif
