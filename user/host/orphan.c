// SPDX-License-Identifier: GPL-2.0-only
/* Trying whether the kernel ends an orphan that it is told to end. */
#include "host/orphan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/sock_end.h"
#include "host/sockdiag.h"

/* The other end takes so little that a few kilobytes are too many. */
#define RECEIVE_BYTES 2048

struct connection {
	int listener;
	int client;
	int server;
};

static void enter_empty_space(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd;

	if (unshare(CLONE_NEWNET))
		return;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ioctl(fd, SIOCSIFFLAGS, &up);
	close(fd);
}

/* False: it is not complete. The descriptors end with the process. */
static bool make_connection(struct connection *c)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int small = RECEIVE_BYTES;

	c->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	c->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(c->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (bind(c->listener, (struct sockaddr *)&at, sizeof(at)) || listen(c->listener, 1) ||
	    getsockname(c->listener, (struct sockaddr *)&at, &len) ||
	    connect(c->client, (struct sockaddr *)&at, sizeof(at)))
		return false;
	c->server = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
	return c->server >= 0;
}

static bool describe_client(const struct connection *c, struct pc_socket *out)
{
	struct sockaddr_in here, there;
	socklen_t len = sizeof(here), cookie = sizeof(out->cookie);

	*out = (struct pc_socket){ .family = PC_FAMILY_V4,
				   .proto = PC_PROTO_TCP,
				   .state = PC_STATE_FIN_WAIT1 };
	if (getsockname(c->client, (struct sockaddr *)&here, &len) ||
	    getpeername(c->client, (struct sockaddr *)&there, &len) ||
	    getsockopt(c->client, SOL_SOCKET, SO_COOKIE, &out->cookie, &cookie))
		return false;
	out->lport = ntohs(here.sin_port);
	out->rport = ntohs(there.sin_port);
	memcpy(out->local, &here.sin_addr, sizeof(here.sin_addr));
	memcpy(out->remote, &there.sin_addr, sizeof(there.sin_addr));
	return true;
}

/* Leaves a connection that has something to send: its bytes stay unread, and the FIN behind them cannot
 * leave. */
static void make_orphan(int client)
{
	static const char bytes[4096];

	while (send(client, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
	close(client);
}

static bool orphan_is_there(const struct pc_socket *s)
{
	struct pc_socket_list sockets = { 0 };
	bool there = pc_sockdiag_read_port(PC_PROTO_TCP, s->lport, &sockets) != 0;

	for (size_t i = 0; i < sockets.count; i++)
		there = there || sockets.list[i].socket.cookie == s->cookie;
	pc_sockdiag_free(&sockets);
	return there;
}

/* Resets the connection from its other end, which ends an orphan whatever became of it. */
static void reset_from_afar(int server)
{
	const struct linger now = { .l_onoff = 1 };

	setsockopt(server, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(server);
}

static bool try_orphan(void)
{
	struct connection c = { -1, -1, -1 };
	struct pc_socket orphan;
	bool ended;

	enter_empty_space();
	if (!make_connection(&c) || !describe_client(&c, &orphan))
		return false;
	make_orphan(c.client);
	ended = orphan_is_there(&orphan) && !pc_sock_destroy(&orphan) && !orphan_is_there(&orphan);
	reset_from_afar(c.server);
	return ended;
}

bool pc_orphans_end(void)
{
	int status;
	pid_t child;

	child = fork();
	if (!child)
		_exit(!try_orphan());
	if (child < 0 || TEMP_FAILURE_RETRY(waitpid(child, &status, 0)) < 0)
		return false;
	return WIFEXITED(status) && !WEXITSTATUS(status);
}
