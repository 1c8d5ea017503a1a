// SPDX-License-Identifier: GPL-2.0-only
/* Control groups for puppets to be moved into. */
#include "stage/group.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Finds the mount of cgroup v2, or that of v1 with the controller "pids": an empty text when there is none. */
static void find_mount(bool v1, char *out, size_t size)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char line[1024], where[512], type[64], options[256];

	out[0] = '\0';
	while (mounts && !out[0] && fgets(line, sizeof(line), mounts))
		if (sscanf(line, "%*s %511s %63s %255s", where, type, options) == 3 &&
		    (v1 ? !strcmp(type, "cgroup") && strstr(options, ",pids") :
			  !strcmp(type, "cgroup2")))
			snprintf(out, size, "%s", where);
	if (mounts)
		fclose(mounts);
}

/* Makes all folders on the way, or removes them from the leaf up as far as they are empty. */
static int each_folder(const char *mount, const char *path, bool make)
{
	char full[1024];
	size_t first = strlen(mount) + 1;

	snprintf(full, sizeof(full), "%s%s", mount, path);
	for (size_t i = first; make && full[i]; i++) {
		if (full[i] != '/')
			continue;
		full[i] = '\0';
		if (mkdir(full, 0755) && errno != EEXIST)
			return -errno;
		full[i] = '/';
	}
	if (make)
		return mkdir(full, 0755) && errno != EEXIST ? -errno : 0;
	while (strlen(full) > first && !rmdir(full))
		*strrchr(full, '/') = '\0';
	return 0;
}

static void move_below(struct test *t, const char *mount, const char *path, struct puppet *p)
{
	char file[1024], pid[16];
	int err, fd;

	err = each_folder(mount, path, true);
	snprintf(file, sizeof(file), "%s%s/cgroup.procs", mount, path);
	snprintf(pid, sizeof(pid), "%d", p->pid);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (err || fd < 0 || write(fd, pid, strlen(pid)) < 0) {
		each_folder(mount, path, false);
		test_skip(t, "no control group can be made here: %s", strerror(err ? -err : errno));
	}
	close(fd);
}

void group_move(struct test *t, const char *path, struct puppet *p)
{
	char mount[512];

	find_mount(false, mount, sizeof(mount));
	if (!mount[0])
		test_skip(t, "cgroup v2 is not mounted here");
	move_below(t, mount, path, p);
}

void group_move_v1(struct test *t, const char *path, struct puppet *p)
{
	char mount[512];

	find_mount(true, mount, sizeof(mount));
	if (!mount[0])
		test_skip(t, "this machine has no cgroup v1 with the controller pids");
	move_below(t, mount, path, p);
}

int group_folder(const char *path, char *out, size_t size)
{
	char mount[512];

	find_mount(false, mount, sizeof(mount));
	if (!mount[0])
		return -ENOENT;
	snprintf(out, size, "%s%s", mount, path);
	return 0;
}

void group_remove(const char *path)
{
	char mount[512];

	for (int v1 = 0; v1 < 2; v1++) {
		find_mount(v1, mount, sizeof(mount));
		if (mount[0])
			each_folder(mount, path, false);
	}
}
