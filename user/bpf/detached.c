// SPDX-License-Identifier: GPL-2.0-only
/* This file mounts a kernel file system where no other process sees it. */
#include "bpf/detached.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* These numbers are from <linux/mount.h>, which collides with <sys/mount.h> in some C libraries. */
#define OPEN_CLOEXEC 1
#define CONFIG_CREATE 6
#define MOUNT_CLOEXEC 1

int pc_detached_mount(const char *type)
{
	int fs = (int)syscall(SYS_fsopen, type, OPEN_CLOEXEC);
	int mount = -1;

	if (fs < 0)
		return -errno;
	if (syscall(SYS_fsconfig, fs, CONFIG_CREATE, NULL, NULL, 0) == 0)
		mount = (int)syscall(SYS_fsmount, fs, MOUNT_CLOEXEC, 0);
	if (mount < 0)
		mount = -errno;
	close(fs);
	return mount;
}
