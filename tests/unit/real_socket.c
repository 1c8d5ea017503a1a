// SPDX-License-Identifier: GPL-2.0-only
/* Real sockets in a network namespace of their own. */
#include "real_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEER_PORT 9000
#define SECOND "second"

static int listener = -1;

static int make_listener(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(PEER_PORT) };
	int off = 0;

	listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	return bind(listener, (void *)&any, sizeof(any)) || listen(listener, 16) ? -errno : 0;
}

static int lo_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = ioctl(fd, SIOCSIFFLAGS, &lo) ? -errno : 0;

	close(fd);
	return err;
}

int real_enter(void)
{
	int err;

	if (unshare(CLONE_NEWNET))
		return -errno;
	err = lo_up();
	return err ? err : make_listener();
}

int real_second_device(void)
{
	struct ifreq tun = { .ifr_name = SECOND, .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, TUNSETIFF, &tun))
		return -errno;
	return 0; /* it lives as long as the descriptor: to the end of the test */
}

static void address_of(enum address_kind kind, uint16_t port, struct sockaddr_storage *out)
{
	const struct oracle_side s = { .address = kind };
	struct pc_side side = oracle_side(&s);
	struct sockaddr_in *v4 = (void *)out;
	struct sockaddr_in6 *v6 = (void *)out;

	memset(out, 0, sizeof(*out));
	out->ss_family = side.family;
	v4->sin_port = htons(port); /* at the same place in both */
	if (side.family == AF_INET6)
		memcpy(&v6->sin6_addr, side.v6, sizeof(v6->sin6_addr));
	else
		v4->sin_addr.s_addr = side.v4;
}

static socklen_t length_of(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

/* Gives the socket a reuseport group of its own, before any bind(). */
static int attach_program(int fd)
{
	struct sock_filter first = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { .len = 1, .filter = &first };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program));
}

static int set_options(int fd, const struct oracle_side *s, sa_family_t family)
{
	static const char *const devices[] = { "", "lo", SECOND };
	const char *device = devices[s->device];
	int err = set(fd, SOL_SOCKET, SO_REUSEADDR, s->reuse) ||
		  set(fd, SOL_SOCKET, SO_REUSEPORT, s->reuseport);

	if (family == AF_INET6)
		err = err || set(fd, IPPROTO_IPV6, IPV6_V6ONLY, s->address == V6_ANY_ONLY) ||
		      set(fd, IPPROTO_IPV6, IPV6_FREEBIND, s->address == V6_OTHER);
	if (s->device)
		err = err ||
		      setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device) + 1);
	if (s->reuseport_cb)
		err = err || attach_program(fd);
	return err ? -errno : 0;
}

int real_open(uint8_t proto, const struct oracle_side *s)
{
	int type = proto == PC_PROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
	struct sockaddr_storage address;
	int fd, err;

	address_of(s->address, 0, &address);
	if (s->uid && seteuid(s->uid))
		return -errno;
	fd = socket(address.ss_family, type | SOCK_CLOEXEC, 0);
	if (s->uid && seteuid(0))
		return -errno;
	err = set_options(fd, s, address.ss_family);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int real_bind(int fd, const struct oracle_side *s, uint16_t port)
{
	struct sockaddr_storage address;

	address_of(s->address, port, &address);
	return bind(fd, (void *)&address, length_of(&address)) ? errno : 0;
}

static int local_port(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (getsockname(fd, (void *)&address, &len))
		return -errno;
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

/* Closes the client first, then the other end: the TIME_WAIT is the client's. */
static void end_connection(int *fd, int accepted, bool wait)
{
	if (wait) {
		close(*fd);
		*fd = -1;
	}
	if (accepted >= 0)
		close(accepted);
}

int real_connect(uint8_t proto, const struct oracle_side *s, bool wait, int *fd)
{
	struct sockaddr_storage peer;
	int accepted = -1, port;

	*fd = real_open(proto, s);
	if (*fd < 0)
		return *fd;
	address_of(s->address, PEER_PORT, &peer);
	if (connect(*fd, (void *)&peer, length_of(&peer))) {
		port = -errno;
		close(*fd);
		*fd = -1;
		return port;
	}
	if (proto == PC_PROTO_TCP)
		accepted = accept(listener, NULL, NULL);
	port = local_port(*fd);
	end_connection(fd, accepted, wait);
	return port;
}

void real_close(int fd)
{
	struct linger reset = { .l_onoff = 1 };

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}
