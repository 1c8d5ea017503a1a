// SPDX-License-Identifier: GPL-2.0-only
/* Small deeds on files, done by the writer where there is one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out/writer.h"

int pc_open_lock(const char *path)
{
	struct stat st;
	int fd;

	if (pc_writer_used())
		return pc_writer_open(&(struct pc_writer_request){ .op = PC_WRITER_LOCK }, path);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

int pc_remove_file(const char *path)
{
	if (pc_writer_used())
		return pc_writer_do(&(struct pc_writer_request){ .op = PC_WRITER_REMOVE }, path,
				    NULL);
	return unlink(path) ? -errno : 0;
}

int pc_set_aside(const char *path)
{
	char aside[PATH_MAX];

	if (pc_writer_used())
		return pc_writer_do(&(struct pc_writer_request){ .op = PC_WRITER_ASIDE }, path,
				    NULL);
	if (snprintf(aside, sizeof(aside), "%s" PC_ASIDE_SUFFIX, path) >= (int)sizeof(aside))
		return -ENAMETOOLONG;
	return rename(path, aside) ? -errno : 0;
}
