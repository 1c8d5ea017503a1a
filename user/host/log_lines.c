// SPDX-License-Identifier: GPL-2.0-only
/* A buffer that grows for a long line up to its limit, filled through zlib, which passes on what is not
 * gzipped. */
#include "host/log_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define FIRST_SIZE (1024 * 1024)
#define PACKED_SIZE (256 * 1024)

struct line_reader {
	gzFile file;
	char *buffer;
	size_t size;
	size_t len;    /* bytes in the buffer: the beginning of a line */
	size_t seen;   /* of them without a newline */
	bool skipping; /* the rest of a line that was too long */
	int (*line)(void *context, const char *text, size_t len);
	void *context;
	struct pc_log_lines *out;
};

static int give_line(struct line_reader *r, const char *text, size_t len)
{
	if (r->skipping) {
		r->skipping = false;
		return 0;
	}
	if (len && text[len - 1] == '\r')
		len--;
	return len ? r->line(r->context, text, len) : 0;
}

/* Gives the whole lines in the buffer; what is left moves to its beginning. */
static int give_lines(struct line_reader *r)
{
	char *from = r->buffer, *end = r->buffer + r->len, *newline;
	char *look = r->buffer + r->seen;
	int err = 0;

	while (!err && (newline = memchr(look, '\n', (size_t)(end - look)))) {
		err = give_line(r, from, (size_t)(newline - from));
		from = look = newline + 1;
	}
	r->len = (size_t)(end - from);
	memmove(r->buffer, from, r->len);
	r->seen = r->len;
	return err;
}

/* A full buffer without a newline. */
static int grow(struct line_reader *r)
{
	char *grown;

	if (r->size >= PC_LOG_LINE_MAX) {
		r->out->too_long += !r->skipping;
		r->skipping = true;
		r->len = r->seen = 0;
		return 0;
	}
	grown = realloc(r->buffer, r->size * 2);
	if (!grown)
		return -ENOMEM;
	r->buffer = grown;
	r->size *= 2;
	return 0;
}

/* Bytes read, 0 at the end, or a negative errno. Damaged gzip data are an end. */
static int fill(struct line_reader *r)
{
	int n = gzread(r->file, r->buffer + r->len, (unsigned)(r->size - r->len)), code;

	if (n > 0) {
		r->len += (size_t)n;
		r->out->bytes += (uint64_t)n;
		return n;
	}
	gzerror(r->file, &code);
	if (code == Z_ERRNO)
		return errno ? -errno : -EIO;
	if (code == Z_MEM_ERROR)
		return -ENOMEM;
	r->out->cut = code != Z_OK && code != Z_STREAM_END;
	return 0;
}

static int read_lines(struct line_reader *r)
{
	int n, err = 0;

	while (!err && (n = fill(r)) > 0) {
		err = give_lines(r);
		if (!err && r->len == r->size)
			err = grow(r);
	}
	if (!err && n < 0)
		return n;
	if (err || !r->len)
		return err;
	r->out->unfinished = !r->skipping;
	return give_line(r, r->buffer, r->len);
}

int pc_log_lines_read(int fd, int (*line)(void *context, const char *text, size_t len),
		      void *context, struct pc_log_lines *out)
{
	struct line_reader r = { .size = FIRST_SIZE, .line = line, .context = context, .out = out };
	int err = -ENOMEM;

	*out = (struct pc_log_lines){ 0 };
	r.buffer = malloc(r.size);
	r.file = gzdopen(fd, "rb");
	if (!r.file)
		close(fd);
	if (r.buffer && r.file && !gzbuffer(r.file, PACKED_SIZE))
		err = read_lines(&r);
	if (r.file)
		gzclose_r(r.file);
	free(r.buffer);
	return err;
}

int pc_log_lines_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode)) {
		close(fd);
		return -EISDIR;
	}
	return fd;
}
