// SPDX-License-Identifier: GPL-2.0-only
/* Who the calling process is, by its own account. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "puppet.h"
#include "space.h"

static size_t read_file(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, size - 1);

	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void read_cmdline(char *out, size_t size)
{
	size_t len = read_file("/proc/self/cmdline", out, size);

	while (len && !out[len - 1])
		len--;
	for (size_t i = 0; i < len; i++)
		if (!out[i])
			out[i] = ' ';
}

/* Only where there is cgroup v2 alone is there one path to speak of. */
static void read_cgroup(char *out, size_t size)
{
	read_file("/proc/self/cgroup", out, size);
	out[strcspn(out, "\n")] = '\0';
	if (strncmp(out, "0::", 3))
		out[0] = '\0';
	else
		memmove(out, out + 3, strlen(out + 3) + 1);
}

/* As the runner's pid namespace numbers them: that is where /proc was mounted. */
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
	read_cmdline(who->cmdline, sizeof(who->cmdline));
	read_cgroup(who->cgroup, sizeof(who->cgroup));
}
