/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks that may block for as long as a user likes: at the arguments of a process, which can lie in a file of
 * a file system that never answers, and at paths into one. Each runs in a thread of its own, and the caller
 * waits for a while only. */
#ifndef PORTCLASH_ASIDE_H
#define PORTCLASH_ASIDE_H

#include <stdint.h>

/* Threads that are stuck at a time, in all. A user has one of them at most. */
#define PC_ASIDE_STUCK_MAX 4

/* Runs run(job) in another thread on behalf of this user, for at most so many nanoseconds; on a busy machine
 * for up to 15 times that, while the thread only waits for a CPU and has used less CPU time than that.
 * 0: it has run.
 * -ETIMEDOUT: the job is the thread's now, which calls drop(job) when it ends. -EBUSY: an earlier job of this
 * user, or too many of others, are stuck, or an earlier one was blocked and the user pauses for it; or a negative
 * errno: there is no thread; the job was not run. All user ids of a user (core/base/subuid.h) are one. */
int pc_aside_run(void (*run)(void *job), void (*drop)(void *job), void *job, uint32_t uid,
		 uint64_t limit_ns);

/* Jobs that were not run, or not waited for to their end, since the process began. */
uint64_t pc_aside_skipped(void);

#endif
