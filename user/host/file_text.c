// SPDX-License-Identifier: GPL-2.0-only
/* Reads a file of /proc as text. */
#include "host/file_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* The first allocation for a file is enough for all but long command lines. */
#define FILE_ROOM 2048

/* Makes room for at least one more byte and the terminator, `max` + 2 at most. */
static int file_text_grow(struct pc_file_text *t, size_t *room, size_t max)
{
	size_t want = *room ? *room * 2 : FILE_ROOM;
	char *bytes;

	if (t->len + 1 < *room)
		return 0;
	if (want > max + 2)
		want = max + 2;
	bytes = realloc(t->bytes, want);
	if (!bytes)
		return -ENOMEM;
	t->bytes = bytes;
	*room = want;
	return 0;
}

/* Reads one byte more than `max`, to know whether there is more. */
static int file_text_read_all(int fd, size_t max, struct pc_file_text *t)
{
	size_t room = 0;
	ssize_t n = 1;

	while (n && t->len <= max) {
		int err = file_text_grow(t, &room, max);

		if (err)
			return err;
		n = TEMP_FAILURE_RETRY(read(fd, t->bytes + t->len, room - 1 - t->len));
		if (n < 0)
			return -errno;
		t->len += (size_t)n;
	}
	t->cut = t->len > max;
	if (t->cut)
		t->len = max;
	t->bytes[t->len] = '\0';
	return 0;
}

int pc_file_text_read(int dir, const char *name, size_t max, struct pc_file_text *out)
{
	struct pc_file_text t = { 0 };
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = file_text_read_all(fd, max, &t);
	close(fd);
	if (err)
		free(t.bytes);
	else
		*out = t;
	return err;
}
