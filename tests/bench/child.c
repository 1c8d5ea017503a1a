// SPDX-License-Identifier: GPL-2.0-only
/* A monitor as a child process: start it and wait until it watches, read what it uses, end
 * it. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Loading takes well under a second; thirty is a hang. So is an end that takes as long. */
#define PATIENCE_MS 30000
#define POLL_MS 10

static void sleep_ms(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* In the child. The kernel ends it with us, whatever ends us. */
static void child_run(char *const argv[], int output)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (dup2(output, STDOUT_FILENO) >= 0)
		execvp(argv[0], argv);
	fprintf(stderr, "bench: cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static int spawn(struct child *child, char *const argv[])
{
	int fd = open(child->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int err = 0;

	if (fd < 0)
		return -errno;
	child->pid = fork();
	if (child->pid == 0)
		child_run(argv, fd);
	if (child->pid < 0)
		err = -errno;
	close(fd);
	return err;
}

static bool said_ready(const struct child *child)
{
	FILE *file = fopen(child->output, "re");
	char line[4096];
	bool ready = false;

	if (!file)
		return false;
	while (!ready && fgets(line, sizeof(line), file))
		ready = strstr(line, "\"ready\"") != NULL;
	fclose(file);
	return ready;
}

static int wait_ready(const struct child *child)
{
	for (int ms = 0; ms < PATIENCE_MS; ms += POLL_MS) {
		if (said_ready(child))
			return 0;
		if (waitpid(child->pid, NULL, WNOHANG) != 0)
			return -ECHILD;
		sleep_ms(POLL_MS);
	}
	return -ETIMEDOUT;
}

int child_start(struct child *child, char *const argv[], const char *output)
{
	int err;

	snprintf(child->output, sizeof(child->output), "%s", output);
	err = spawn(child, argv);
	if (err)
		return err;
	err = wait_ready(child);
	if (!err)
		err = -clock_getcpuclockid(child->pid, &child->clock);
	if (err && err != -ECHILD)
		child_stop(child);
	return err;
}

/* The sum of utime and stime in /proc/PID/stat, but in nanoseconds: the ticks there are 10 ms,
 * more than a monitor uses in a short trial. */
int child_cpu(const struct child *child, double *ret_seconds)
{
	struct timespec ts;

	if (clock_gettime(child->clock, &ts) != 0)
		return -errno;
	*ret_seconds = (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
	return 0;
}

int child_memory(const struct child *child, struct memory *ret)
{
	struct memory memory = { 0 };
	char line[256];
	int found = 0;
	FILE *file;

	snprintf(line, sizeof(line), "/proc/%d/status", child->pid);
	file = fopen(line, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		found += sscanf(line, "VmHWM: %ld", &memory.peak) == 1;
		found += sscanf(line, "RssAnon: %ld", &memory.anon) == 1;
		found += sscanf(line, "RssFile: %ld", &memory.file) == 1;
		found += sscanf(line, "RssShmem: %ld", &memory.shmem) == 1;
	}
	fclose(file);
	if (found != 4)
		return -ENODATA;
	*ret = memory;
	return 0;
}

int child_stop(struct child *child)
{
	pid_t pid = child->pid;
	int status;

	child->pid = -1;
	kill(pid, SIGTERM);
	for (int ms = 0; ms < PATIENCE_MS; ms += POLL_MS) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
		sleep_ms(POLL_MS);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return -ETIMEDOUT;
}
