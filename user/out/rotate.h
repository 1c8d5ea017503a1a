/* SPDX-License-Identifier: GPL-2.0-only */
/* Keeps a log below its size: the full file becomes FILE.1, FILE.1 becomes FILE.2, and so on. */
#ifndef PORTCLASH_ROTATE_H
#define PORTCLASH_ROTATE_H

#include <stdbool.h>
#include <stdint.h>

/* More old files than these are no cap any more. */
#define PC_ROTATE_KEEP_MAX 99

struct pc_rotate {
	uint64_t max_bytes; /* of the file; 0: no limit */
	unsigned keep;	    /* old files; the one beyond them is removed */
};

/* Is there room for `bytes` more in the file of `size` bytes? */
bool pc_rotate_fits(const struct pc_rotate *r, uint64_t size, uint64_t bytes);

/* Moves `path`, which is open as `fd`, and the old files before it out of the way; the caller opens
 * `path` anew. If somebody else has moved it already, nothing is moved. 0 or a negative errno: then the
 * file is still at `path`, and full. */
int pc_rotate_files(const struct pc_rotate *r, const char *path, int fd);

/* Moves the files alone: `path` and `keep` old ones, PC_ROTATE_KEEP_MAX at most. */
int pc_rotate_names(const char *path, unsigned keep);

#endif
