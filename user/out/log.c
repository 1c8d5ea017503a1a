// SPDX-License-Identifier: GPL-2.0-only
/* The line writer, of JSON and of text: one writev() a line, and what is left of a failed one is taken
 * back, so that no half line is ever followed by a good one. What can stall goes through stream.c. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "out/log.h"
#include "out/writer.h"

/* O_NONBLOCK is nothing to a file; a FIFO without a reader must not hang the agent. */
int pc_open_append(const char *path)
{
	int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, fd;

	if (pc_writer_used())
		return pc_writer_open(&(struct pc_writer_request){ .op = PC_WRITER_APPEND }, path);
	fd = open(path, flags, 0640);
	return fd < 0 ? -errno : fd;
}

/* -1: not a regular file. */
static off_t log_size_of(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) ? st.st_size : -1;
}

/* A file that may be written but not read is taken to end well. */
static bool ends_torn(const char *path, int fd)
{
	off_t size = log_size_of(fd);
	char last = '\n';
	int reader;

	if (size <= 0)
		return false;
	reader = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (reader < 0)
		return false;
	if (pread(reader, &last, 1, size - 1) != 1)
		last = '\n';
	close(reader);
	return last != '\n';
}

int pc_log_open(struct pc_log *log, const char *path)
{
	struct pc_log new = { .fd = STDOUT_FILENO, .verbose = log->verbose, .color = log->color };

	if (path) {
		new.path = strdup(path);
		if (!new.path)
			return -ENOMEM;
		new.fd = pc_open_append(path);
		if (new.fd < 0) {
			free(new.path);
			return new.fd;
		}
		new.torn = ends_torn(path, new.fd);
	}
	*log = new;
	return 0;
}

static bool wait_writable(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLOUT };

	return poll(&poller, 1, PC_LOG_WAIT_MS) > 0;
}

static ssize_t write_some(int fd, const struct iovec *parts, int count)
{
	for (;;) {
		ssize_t n = writev(fd, parts, count);

		if (n >= 0)
			return n > 0 ? n : -EIO;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		if (!wait_writable(fd))
			return -EAGAIN;
	}
}

static int log_write_all(int fd, struct iovec *parts, int count, size_t *written)
{
	while (count > 0) {
		ssize_t n = write_some(fd, parts, count);
		size_t taken = n;

		if (n < 0)
			return (int)n;
		*written += taken;
		for (; count > 0 && taken >= parts->iov_len; parts++, count--)
			taken -= parts->iov_len;
		if (count > 0) {
			parts->iov_base = (char *)parts->iov_base + taken;
			parts->iov_len -= taken;
		}
	}
	return 0;
}

/* The tail is taken back only from a file of our own that ends in what we wrote. Standard output
 * may be shared, and without O_APPEND its position would stay behind the new end. */
static bool log_take_back(const struct pc_log *log, off_t end, size_t written)
{
	if (!log->path || end < 0 || log_size_of(log->fd) != end + (off_t)written)
		return false;
	return !ftruncate(log->fd, end);
}

static void take_late(struct pc_log *log)
{
	log->late += log->stream->late;
	log->lost += log->stream->late;
	log->stream->late = 0;
}

static int stream_line(struct pc_log *log, const char *line, size_t len)
{
	int err = pc_stream_line(log->stream, line, len);

	take_late(log);
	log->lost += err != 0;
	return err;
}

int pc_log_bound(struct pc_log *log, const struct pc_patience *patience)
{
	log->bounded = true;
	log->patience = *patience;
	return pc_stream_open(log->fd, patience, &log->stream);
}

void pc_log_flush(struct pc_log *log)
{
	if (!log->stream)
		return;
	pc_stream_round(log->stream);
	take_late(log);
}

void pc_log_hurry(struct pc_log *log)
{
	if (log->stream)
		pc_stream_hurry(log->stream);
}

int pc_log_finish(struct pc_log *log)
{
	int err;

	if (!log->stream)
		return 0;
	err = pc_stream_wait(log->stream);
	pc_stream_drop(log->stream);
	take_late(log);
	return err;
}

/* Writes what the reader takes at once. True when half a line stays behind. */
static bool close_stream(struct pc_log *log)
{
	bool torn;

	if (!log->stream)
		return false;
	pc_stream_flush(log->stream);
	pc_stream_drop(log->stream);
	torn = log->stream->midline;
	take_late(log);
	pc_stream_close(log->stream);
	log->stream = NULL;
	return torn;
}

static int write_line(struct pc_log *log, const char *line, size_t len)
{
	struct iovec parts[] = {
		{ .iov_base = "\n", .iov_len = log->torn },
		{ .iov_base = (char *)line, .iov_len = len },
		{ .iov_base = "\n", .iov_len = 1 },
	};
	off_t end = log_size_of(log->fd);
	size_t written = 0;
	int err = log_write_all(log->fd, parts, 3, &written);

	if (!err) {
		log->torn = false;
		return 0;
	}
	log->lost++;
	if (written > 0 && !log_take_back(log, end, written))
		log->torn = !log->torn || written > 1; /* else only the newline got out */
	return err;
}

void pc_log_cap(struct pc_log *log, const struct pc_rotate *rotate)
{
	log->rotate = *rotate;
}

/* Two newlines at most come with the line. */
static int make_room(struct pc_log *log, size_t len)
{
	off_t size = log_size_of(log->fd);
	int err;

	if (!log->path || size < 0 || pc_rotate_fits(&log->rotate, (uint64_t)size, len + 2))
		return 0;
	if (!pc_rotate_fits(&log->rotate, 0, len + 2))
		return -EFBIG;
	err = pc_rotate_files(&log->rotate, log->path, log->fd);
	return err ? err : pc_log_reopen(log);
}

int pc_log_line(struct pc_log *log, const char *line, size_t len)
{
	int err;

	if (log->stream)
		return stream_line(log, line, len);
	err = make_room(log, len);
	if (!err)
		return write_line(log, line, len);
	log->lost++;
	return err;
}

/* Is it the same FIFO as before? Only a FIFO can be the same and hold half a line. */
int pc_log_reopen(struct pc_log *log)
{
	struct pc_stream *stream = NULL;
	bool torn;
	int fd, err;

	if (!log->path)
		return 0;
	fd = pc_open_append(log->path);
	if (fd < 0)
		return fd;
	err = log->bounded ? pc_stream_open(fd, &log->patience, &stream) : 0;
	if (err) {
		close(fd);
		return err;
	}
	torn = close_stream(log);
	if (stream)
		stream->torn = torn;
	log->stream = stream;
	close(log->fd);
	log->fd = fd;
	log->torn = ends_torn(log->path, fd);
	return 0;
}

int pc_log_switch(struct pc_log *log, const char *path)
{
	struct pc_log new = PC_LOG_INIT;
	int err = pc_log_open(&new, path);

	if (err)
		return err;
	err = log->bounded ? pc_log_bound(&new, &log->patience) : 0;
	if (err) {
		pc_log_close(&new);
		return err;
	}
	pc_log_close(log);
	new.rotate = log->rotate;
	new.lost = log->lost;
	new.late = log->late;
	*log = new;
	return 0;
}

void pc_log_close(struct pc_log *log)
{
	if (!log)
		return;
	close_stream(log);
	if (log->path && log->fd >= 0)
		close(log->fd);
	free(log->path);
	log->path = NULL;
	log->fd = -1;
}
