// SPDX-License-Identifier: GPL-2.0-only
/* Keeps a log below its size, by renames alone: each is whole or has not happened, so that a kill in
 * between loses no file that was to be kept. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out/rotate.h"
#include "out/writer.h"

bool pc_rotate_fits(const struct pc_rotate *r, uint64_t size, uint64_t bytes)
{
	return !r->max_bytes || (size <= r->max_bytes && bytes <= r->max_bytes - size);
}

/* Number 0 is the log itself. */
static int old_name(const char *path, unsigned number, char *out)
{
	int len = number ? snprintf(out, PATH_MAX, "%s.%u", path, number) :
			   snprintf(out, PATH_MAX, "%s", path);

	return len < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int move_up(const char *path, unsigned number)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (old_name(path, number, from) || old_name(path, number + 1, to))
		return -ENAMETOOLONG;
	return rename(from, to) && errno != ENOENT ? -errno : 0;
}

static bool is_open_as(const char *path, int fd)
{
	struct stat named, open;

	return !stat(path, &named) && !fstat(fd, &open) && named.st_dev == open.st_dev &&
	       named.st_ino == open.st_ino;
}

int pc_rotate_files(const struct pc_rotate *r, const char *path, int fd)
{
	if (!is_open_as(path, fd))
		return 0;
	if (pc_writer_used())
		return pc_writer_do(
			&(struct pc_writer_request){ .op = PC_WRITER_ROTATE, .number = r->keep },
			path, NULL);
	return pc_rotate_names(path, r->keep);
}

int pc_rotate_names(const char *path, unsigned keep)
{
	if (!keep)
		return unlink(path) ? -errno : 0;
	if (keep > PC_ROTATE_KEEP_MAX)
		return -EINVAL;
	for (unsigned number = keep; number--;) {
		int err = move_up(path, number);

		if (err)
			return err;
	}
	return 0;
}
