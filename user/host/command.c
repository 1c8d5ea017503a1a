// SPDX-License-Identifier: GPL-2.0-only
/* Running another program and reading what it prints. */
#include "host/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/clock.h"

extern char **environ;

/* With its own signal mask: the caller may have blocked some. */
static int start_program(char *const *argv, int output, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;
	int err;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	err = posix_spawnp(pid, argv[0], &files, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return -err;
}

/* Reads until the program has closed its end; what does not fit is read and thrown away. False: time is
 * over. */
static bool read_until(int fd, uint64_t deadline, char *out, size_t size)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char rest[512];
	size_t len = 0;

	for (;;) {
		uint64_t now = pc_boot_ns();
		bool full = len + 1 >= size;
		ssize_t n;

		if (now >= deadline ||
		    poll(&ready, 1, (int)((deadline - now) / PC_NS_PER_MS) + 1) < 0)
			return false;
		if (!ready.revents)
			continue;
		n = read(fd, full ? rest : out + len, full ? sizeof(rest) : size - 1 - len);
		if (n <= 0)
			return true;
		if (!full)
			len += (size_t)n;
		out[len] = '\0';
	}
}

static void trim_end(char *text)
{
	size_t len = strlen(text);

	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
}

int pc_command_run(char *const *argv, int timeout_ms, char *out, size_t size)
{
	uint64_t deadline = pc_boot_ns() + (uint64_t)timeout_ms * PC_NS_PER_MS;
	int ends[2], status, err;
	bool ended;
	pid_t pid;

	*out = '\0';
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	err = start_program(argv, ends[1], &pid);
	close(ends[1]);
	if (err) {
		close(ends[0]);
		return err;
	}
	ended = read_until(ends[0], deadline, out, size);
	close(ends[0]);
	if (!ended)
		kill(pid, SIGKILL);
	if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0)
		return -errno;
	trim_end(out);
	if (!ended)
		return -ETIMEDOUT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}
