// SPDX-License-Identifier: GPL-2.0-only
/* Both ends of the socket between the agent and its writer: a request, its path and data; an answer. */
#include "out/writer.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

/* The process' writer, and why it is of no use any more. */
static int writer_fd = -1;
static int lost;

int pc_writer_limit(int fd)
{
	const struct timeval limit = { .tv_sec = PC_WRITER_WAIT_S };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)))
		return -errno;
	return 0;
}

void pc_writer_use(int fd)
{
	writer_fd = fd;
	lost = fd < 0 ? 0 : pc_writer_limit(fd);
}

bool pc_writer_used(void)
{
	return writer_fd >= 0;
}

int pc_writer_lost(void)
{
	return lost;
}

/* A control message for one descriptor. */
union fd_space {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

static int send_all(int to, const void *data, size_t len)
{
	for (const char *at = data; len;) {
		ssize_t n = send(to, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Sends a fixed part and a descriptor (-1: none). Its bytes go at once: a stream socket has room for them,
 * because nothing else waits in it. */
static int send_head(int to, const void *head, size_t len, int fd)
{
	union fd_space control = { .header = { .cmsg_level = SOL_SOCKET,
					       .cmsg_type = SCM_RIGHTS,
					       .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct iovec part = { .iov_base = (void *)head, .iov_len = len };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t n;

	if (fd < 0)
		return send_all(to, head, len);
	message.msg_control = &control;
	message.msg_controllen = sizeof(control);
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	do
		n = sendmsg(to, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len ? 0 : n < 0 ? -errno : -EIO;
}

static void close_fds(const struct cmsghdr *c, size_t count)
{
	int fd;

	for (size_t i = 0; i < count; i++) {
		memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
		close(fd);
	}
}

/* The descriptor that came, or -1. The space for one has room for a second, with which an intruder would fill the
 * table of the receiver: where several came, none is taken. */
static int take_fd(struct msghdr *message)
{
	int fd = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(fd);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		if (count == 1 && fd < 0)
			memcpy(&fd, CMSG_DATA(c), sizeof(fd));
		else
			close_fds(c, count);
	}
	return fd;
}

static int receive_all(int from, void *data, size_t len)
{
	for (char *at = data; len;) {
		ssize_t n = recv(from, at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENOTCONN;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int receive_head(int from, void *head, size_t len, int *fd)
{
	union fd_space control;
	struct iovec part = { .iov_base = head, .iov_len = len };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t n;
	int err;

	do
		n = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n ? -errno : -ENOTCONN;
	*fd = take_fd(&message);
	err = receive_all(from, (char *)head + n, len - (size_t)n);
	if (err && *fd >= 0)
		close(*fd);
	return err;
}

static int ask_over(int to, const struct pc_writer_request *request, const char *path,
		    const void *data, int fd, struct pc_writer_answer *out, int *out_fd)
{
	int err = send_head(to, request, sizeof(*request), fd);

	if (!err)
		err = send_all(to, path, request->path_len);
	if (!err)
		err = send_all(to, data, request->data_len);
	return err ? err : receive_head(to, out, sizeof(*out), out_fd);
}

int pc_writer_ask(struct pc_writer_request *request, const char *path, const void *data, int fd,
		  struct pc_writer_answer *out, int *out_fd)
{
	*out_fd = -1;
	if (lost)
		return -ENOTCONN;
	request->path_len = path ? (uint32_t)strlen(path) : 0;
	if (request->path_len >= PATH_MAX)
		return -ENAMETOOLONG;
	if (request->data_len > PC_WRITER_DATA_MAX)
		return -EFBIG;
	lost = ask_over(writer_fd, request, path, data, fd, out, out_fd);
	if (lost == -EAGAIN || lost == -EWOULDBLOCK)
		lost = -ETIMEDOUT;
	return lost ? -ENOTCONN : 0;
}

int pc_writer_open(struct pc_writer_request *request, const char *path)
{
	struct pc_writer_answer answer;
	int fd, err = pc_writer_ask(request, path, NULL, -1, &answer, &fd);

	if (err)
		return err;
	if (fd >= 0)
		return fd;
	return answer.err < 0 ? answer.err : -EIO;
}

int pc_writer_do(struct pc_writer_request *request, const char *path, const void *data)
{
	struct pc_writer_answer answer;
	int fd, err = pc_writer_ask(request, path, data, -1, &answer, &fd);

	if (fd >= 0)
		close(fd);
	return err ? err : answer.err;
}

static bool is_request(const struct pc_writer_request *r)
{
	return r->op > PC_WRITER_INVALID && r->op < PC_WRITER_OPS && r->path_len < PATH_MAX &&
	       r->data_len <= PC_WRITER_DATA_MAX;
}

/* A path with a zero byte in it is none. */
static int serve_rest(int fd, const struct pc_writer_request *r, int with, char *data,
		      pc_writer_serve_fn serve, void *context)
{
	struct pc_writer_answer answer = { 0 };
	char path[PATH_MAX];
	int out_fd = -1, err = receive_all(fd, path, r->path_len);

	path[r->path_len] = '\0';
	if (!err)
		err = receive_all(fd, data, r->data_len);
	if (!err && strlen(path) != r->path_len)
		err = -EBADMSG;
	if (err)
		return err;
	serve(context, r, path, data, with, &answer, &out_fd);
	err = send_head(fd, &answer, sizeof(answer), out_fd);
	if (out_fd >= 0)
		close(out_fd);
	return err;
}

static int serve_next(int fd, pc_writer_serve_fn serve, void *context)
{
	struct pc_writer_request r;
	int with = -1, err = receive_head(fd, &r, sizeof(r), &with);
	char *data = NULL;

	if (err)
		return err;
	if (is_request(&r))
		data = malloc(r.data_len + 1);
	err = data ? serve_rest(fd, &r, with, data, serve, context) : -EBADMSG;
	free(data);
	if (with >= 0)
		close(with);
	return err;
}

void pc_writer_serve(int fd, pc_writer_serve_fn serve, void *context)
{
	while (!serve_next(fd, serve, context))
		;
}
