// SPDX-License-Identifier: GPL-2.0-only
/* How a socket of each kind comes to hold its port. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "socket.h"

/* A step returns 0 or a negative errno. */
#define STEP(call) ((call) < 0 ? -errno : 0)

static int holder_local_port(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (getsockname(fd, (void *)&address, &len))
		return -errno;
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

/* On loopback the connection is there when connect() returns; on a busy machine the other
 * end is a little later. */
static int accept_one(int listener)
{
	struct pollfd ready = { .fd = listener, .events = POLLIN };
	int fd = poll(&ready, 1, 5000) == 1 ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;

	return fd < 0 ? -ETIMEDOUT : fd;
}

static int bind_side(struct holder *h, uint16_t port)
{
	return -socket_bind(h->fd, &h->side, port);
}

static int holder_connect_to(int fd, const struct side *s, uint16_t port)
{
	struct sockaddr_storage peer;
	socklen_t len = side_sockaddr(s->family, side_effective(s), port, &peer);

	return STEP(connect(fd, (void *)&peer, len));
}

static int stage_client(struct holder *h, struct space *space)
{
	int err = 0;

	if (h->side.kind == KIND_CLIENT_ZERO)
		err = bind_side(h, 0);
	else if (h->side.kind == KIND_CLIENT_BOUND)
		err = bind_side(h, space_port(space));
	if (!err)
		err = holder_connect_to(h->fd, &h->side, PEER_PORT);
	if (err || side_proto(h->side.kind) == PC_PROTO_UDP)
		return err;
	h->other = accept_one(space->listener);
	return h->other < 0 ? h->other : 0;
}

static int stage_bound(struct holder *h, struct space *space)
{
	int err = bind_side(h, space_port(space));

	if (!err && h->side.kind == KIND_LISTENING)
		err = STEP(listen(h->fd, 1));
	return err;
}

/* The listener's descriptor becomes the accepted one's. */
static int stage_accepted(struct holder *h, struct space *space)
{
	struct side caller = h->side;
	uint16_t port = space_port(space);
	int err = bind_side(h, port), child;

	caller.reuse = caller.reuseport = false;
	if (!err)
		err = STEP(listen(h->fd, 1));
	if (err)
		return err;
	h->other = socket_open(&caller);
	err = h->other < 0 ? h->other : holder_connect_to(h->other, &caller, port);
	if (err)
		return err;
	child = accept_one(h->fd);
	close(h->fd);
	h->fd = child;
	return child < 0 ? child : 0;
}

static int stage_sent(struct holder *h)
{
	struct sockaddr_storage peer;
	socklen_t len = side_sockaddr(h->side.family, ADDRESS_FIRST, PEER_PORT, &peer);

	return STEP(sendto(h->fd, "", 1, 0, (void *)&peer, len));
}

static int stage_kind(struct holder *h, struct space *space)
{
	switch (h->side.kind) {
	case KIND_BOUND:
	case KIND_LISTENING:
	case KIND_UDP_BOUND:
		return stage_bound(h, space);
	case KIND_ACCEPTED:
	case KIND_TIME_WAIT_SERVER:
		return stage_accepted(h, space);
	case KIND_UDP_SENT:
		return stage_sent(h);
	default:
		return stage_client(h, space);
	}
}

static uint16_t remote_port(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (getpeername(fd, (void *)&address, &len))
		return 0;
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

/* These fields tell the holder from all other sockets. An accepted socket has no cookie until somebody
 * asks, and nobody shall: it is known by its inode and its ports. */
static int holder_describe(struct holder *h)
{
	socklen_t len = sizeof(h->socket.cookie);
	int port = holder_local_port(h->fd);
	bool accepted = h->side.kind == KIND_ACCEPTED || h->side.kind == KIND_TIME_WAIT_SERVER;
	struct stat st;

	if (port <= 0 || fstat(h->fd, &st))
		return -errno;
	side_socket(&h->side, (uint16_t)port, &h->socket);
	h->socket.inode = st.st_ino;
	h->socket.rport = remote_port(h->fd);
	if (accepted)
		return 0;
	return STEP(getsockopt(h->fd, SOL_SOCKET, SO_COOKIE, &h->socket.cookie, &len));
}

/* The end that closes first keeps the TIME_WAIT. */
static void end_connection(struct holder *h)
{
	close(h->fd);
	close(h->other);
	h->fd = h->other = -1;
	h->socket.inode = 0;
}

int holder_stage(struct holder *h, const struct side *s, struct space *space)
{
	int err;

	*h = (struct holder){ .side = *s, .fd = -1, .other = -1 };
	h->listens = s->kind == KIND_LISTENING;
	h->fd = socket_open(s);
	if (h->fd < 0)
		return h->fd;
	err = stage_kind(h, space);
	if (!err)
		err = holder_describe(h);
	if (err)
		holder_close(h);
	else if (h->socket.state == PC_STATE_TIME_WAIT)
		end_connection(h);
	return err;
}

void holder_close(struct holder *h)
{
	socket_close(h->fd);
	socket_close(h->other);
	h->fd = h->other = -1;
}
