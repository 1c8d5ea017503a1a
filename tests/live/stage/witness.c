// SPDX-License-Identifier: GPL-2.0-only
/* Times of access of links in /proc. */
#include "stage/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static struct timespec access_of(int fd)
{
	struct stat st = { 0 };

	fstat(fd, &st);
	return st.st_atim;
}

static bool is_other_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec || a->tv_nsec != b->tv_nsec;
}

/* The open link keeps its inode in memory. The kernel notes its first access, and no second one for a day. */
static int open_link(int proc, pid_t pid, struct timespec *before)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%d/fd/0", pid);
	fd = openat(proc, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	*before = access_of(fd);
	return fd;
}

/* A /proc that is mounted noatime, or read-only, is no witness. The clock of these times has ticks. */
static bool notes_access(int proc)
{
	struct timespec before, after;
	char path[64], target[256];
	int fd = open_link(proc, getpid(), &before);

	snprintf(path, sizeof(path), "%d/fd/0", getpid());
	sleep_ms(20);
	if (fd < 0 || readlinkat(proc, path, target, sizeof(target)) < 0)
		return false;
	after = access_of(fd);
	close(fd);
	return is_other_time(&before, &after);
}

int witness_own_proc(struct test *t)
{
	int machine = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), own;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", 0, NULL))
		test_abort(t, "stage: a /proc: %s", strerror(errno));
	own = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!notes_access(machine) || !notes_access(own))
		test_skip(t, "/proc notes no times of access here");
	close(own);
	return machine;
}

void witness_begin(struct witness *w, const struct puppet *of, int machine)
{
	int own = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	w->fds[0] = open_link(own, of->pid, &w->before[0]);
	w->fds[1] = open_link(machine, of->pid, &w->before[1]);
	close(own);
	if (w->fds[0] < 0 || w->fds[1] < 0)
		test_abort(of->t, "stage: no link of process %d in /proc: %s", of->pid,
			   strerror(errno));
}

bool witness_end(struct witness *w, bool *others)
{
	bool read[2];

	for (int i = 0; i < 2; i++) {
		struct timespec after = access_of(w->fds[i]);

		read[i] = is_other_time(&w->before[i], &after);
		close(w->fds[i]);
	}
	*others = read[1];
	return read[0];
}
