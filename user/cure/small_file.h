/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads a sysctl.d file whole. */
#ifndef PORTCLASH_SMALL_FILE_H
#define PORTCLASH_SMALL_FILE_H

#include <stddef.h>
#include <sys/stat.h>

struct pc_small_file {
	char *text; /* malloc'd, with a NUL behind it; the caller frees it */
	size_t len;
	struct stat was;
};

/* 0, or `out` is untouched: -ENOENT: there is none; -ELOOP: it is a symbolic link, which is not followed; -EINVAL:
 * it is no regular file; -EFBIG: it is too large for a sysctl.d file; or another negative errno. */
int pc_small_file_read(const char *path, struct pc_small_file *out);

#endif
