// SPDX-License-Identifier: GPL-2.0-only
/* Running the command of `trace -- COMMAND`. */
#include "cmd/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int pc_child_prepare(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) ? -errno : 0;
}

static void become(char *const *argv, const sigset_t *mask, int report)
{
	int error;

	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	error = errno;
	if (write(report, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

pid_t pc_child_start(char *const *argv, const sigset_t *mask)
{
	int report[2], error = 0;
	pid_t pid;

	/* The pipe closes by itself when exec works. */
	if (pipe2(report, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0)
		become(argv, mask, report[1]);
	close(report[1]);
	if (pid < 0)
		error = errno;
	else if (read(report[0], &error, sizeof(error)) == sizeof(error))
		waitpid(pid, NULL, 0);
	else
		error = 0;
	close(report[0]);
	return error ? -error : pid;
}

bool pc_child_reap(pid_t pid, int *status)
{
	bool ended = false;
	pid_t reaped;
	int how;

	while ((reaped = waitpid(-1, &how, WNOHANG)) > 0) {
		if (reaped != pid)
			continue;
		*status = how;
		ended = true;
	}
	return ended;
}
