// SPDX-License-Identifier: GPL-2.0-only
/* The socket calls that puppets make. */
#include "stage/acts.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/test.h"

#define ACCEPT_MS 5000

void end_of(const struct sockaddr_storage *from, struct end *out)
{
	const struct sockaddr_in *v4 = (const void *)from;
	const struct sockaddr_in6 *v6 = (const void *)from;

	memset(out, 0, sizeof(*out));
	if (from->ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, out->address, sizeof(out->address));
		out->port = ntohs(v4->sin_port);
	} else if (from->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, out->address, sizeof(out->address));
		out->port = ntohs(v6->sin6_port);
	}
}

socklen_t end_to_sockaddr(const struct end *end, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (void *)out;
	struct sockaddr_in6 *v6 = (void *)out;

	memset(out, 0, sizeof(*out));
	if (strchr(end->address, ':')) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(end->port);
		inet_pton(AF_INET6, end->address, &v6->sin6_addr);
		return sizeof(*v6);
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons(end->port);
	inet_pton(AF_INET, end->address, &v4->sin_addr);
	return sizeof(*v4);
}

static int set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static int set_act_options(int fd, unsigned options)
{
	if (options & OPT_REUSEADDR && set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1))
		return errno;
	if (options & OPT_REUSEPORT && set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return errno;
	if (options & OPT_V6 && set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, !!(options & OPT_V6ONLY)))
		return errno;
	if (options & OPT_NO_PORT && set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1))
		return errno;
	if (options & OPT_LO && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3))
		return errno;
	return 0;
}

void act_socket(void *io)
{
	struct io_socket *a = io;
	int type = a->options & OPT_UDP ? SOCK_DGRAM : SOCK_STREAM;
	int protocol = a->options & OPT_MPTCP ? IPPROTO_MPTCP : 0;

	a->fd = socket(a->options & OPT_V6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, protocol);
	a->error = a->fd < 0 ? errno : set_act_options(a->fd, a->options);
}

void act_bind(void *io)
{
	struct io_name *a = io;
	struct sockaddr_storage to;
	socklen_t len = end_to_sockaddr(&a->to, &to);

	a->before = wall_ns();
	a->error = bind(a->fd, (void *)&to, len) ? errno : 0;
	a->after = wall_ns();
}

int open_bound(unsigned options, const struct end *end)
{
	struct io_socket s = { .options = options };
	struct io_name name = { .to = *end };

	act_socket(&s);
	if (s.error)
		return -s.error;
	name.fd = s.fd;
	act_bind(&name);
	if (!name.error)
		return s.fd;
	close(s.fd);
	return -name.error;
}

void act_connect(void *io)
{
	struct io_name *a = io;
	struct sockaddr_storage to;
	socklen_t len = end_to_sockaddr(&a->to, &to);

	a->before = wall_ns();
	a->error = connect(a->fd, (void *)&to, len) ? errno : 0;
	a->after = wall_ns();
}

void act_try_connect(void *io)
{
	struct io_name *a = io;

	fcntl(a->fd, F_SETFL, O_NONBLOCK);
	act_connect(io);
}

void act_send_to(void *io)
{
	struct io_name *a = io;
	struct sockaddr_storage to;
	socklen_t len = end_to_sockaddr(&a->to, &to);

	a->before = wall_ns();
	a->error = sendto(a->fd, "x", 1, 0, (void *)&to, len) < 0 ? errno : 0;
	a->after = wall_ns();
}

void act_fast_open(void *io)
{
	struct io_name *a = io;
	struct sockaddr_storage to;
	socklen_t len = end_to_sockaddr(&a->to, &to);

	a->before = wall_ns();
	a->error = sendto(a->fd, "x", 1, MSG_FASTOPEN, (void *)&to, len) < 0 ? errno : 0;
	a->after = wall_ns();
}

void act_disconnect(void *io)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	connect(((struct io_close *)io)->fd, &none, sizeof(none));
}

void act_listen(void *io)
{
	struct io_listen *a = io;

	a->before = wall_ns();
	a->error = listen(a->fd, a->backlog) ? errno : 0;
	a->after = wall_ns();
}

void act_accept(void *io)
{
	struct io_accept *a = io;
	struct pollfd fd = { .fd = a->fd, .events = POLLIN };

	a->error = ETIMEDOUT;
	if (poll(&fd, 1, ACCEPT_MS) != 1)
		return;
	a->accepted = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC);
	a->error = a->accepted < 0 ? errno : 0;
}

void act_close(void *io)
{
	struct io_close *a = io;
	struct linger now = { .l_onoff = 1 };

	if (a->reset)
		setsockopt(a->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(a->fd);
}

void act_fill(void *io)
{
	static const char text[65536];
	int fd = ((struct io_close *)io)->fd;

	while (send(fd, text, sizeof(text), MSG_DONTWAIT) > 0)
		;
}

void act_shut(void *io)
{
	shutdown(((struct io_close *)io)->fd, SHUT_WR);
}

static int get_option(int fd, int level, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, option, &value, &len) ? 0 : value;
}

static void look_at_options(struct io_look *a)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	a->reuseaddr = get_option(a->fd, SOL_SOCKET, SO_REUSEADDR);
	a->reuseport = get_option(a->fd, SOL_SOCKET, SO_REUSEPORT);
	a->ifindex = get_option(a->fd, SOL_SOCKET, SO_BINDTOIFINDEX);
	if (a->family == AF_INET6)
		a->v6only = get_option(a->fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (!getsockopt(a->fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		a->tcp_state = info.tcpi_state;
}

static void look_at_ends(struct io_look *a)
{
	struct sockaddr_storage name = { 0 };
	socklen_t len = sizeof(name);

	if (!getsockname(a->fd, (void *)&name, &len))
		end_of(&name, &a->local);
	len = sizeof(name);
	memset(&name, 0, sizeof(name));
	if (!getpeername(a->fd, (void *)&name, &len))
		end_of(&name, &a->remote);
}

void act_look(void *io)
{
	struct io_look *a = io;
	socklen_t len = sizeof(a->cookie);
	struct stat st;

	a->error = fstat(a->fd, &st) ? errno : 0;
	if (a->error)
		return;
	a->inode = st.st_ino;
	a->uid = st.st_uid;
	a->family = get_option(a->fd, SOL_SOCKET, SO_DOMAIN);
	if (a->with_cookie && getsockopt(a->fd, SOL_SOCKET, SO_COOKIE, &a->cookie, &len))
		a->error = errno;
	look_at_options(a);
	look_at_ends(a);
}

void act_many(void *io)
{
	struct io_many *a = io;

	for (a->done = 0; a->done < a->count; a->done++) {
		struct io_accept in = { .fd = a->fd };
		struct io_socket s = { 0 };
		struct io_name out = { .to = a->to };

		if (a->fd >= 0) {
			act_accept(&in);
		} else {
			act_socket(&s);
			out.fd = s.fd;
			act_connect(&out);
		}
		if (in.error || s.error || out.error)
			return;
		if (!a->done)
			a->first = a->fd >= 0 ? in.accepted : s.fd;
	}
}
