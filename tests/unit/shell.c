// SPDX-License-Identifier: GPL-2.0-only
/* Let a real shell read a command line. */
#include "shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child: the line goes in by an argument, so that nothing but sh itself reads it. */
static _Noreturn void run_sh(const char *line, int out)
{
	dup2(out, STDOUT_FILENO);
	execl("/bin/sh", "sh", "-c", line, (char *)NULL);
	_exit(127);
}

static size_t shell_read_all(int fd, char *out, size_t size)
{
	size_t have = 0;
	ssize_t n;

	while (have < size && (n = read(fd, out + have, size - have)) > 0)
		have += (size_t)n;
	return have;
}

static size_t shell_run(const char *line, char *out, size_t size, int *status)
{
	int fds[2];
	size_t len;
	pid_t pid;

	if (pipe(fds))
		return 0;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run_sh(line, fds[1]);
	close(fds[1]);
	len = shell_read_all(fds[0], out, size);
	close(fds[0]);
	waitpid(pid, status, 0);
	return len;
}

int shell_words(const char *command, char *out, size_t size)
{
	const char *arguments = strchr(command, ' ');
	int status = -1, words = 0;
	char *line;
	size_t len;

	if (!arguments ||
	    asprintf(&line, "set --%s\nfor word do printf '%%s\\0' \"$word\"; done", arguments) < 0)
		return -1;
	len = shell_run(line, out, size, &status);
	free(line);
	for (size_t i = 0; i < len; i++)
		words += !out[i];
	return status ? -1 : words;
}
