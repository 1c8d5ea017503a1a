// SPDX-License-Identifier: GPL-2.0-only
/* Real sockets and their options in a network namespace of their own. */
#include "socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Below it clients and peers have theirs; the kernel chooses from 32768 on. */
#define FIRST_PORT 10000
#define LAST_PORT 32000

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static int socket_make_listener(void)
{
	struct sockaddr_storage any;
	socklen_t len = side_sockaddr(FAMILY_DUAL, ADDRESS_ANY, PEER_PORT, &any);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	return bind(fd, (void *)&any, len) || listen(fd, 16) ? -errno : fd;
}

/* The address is a /32, or 127.0.0.1 would be the source towards it. */
static int add_v4(int fd, const char *label, enum address address)
{
	struct ifreq request = { 0 };
	struct sockaddr_storage storage;
	socklen_t len = side_sockaddr(FAMILY_V4, address, 0, &storage);

	strncpy(request.ifr_name, label, IFNAMSIZ - 1);
	memcpy(&request.ifr_addr, &storage, len);
	if (ioctl(fd, SIOCSIFADDR, &request))
		return -errno;
	((struct sockaddr_in *)&request.ifr_netmask)->sin_addr.s_addr = INADDR_NONE;
	return ioctl(fd, SIOCSIFNETMASK, &request) ? -errno : 0;
}

static int add_v6(enum address address)
{
	struct in6_ifreq request = { .ifr6_prefixlen = 128,
				     .ifr6_ifindex = (int)if_nametoindex("lo") };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;
	struct sockaddr_storage storage;

	side_sockaddr(FAMILY_V6ONLY, address, 0, &storage);
	request.ifr6_addr = ((struct sockaddr_in6 *)&storage)->sin6_addr;
	err = ioctl(fd, SIOCSIFADDR, &request) ? -errno : 0;
	close(fd);
	return err;
}

static int lo_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = ioctl(fd, SIOCSIFFLAGS, &lo) ? -errno : 0;

	if (!err)
		err = add_v4(fd, "lo:2", ADDRESS_OTHER);
	if (!err)
		err = add_v4(fd, "lo:6", ADDRESS_QUIRK);
	close(fd);
	if (!err)
		err = add_v6(ADDRESS_OTHER);
	return err ? err : add_v6(ADDRESS_ASIDE);
}

int space_enter(struct space *s)
{
	struct stat st;
	int err;

	if (unshare(CLONE_NEWNET) || stat("/proc/self/ns/net", &st))
		return -errno;
	s->netns = (uint32_t)st.st_ino;
	s->next_port = FIRST_PORT;
	err = lo_up();
	if (!err)
		s->listener = socket_make_listener();
	return err || s->listener >= 0 ? err : s->listener;
}

void space_leave(struct space *s)
{
	close(s->listener);
	s->listener = -1;
}

uint16_t space_port(struct space *s)
{
	s->next_port = s->next_port == LAST_PORT ? FIRST_PORT : s->next_port + 1;
	return s->next_port;
}

/* Gives the socket a reuseport group of its own, before any bind(). */
static int attach_program(int fd)
{
	struct sock_filter first = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { .len = 1, .filter = &first };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program));
}

static int set_options(int fd, const struct side *s)
{
	static const char *const devices[] = { "", "lo", SECOND_DEVICE };
	const char *device = devices[s->device];
	int err = 0;

	if (s->reuse)
		err = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (s->reuseport)
		err = err || set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (s->family != FAMILY_V4)
		err = err || set(fd, IPPROTO_IPV6, IPV6_V6ONLY, s->family == FAMILY_V6ONLY);
	if (s->device)
		err = err ||
		      setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device) + 1);
	if (s->reuseport_cb)
		err = err || attach_program(fd);
	return err ? -errno : 0;
}

int socket_open(const struct side *s)
{
	int type = side_proto(s->kind) == PC_PROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
	int fd, err;

	if (s->uid && seteuid(s->uid))
		return -errno;
	fd = socket(s->family == FAMILY_V4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0);
	err = fd < 0 ? -errno : 0;
	if (s->uid && seteuid(0))
		return -errno;
	if (!err)
		err = set_options(fd, s);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int socket_bind(int fd, const struct side *s, uint16_t port)
{
	struct sockaddr_storage address;
	socklen_t len = side_sockaddr(s->family, s->address, port, &address);

	return bind(fd, (void *)&address, len) ? errno : 0;
}

void socket_close(int fd)
{
	struct linger reset = { .l_onoff = 1 };

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}
