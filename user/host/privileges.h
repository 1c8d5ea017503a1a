/* SPDX-License-Identifier: GPL-2.0-only */
/* Which privileges this process has, and giving up those it does not need any more: capabilities,
 * new ones by execve(), and system calls. */
#ifndef PORTCLASH_PRIVILEGES_H
#define PORTCLASH_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>

/* The capabilities in effect, a bit each (core/capabilities.h). */
int pc_privileges_read(uint64_t *held);

/* Keeps those of `keep` that it has, and none it could get by execve(): the bounding set is
 * emptied of the others where CAP_SETPCAP allows. Not to be taken back. For a process with one
 * thread: others keep what they have. */
int pc_privileges_drop(uint64_t keep);

/* From here on only the system calls of an agent that watches; others fail with EPERM, and the
 * kernel logs them, if it has somewhere to. A few that only an intruder makes end the process.
 * setns() into network namespaces, and a thread to do it, if so wanted. -EINVAL: a kernel without
 * seccomp. */
int pc_syscalls_restrict(bool enter_netns);

#endif
