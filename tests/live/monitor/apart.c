// SPDX-License-Identifier: GPL-2.0-only
/* A portclash in a pid or time namespace of its own. */
#include "monitor/apart.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/* A day later than on the machine. */
static bool move_clock(void)
{
	static const char offset[] = "boottime 86400 0\n";
	int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, offset, strlen(offset)) > 0;
}

static bool mount_own_proc(void)
{
	return !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("proc", "/proc", "proc", 0, NULL);
}

/* Stands for the child until it ends. */
static _Noreturn void stand_for(pid_t child, const sigset_t *signals)
{
	int number, status;

	for (;;) {
		if (sigwait(signals, &number))
			_exit(125);
		if (number != SIGCHLD)
			kill(child, number);
		else if (waitpid(child, &status, WNOHANG) == child)
			_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 125);
	}
}

void monitor_go_apart(int flags)
{
	sigset_t signals, before;
	pid_t child;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, &before);
	if (unshare(flags | CLONE_NEWNS) || (flags & CLONE_NEWTIME && !move_clock()))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	child = fork();
	if (child)
		stand_for(child, &signals);
	if (flags & CLONE_NEWPID && !mount_own_proc())
		_exit(126);
	sigprocmask(SIG_SETMASK, &before, NULL);
}
