// SPDX-License-Identifier: GPL-2.0-only
/* This file opens files of tracefs, also where tracefs is not mounted. */
#include "bpf/tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bpf/detached.h"

int pc_tracefs_open(const char *path, int flags)
{
	static const char *const mounts[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char whole[256];
	int folder, fd;

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		snprintf(whole, sizeof(whole), "%s/%s", mounts[i], path);
		fd = open(whole, flags | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	folder = pc_detached_mount("tracefs");
	if (folder < 0)
		return folder;
	fd = openat(folder, path, flags | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(folder);
	return fd;
}

int pc_tracefs_event_id(const char *group, const char *name)
{
	char path[128], text[16];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "events/%s/%s/id", group, name);
	fd = pc_tracefs_open(path, O_RDONLY);
	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	return (int)strtol(text, NULL, 10);
}
