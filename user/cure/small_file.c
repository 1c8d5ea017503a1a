// SPDX-License-Identifier: GPL-2.0-only
/* Reads a sysctl.d file whole. */
#include "cure/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* A list of every second port has 192 KiB. */
#define SMALL_FILE_MAX (1024 * 1024)

static int small_file_check(int fd, struct stat *st)
{
	if (fstat(fd, st))
		return -errno;
	if (!S_ISREG(st->st_mode))
		return -EINVAL;
	return st->st_size > SMALL_FILE_MAX ? -EFBIG : 0;
}

static int small_file_fill(int fd, struct pc_small_file *f)
{
	ssize_t n;
	int err;

	f->text = malloc((size_t)f->was.st_size + 1);
	if (!f->text)
		return -ENOMEM;
	n = pread(fd, f->text, (size_t)f->was.st_size, 0);
	if (n < 0) {
		err = -errno;
		free(f->text);
		return err;
	}
	f->text[n] = '\0';
	f->len = (size_t)n;
	return 0;
}

int pc_small_file_read(const char *path, struct pc_small_file *out)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), err;
	struct pc_small_file f;

	if (fd < 0)
		return -errno;
	err = small_file_check(fd, &f.was);
	if (!err)
		err = small_file_fill(fd, &f);
	close(fd);
	if (!err)
		*out = f;
	return err;
}
