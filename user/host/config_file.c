// SPDX-License-Identifier: GPL-2.0-only
/* The configuration file as it lies on the disk. */
#include "host/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/settings.h"

/* A group of root's may write it: who is in it was made an administrator. */
static bool is_foreign(const struct stat *st)
{
	if (st->st_uid && st->st_uid != geteuid())
		return true;
	return st->st_mode & S_IWOTH || (st->st_mode & S_IWGRP && st->st_gid);
}

static int config_file_read_all(int fd, char *text, size_t size, size_t *len)
{
	*len = 0;
	while (*len < size) {
		ssize_t n = read(fd, text + *len, size - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		*len += (size_t)n;
	}
	return 0;
}

static int read_open(int fd, struct pc_config_file *out)
{
	struct pc_config_file file = { 0 };
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	file.foreign = is_foreign(&st);
	file.owner = st.st_uid;
	file.mode = st.st_mode & 07777;
	file.text = malloc(PC_SETTINGS_BYTES_MAX + 1);
	if (!file.text)
		return -ENOMEM;
	err = config_file_read_all(fd, file.text, PC_SETTINGS_BYTES_MAX + 1, &file.len);
	if (err)
		free(file.text);
	else
		*out = file;
	return err;
}

int pc_config_file_read(const char *path, struct pc_config_file *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int err;

	if (fd < 0)
		return -errno;
	err = read_open(fd, out);
	close(fd);
	return err;
}
