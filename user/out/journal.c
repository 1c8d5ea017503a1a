// SPDX-License-Identifier: GPL-2.0-only
/* The native protocol of systemd-journald: a datagram of fields, or a sealed file of them. */
#include "out/journal.h"
#include "out/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* All that journald asks of a file, in v252 and later. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

void pc_journal_field(FILE *out, const char *name, const char *value, size_t len)
{
	uint64_t size = len;
	uint8_t little[8];

	fputs(name, out);
	if (memchr(value, '\n', len)) {
		for (unsigned i = 0; i < sizeof(little); i++)
			little[i] = (uint8_t)(size >> 8 * i);
		fputc('\n', out);
		fwrite(little, 1, sizeof(little), out);
	} else {
		fputc('=', out);
	}
	fwrite(value, 1, len, out);
	fputc('\n', out);
}

void pc_journal_close(struct pc_journal *j)
{
	if (!j)
		return;
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
}

int pc_journal_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, err;

	if (pc_writer_used())
		return pc_writer_open(&(struct pc_writer_request){ .op = PC_WRITER_JOURNAL }, NULL);
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* Connected, so that poll() can wait for journald to take what it has. */
static int journal_connect_to(struct pc_journal *j)
{
	int fd = pc_journal_connect(j->path);

	if (fd < 0)
		return fd;
	j->fd = fd;
	return 0;
}

/* Without a descriptor in the message send() is enough, which an agent that is confined may call. */
static int send_now(const struct pc_journal *j, const struct msghdr *message)
{
	const struct iovec *only = message->msg_iov;
	ssize_t n = message->msg_controllen ?
			    sendmsg(j->fd, message, MSG_NOSIGNAL) :
			    send(j->fd, only->iov_base, only->iov_len, MSG_NOSIGNAL);

	return n < 0 ? -errno : 0;
}

/* A journald that hangs must not hang the session: only the first entry is waited for. */
static int send_waiting(struct pc_journal *j, const struct msghdr *message)
{
	struct pollfd poller = { .fd = j->fd, .events = POLLOUT };
	int err = send_now(j, message);

	if (err == -EAGAIN && !j->stuck && poll(&poller, 1, PC_JOURNAL_WAIT_MS) > 0)
		err = send_now(j, message);
	j->stuck = err == -EAGAIN;
	return err;
}

/* The other end was made anew (journald's socket unit was restarted, or it is no systemd's), or
 * is gone: the path says which. */
static bool is_stale(int err)
{
	return err == -ECONNREFUSED || err == -ENOTCONN || err == -ECONNRESET || err == -EPIPE;
}

static int send_connected(struct pc_journal *j, const struct msghdr *message)
{
	int err = j->fd < 0 ? journal_connect_to(j) : 0;

	if (err)
		return err;
	err = send_waiting(j, message);
	if (!is_stale(err))
		return err;
	pc_journal_close(j);
	err = journal_connect_to(j);
	return err ? err : send_waiting(j, message);
}

static int journal_write_all(int fd, const char *entry, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, entry, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			entry += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* A file that nobody can change any more, or a negative errno. */
static int sealed_file(const char *entry, size_t len)
{
	int fd = memfd_create("portclash-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd < 0)
		return -errno;
	err = journal_write_all(fd, entry, len);
	if (!err && fcntl(fd, F_ADD_SEALS, SEALS))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int send_file(struct pc_journal *j, const char *entry, size_t len)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS,
				  .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct msghdr message = { .msg_control = &control, .msg_controllen = sizeof(control) };
	struct pc_writer_request request = { .op = PC_WRITER_JOURNAL_FILE };
	int fd, err;

	if (pc_writer_used() && len > PC_WRITER_DATA_MAX)
		return -EMSGSIZE;
	request.data_len = (uint32_t)len;
	if (pc_writer_used())
		return pc_writer_do(&request, NULL, entry);
	fd = sealed_file(entry, len);
	if (fd < 0)
		return fd;
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	err = send_connected(j, &message);
	close(fd);
	return err;
}

int pc_journal_send(struct pc_journal *j, const char *entry, size_t len)
{
	struct iovec part = { .iov_base = (char *)entry, .iov_len = len };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int err = send_connected(j, &message);

	/* Larger than the socket's buffer, or than what the kernel has in one piece. */
	if (err == -EMSGSIZE || err == -ENOBUFS)
		err = send_file(j, entry, len);
	/* The session takes -EPIPE for a reader that is gone permanently. */
	if (err == -EPIPE)
		err = -ECONNREFUSED;
	j->lost += err != 0;
	return err;
}

bool pc_journal_is_stream(const char *stream, int fd)
{
	unsigned long long device, inode;
	struct stat st;
	char *end;

	if (!stream || fstat(fd, &st))
		return false;
	device = strtoull(stream, &end, 10);
	if (end == stream || *end != ':')
		return false;
	stream = end + 1;
	inode = strtoull(stream, &end, 10);
	return end != stream && !*end && device == st.st_dev && inode == st.st_ino;
}
