/* SPDX-License-Identifier: GPL-2.0-only */
/* A monitor as a child process: start it and wait until it watches, read what it uses, end
 * it. Its standard output goes to a file, so that a slow reader never holds it up. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <limits.h>
#include <sys/types.h>
#include <time.h>

struct child {
	pid_t pid;
	clockid_t clock; /* its CPU time */
	char output[PATH_MAX];
};

/* In KiB, from /proc/PID/status. The shares are those of now, not of the peak. */
struct memory {
	long peak;
	long anon;
	long file;
	long shmem;
};

/* Runs `argv` until it prints a line with "ready". All return 0 or a negative errno. */
int child_start(struct child *child, char *const argv[], const char *output);
int child_cpu(const struct child *child, double *ret_seconds);
int child_memory(const struct child *child, struct memory *ret);

/* SIGTERM, and SIGKILL if that is not obeyed. -EIO when its exit status is not 0. */
int child_stop(struct child *child);

#endif
