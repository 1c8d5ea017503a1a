// SPDX-License-Identifier: GPL-2.0-only
/* A collision on purpose: one process gets a port, another one is refused it. */
#include "collision.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ports that are asked for by number lie below the usual port range, each used again much later. */
#define FIRST_PORT 20000
#define PORTS 8000

/* Connected to, but not read from: nobody needs to be there for UDP. */
#define UDP_PEER 9

static int collision_open_socket(enum collision_kind kind)
{
	int type = kind == COLLISION_UDP_CLIENT ? SOCK_DGRAM : SOCK_STREAM;

	return socket(AF_INET, type | SOCK_CLOEXEC, 0);
}

static int bind_port(int fd, uint16_t port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };

	return bind(fd, (struct sockaddr *)&any, sizeof(any)) ? -errno : 0;
}

static uint16_t collision_port_of(int fd)
{
	struct sockaddr_in own = { 0 };
	socklen_t len = sizeof(own);

	getsockname(fd, (struct sockaddr *)&own, &len);
	return ntohs(own.sin_port);
}

static int connect_port(int fd, uint16_t port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	return connect(fd, (struct sockaddr *)&to, sizeof(to)) ? -errno : 0;
}

static int get_port(int fd, enum collision_kind kind, uint16_t number, uint16_t server)
{
	int err;

	switch (kind) {
	case COLLISION_CLIENT:
		return connect_port(fd, server);
	case COLLISION_UDP_CLIENT:
		return connect_port(fd, UDP_PEER);
	case COLLISION_LISTENER:
		err = bind_port(fd, number);
		return err || !listen(fd, 1) ? err : -errno;
	default:
		return bind_port(fd, 0);
	}
}

/* In the child: tells the port, and stays until it is killed. */
static void collision_hold(enum collision_kind kind, uint16_t number, uint16_t server, int out)
{
	int fd = collision_open_socket(kind);
	uint16_t port = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "soak-holder");
	if (fd >= 0 && get_port(fd, kind, number, server) == 0)
		port = collision_port_of(fd);
	if (write(out, &port, sizeof(port)) == sizeof(port))
		pause();
	_exit(0);
}

static int start_holder(struct collision *c, uint16_t number, uint16_t server)
{
	int ends[2], err = 0;

	if (pipe(ends) != 0)
		return -errno;
	c->holder = fork();
	if (c->holder == 0)
		collision_hold(c->kind, number, server, ends[1]);
	if (c->holder < 0)
		err = -errno;
	close(ends[1]);
	if (!err && (read(ends[0], &c->port, sizeof(c->port)) != sizeof(c->port) || !c->port))
		err = -ENODATA;
	close(ends[0]);
	return err;
}

static int try_port(struct collision *c)
{
	int status;

	c->requester = fork();
	if (c->requester < 0)
		return -errno;
	if (c->requester == 0) {
		prctl(PR_SET_NAME, "soak-requester");
		_exit(bind_port(collision_open_socket(c->kind), c->port) == -EADDRINUSE ? 0 : 1);
	}
	if (waitpid(c->requester, &status, 0) < 0)
		return -errno;
	return status == 0 ? 0 : -ENOENT;
}

int collision_stage(struct collision *ret, unsigned nth)
{
	struct collision c = { .kind = nth % COLLISION_COUNT, .holder = -1 };
	int server = collision_open_socket(COLLISION_LISTENER);
	int err = server < 0 ? -errno : bind_port(server, 0);

	if (!err && listen(server, 1) != 0)
		err = -errno;
	if (!err)
		err = start_holder(&c, (uint16_t)(FIRST_PORT + nth % PORTS),
				   collision_port_of(server));
	if (!err)
		err = try_port(&c);
	if (c.holder > 0) {
		kill(c.holder, SIGKILL);
		waitpid(c.holder, NULL, 0);
	}
	if (server >= 0)
		close(server);
	if (!err)
		*ret = c;
	return err;
}
