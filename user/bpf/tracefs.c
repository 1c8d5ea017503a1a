// SPDX-License-Identifier: GPL-2.0-only
/* Finding a tracepoint's number, also where nobody has mounted tracefs. */
#include "bpf/tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bpf/detached.h"

static int read_id(int folder, const char *path)
{
	char text[16];
	ssize_t n;
	int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	return (int)strtol(text, NULL, 10);
}

int pc_tracefs_event_id(const char *group, const char *name)
{
	static const char *const mounts[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[256];
	int folder, id;

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		snprintf(path, sizeof(path), "%s/events/%s/%s/id", mounts[i], group, name);
		id = read_id(AT_FDCWD, path);
		if (id >= 0)
			return id;
	}
	folder = pc_detached_mount("tracefs");
	if (folder < 0)
		return folder;
	snprintf(path, sizeof(path), "events/%s/%s/id", group, name);
	id = read_id(folder, path);
	close(folder);
	return id;
}
