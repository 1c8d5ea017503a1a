// SPDX-License-Identifier: GPL-2.0-only
/* This file finds the root of the cgroup2 hierarchy. */
#include "bpf/cgroup_root.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/detached.h"

/* The hierarchy's own root has the first inode number that kernfs_create_root() gives. A mount made
 * in a cgroup namespace, as in a container, begins with the container's cgroup, and programs
 * attached there see only the container. */
#define ROOT_INODE 1

/* Returns `fd` if it is the root. Otherwise closes it and returns -EXDEV. */
static int only_root(int fd)
{
	struct stat st;

	if (fd < 0 || (fstat(fd, &st) == 0 && st.st_ino == ROOT_INODE))
		return fd;
	close(fd);
	return -EXDEV;
}

static int open_mounted(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return only_root(fd < 0 ? -errno : fd);
}

int pc_cgroup_root_open(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *entry;
	int fd = -ENOENT;

	while (mounts && fd < 0 && (entry = getmntent(mounts)))
		if (!strcmp(entry->mnt_type, "cgroup2"))
			fd = open_mounted(entry->mnt_dir);
	if (mounts)
		endmntent(mounts);
	return fd >= 0 ? fd : only_root(pc_detached_mount("cgroup2"));
}
