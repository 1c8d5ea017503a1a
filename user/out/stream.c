// SPDX-License-Identifier: GPL-2.0-only
/* Lines for a reader that can stall: tried at once, else held in memory, else given up. */
#include "out/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/array.h"
#include "core/base/time.h"

static uint64_t stream_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return pc_ns((uint64_t)t.tv_sec, (uint64_t)t.tv_nsec);
}

int pc_pipe_reopen(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

static void use_pipe(struct pc_stream *s, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	s->fd = fd;
	if (flags >= 0 && flags & O_NONBLOCK)
		return;
	s->fd = pc_pipe_reopen(fd);
	s->own = s->fd >= 0;
	s->blocking = !s->own;
	if (s->blocking)
		s->fd = fd;
}

int pc_stream_open(int fd, const struct pc_patience *patience, struct pc_stream **out)
{
	struct pc_stream *s;
	struct stat st;

	*out = NULL;
	if (fstat(fd, &st) || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->patience = *patience;
	s->socket = S_ISSOCK(st.st_mode);
	if (s->socket)
		s->fd = fd;
	else
		use_pipe(s, fd);
	*out = s;
	return 0;
}

/* A pipe takes up to PIPE_BUF bytes whole or not at all (pipe(7)): so many lines as fit in that, or
 * one longer line. What a reader that never comes back leaves behind are whole lines then. */
static size_t next_piece(const struct pc_stream *s)
{
	const char *begin = s->held + s->from, *end;

	if (s->len <= PIPE_BUF)
		return s->len;
	end = memrchr(begin, '\n', PIPE_BUF);
	if (!end)
		end = memchr(begin + PIPE_BUF, '\n', s->len - PIPE_BUF);
	return end ? (size_t)(end - begin) + 1 : s->len;
}

/* A pipe that is ready has room for PIPE_BUF bytes (pipe_poll(): a free page), so that the write does
 * not block, unless another writer is faster: all that can be done without O_NONBLOCK. */
static ssize_t write_ready(const struct pc_stream *s, size_t len)
{
	struct pollfd poller = { .fd = s->fd, .events = POLLOUT };

	if (poll(&poller, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(s->fd, s->held + s->from, len < PIPE_BUF ? len : PIPE_BUF);
}

static ssize_t write_once(const struct pc_stream *s)
{
	size_t len = next_piece(s);
	ssize_t n;

	do {
		if (s->socket)
			n = send(s->fd, s->held + s->from, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		else if (s->blocking)
			n = write_ready(s, len);
		else
			n = write(s->fd, s->held + s->from, len);
	} while (n < 0 && errno == EINTR);
	return n > 0 ? n : n < 0 ? -errno : -EIO;
}

static void stream_take(struct pc_stream *s, size_t n)
{
	s->midline = s->held[s->from + n - 1] != '\n';
	s->from += n;
	s->len -= n;
	s->stalled = false;
}

int pc_stream_flush(struct pc_stream *s)
{
	while (s->len > 0) {
		ssize_t n = write_once(s);

		if (n == -EAGAIN)
			return -EAGAIN;
		if (n < 0) {
			pc_stream_drop(s);
			return (int)n;
		}
		stream_take(s, (size_t)n);
	}
	return 0;
}

void pc_stream_hurry(struct pc_stream *s)
{
	if (!s->last_ns)
		s->last_ns = stream_now_ns() + PC_STREAM_LAST_MS * PC_NS_PER_MS;
}

/* Gives the time at which waiting until `until_ns` ends in truth; 0: it must not begin. */
static uint64_t stream_limit(const struct pc_stream *s, uint64_t until_ns, uint64_t now)
{
	uint64_t round_ns = (uint64_t)s->patience.round_ms * PC_NS_PER_MS;

	if (s->last_ns)
		return s->last_ns;
	if (s->stalled || (round_ns && s->waited_ns >= round_ns))
		return 0;
	if (round_ns && now + round_ns - s->waited_ns < until_ns)
		return now + round_ns - s->waited_ns;
	return until_ns;
}

/* True when it is worth another try. */
static bool wait_until(struct pc_stream *s, uint64_t until_ns)
{
	struct pollfd fds[] = {
		{ .fd = s->fd, .events = POLLOUT },
		{ .fd = s->last_ns ? -1 : s->patience.stop, .events = POLLIN },
	};
	uint64_t now = stream_now_ns(), end = stream_limit(s, until_ns, now);

	s->stalled |= now >= until_ns;
	if (now >= end)
		return false;
	poll(fds, 2, (int)((end - now + PC_NS_PER_MS - 1) / PC_NS_PER_MS));
	s->waited_ns += stream_now_ns() - now;
	if (fds[1].revents)
		pc_stream_hurry(s);
	return true;
}

/* Waits until no more than `most` bytes are held. */
static int wait_for(struct pc_stream *s, size_t most)
{
	uint64_t patience = (uint64_t)s->patience.wait_ms * PC_NS_PER_MS;
	uint64_t until = stream_now_ns() + patience;

	for (;;) {
		size_t before = s->len;
		int err = pc_stream_flush(s);

		if (err != -EAGAIN)
			return err;
		if (s->len <= most)
			return 0;
		if (s->len < before)
			until = stream_now_ns() + patience;
		if (!wait_until(s, until))
			return -EAGAIN;
	}
}

void pc_stream_round(struct pc_stream *s)
{
	s->waited_ns = 0;
	pc_stream_flush(s);
}

int pc_stream_wait(struct pc_stream *s)
{
	return wait_for(s, 0);
}

static int stream_make_room(struct pc_stream *s, size_t len)
{
	size_t size = s->len + len;

	if (s->from + size <= s->size)
		return 0;
	if (s->len)
		memmove(s->held, s->held + s->from, s->len);
	s->from = 0;
	if (size <= s->size)
		return 0;
	return pc_array_reserve(&s->held, &s->size, size, 1);
}

static int stream_hold(struct pc_stream *s, const char *line, size_t len)
{
	char *end;

	if (stream_make_room(s, len + 2))
		return -ENOMEM;
	end = s->held + s->from + s->len;
	if (s->torn)
		*end++ = '\n';
	s->torn = false;
	end = mempcpy(end, line, len);
	*end++ = '\n';
	s->len = (size_t)(end - s->held) - s->from;
	return 0;
}

int pc_stream_line(struct pc_stream *s, const char *line, size_t len)
{
	size_t need = len + 2; /* a newline behind it, and perhaps one before */
	int err =
		s->len ? wait_for(s, need < PC_STREAM_HELD_MAX ? PC_STREAM_HELD_MAX - need : 0) : 0;

	if (!err)
		err = stream_hold(s, line, len);
	if (err)
		return err;
	err = pc_stream_flush(s);
	if (err && err != -EAGAIN) {
		s->late--; /* this one, of which the caller is told */
		return err;
	}
	return 0;
}

void pc_stream_drop(struct pc_stream *s)
{
	for (size_t i = 0; i < s->len; i++)
		s->late += s->held[s->from + i] == '\n';
	s->torn = s->midline;
	s->len = 0;
}

void pc_stream_close(struct pc_stream *s)
{
	if (!s)
		return;
	if (s->own)
		close(s->fd);
	free(s->held);
	free(s);
}
