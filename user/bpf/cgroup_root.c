// SPDX-License-Identifier: GPL-2.0-only
/* The root of the cgroup2 hierarchy. */
#include "bpf/cgroup_root.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>

#include "bpf/detached.h"

int pc_cgroup_root_open(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *entry;
	int fd = -ENOENT;

	while (mounts && (entry = getmntent(mounts))) {
		if (strcmp(entry->mnt_type, "cgroup2"))
			continue;
		fd = open(entry->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			break;
		fd = -errno;
	}
	if (mounts)
		endmntent(mounts);
	return fd >= 0 ? fd : pc_detached_mount("cgroup2");
}
