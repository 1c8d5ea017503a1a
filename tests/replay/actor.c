// SPDX-License-Identifier: GPL-2.0-only
/* Processes with a name that open sockets when told to. */
#include "actor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static socklen_t actor_address_of(const struct order *o, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (void *)out;
	struct sockaddr_in6 *v6 = (void *)out;

	memset(out, 0, sizeof(*out));
	v4->sin_port = htons(o->port); /* at the same place in both */
	if (inet_pton(AF_INET6, o->text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		return sizeof(*v6);
	}
	inet_pton(AF_INET, o->text, &v4->sin_addr);
	v4->sin_family = AF_INET;
	return sizeof(*v4);
}

static int actor_open_socket(const struct order *o)
{
	int family = strchr(o->text, ':') ? AF_INET6 : AF_INET, one = 1;
	int type = o->proto == PC_PROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (o->reuse)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return fd;
}

static int act(const struct order *o)
{
	struct sockaddr_storage address;
	socklen_t len = actor_address_of(o, &address);

	switch (o->act) {
	case ACT_SOCKET:
		return actor_open_socket(o);
	case ACT_BIND:
		return bind(o->fd, (void *)&address, len);
	case ACT_LISTEN:
		return listen(o->fd, 16);
	case ACT_CONNECT:
		return connect(o->fd, (void *)&address, len);
	case ACT_SEND:
		return (int)sendto(o->fd, "x", 1, 0, (void *)&address, len);
	case ACT_ACCEPT:
		return accept4(o->fd, NULL, NULL, SOCK_CLOEXEC);
	case ACT_CLOSE:
		return close(o->fd);
	case ACT_BECOME:
		return seteuid(o->port);
	}
	errno = EINVAL;
	return -1;
}

static uint16_t actor_local_port(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (getsockname(fd, (void *)&address, &len))
		return 0;
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static _Noreturn void play(int control)
{
	struct order o;

	while (recv(control, &o, sizeof(o), 0) == sizeof(o)) {
		int result = act(&o);
		struct reply r = { .error = result < 0 ? errno : 0 };

		r.fd = o.act == ACT_SOCKET || o.act == ACT_ACCEPT ? result : o.fd;
		r.port = actor_local_port(r.fd);
		send(control, &r, sizeof(r), 0);
	}
	_exit(0);
}

bool actor_start(struct actor *a, const char *name)
{
	int ends[2];

	snprintf(a->name, sizeof(a->name), "%s", name);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		perror("socketpair");
		return false;
	}
	a->control = ends[0];
	a->pid = fork();
	if (a->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		close(ends[0]);
		play(ends[1]);
	}
	close(ends[1]);
	return a->pid > 0;
}

void actor_stop(struct actor *a)
{
	/* The actors after it have a copy of its control: closing it says nothing. */
	kill(a->pid, SIGKILL);
	waitpid(a->pid, NULL, 0);
	close(a->control);
}

struct reply actor_do(struct actor *a, struct order order)
{
	struct reply reply = { .error = EPIPE };

	snprintf(order.text, sizeof(order.text), "%s", order.address ? order.address : "0.0.0.0");
	if (send(a->control, &order, sizeof(order), 0) == sizeof(order))
		recv(a->control, &reply, sizeof(reply), 0);
	return reply;
}
