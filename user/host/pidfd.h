/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes by descriptor: what is done to one of them is done to it alone, also when its pid is used
 * again meanwhile. */
#ifndef PORTCLASH_PIDFD_H
#define PORTCLASH_PIDFD_H

#include "core/base/model.h"

/* A descriptor of the process with this key, or a negative errno: -ESRCH: it has ended, or its pid
 * is another process's now. */
int pc_pidfd_open(const char *proc, const struct pc_process_key *key);

/* A copy of its descriptor `fd`: -EBADF: it has no such one; -EPERM: not allowed (CAP_SYS_PTRACE). */
int pc_pidfd_copy(int pidfd, int fd);

/* SIGTERM, and SIGCONT, without which a process that was stopped gets it never. 0 or a negative errno. */
int pc_pidfd_terminate(int pidfd);

#endif
