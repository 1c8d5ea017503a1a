// SPDX-License-Identifier: GPL-2.0-only
/* The calling process's own account of itself. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "stage/puppet.h"
#include "stage/space.h"

static size_t person_file(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, size - 1);

	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void person_cmdline(char *out, size_t size)
{
	size_t len = person_file("/proc/self/cmdline", out, size);

	while (len && !out[len - 1])
		len--;
	for (size_t i = 0; i < len; i++)
		if (!out[i])
			out[i] = ' ';
}

/* Reads the control group, where cgroup v2 is the only hierarchy: else there is no one path. */
static void person_cgroup(char *out, size_t size)
{
	person_file("/proc/self/cgroup", out, size);
	out[strcspn(out, "\n")] = '\0';
	if (strncmp(out, "0::", 3))
		out[0] = '\0';
	else
		memmove(out, out + 3, strlen(out + 3) + 1);
}

/* Reads the ids as the runner's pid namespace numbers them, because /proc was mounted there. */
static void read_ids(struct person *who)
{
	char text[64];
	ssize_t n = readlink("/proc/thread-self", text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%d/task/%d", &who->pid, &who->tid) == 2)
		return;
	who->pid = getpid();
	who->tid = gettid();
}

void person_self(struct person *who)
{
	ssize_t n = readlink("/proc/self/exe", who->exe, sizeof(who->exe) - 1);

	who->exe[n > 0 ? n : 0] = '\0';
	read_ids(who);
	who->uid = getuid();
	who->netns = space_of(who->pid);
	prctl(PR_GET_NAME, who->comm);
	person_cmdline(who->cmdline, sizeof(who->cmdline));
	person_cgroup(who->cgroup, sizeof(who->cgroup));
}
