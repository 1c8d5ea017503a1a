/* SPDX-License-Identifier: GPL-2.0-only */
/* The privileges of this process, and giving up those that it does not need any more: capabilities,
 * new ones by execve(), and system calls. */
#ifndef PORTCLASH_PRIVILEGES_H
#define PORTCLASH_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>

/* The capabilities in effect, a bit each (core/config/capabilities.h). */
int pc_privileges_read(uint64_t *held);

/* Keeps those of `keep` that it has, and none it could get by execve(): the bounding set is
 * emptied of the others where CAP_SETPCAP allows. Not to be taken back. For a process with one
 * thread: others keep what they have. */
int pc_privileges_drop(uint64_t keep);

/* A process and the system calls that it keeps. */
struct pc_confinement {
	bool writer;	  /* it is the agent's writer (out/writer.h), not the agent */
	bool enter_netns; /* setns() into network namespaces, and a thread to do it */
	int socket; /* between the two: the one over which the agent may send descriptors; -1: none */
};

/* Allows only the system calls of an agent that watches from here on, or of its writer. An agent opens
 * nothing for writing, makes, renames and removes no file, connects to nothing and sends nothing to an
 * address: it asks its writer. Other calls fail with EPERM, and the kernel logs them if it has somewhere to.
 * A few calls that only an intruder makes end the process. -EINVAL: a kernel without seccomp. */
int pc_syscalls_restrict(const struct pc_confinement *confinement);

#endif
