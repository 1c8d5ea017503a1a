// SPDX-License-Identifier: GPL-2.0-only
/* Entering a user namespace. */
#include "stage/users.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void map_ids(struct puppet *p, const char *what, uid_t uid)
{
	char path[64], map[64];
	int fd, len = snprintf(map, sizeof(map), "0 %u 1", uid);

	snprintf(path, sizeof(path), "/proc/%d/%s", p->pid, what);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, map, (size_t)len) != len)
		test_skip(p->t, "no user namespace can be mapped here: %s", strerror(errno));
	close(fd);
}

static void act_enter_users(void *io)
{
	*(int *)io = unshare(CLONE_NEWUSER) ? errno : 0;
}

void users_enter(struct puppet *p, uid_t uid)
{
	int error = 0;

	puppet_call(p, act_enter_users, &error, sizeof(error));
	if (error)
		test_skip(p->t, "no user namespace can be made here: %s", strerror(error));
	map_ids(p, "uid_map", uid);
	map_ids(p, "gid_map", uid);
	puppet_become(p, 0);
}
