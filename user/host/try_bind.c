// SPDX-License-Identifier: GPL-2.0-only
/* A real bind(), undone at once. */
#include "host/try_bind.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/address.h"

static socklen_t address_of(const struct pc_request *server, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;

	memset(out, 0, sizeof(*out));
	out->ss_family = server->wanted_family;
	if (server->wanted_family == PC_FAMILY_V6) {
		v6->sin6_port = htons(server->wanted_port);
		memcpy(&v6->sin6_addr, server->wanted, sizeof(v6->sin6_addr));
		return sizeof(*v6);
	}
	v4->sin_port = htons(server->wanted_port);
	memcpy(&v4->sin_addr, server->wanted, sizeof(v4->sin_addr));
	return sizeof(*v4);
}

static int bind_once(const struct pc_request *server)
{
	int type = server->proto == PC_PROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(server->wanted_family, type | SOCK_CLOEXEC, 0), off = 0, err;
	struct sockaddr_storage at;
	socklen_t len = address_of(server, &at);

	if (fd < 0)
		return -errno;
	/* net.ipv6.bindv6only may say otherwise. */
	if (server->wanted_family == PC_FAMILY_V6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	err = bind(fd, (struct sockaddr *)&at, len) ? -errno : 0;
	close(fd);
	return err;
}

int pc_try_bind(const struct pc_request *server)
{
	struct pc_request v4 = *server;
	int err = bind_once(server);

	if (err != -EAFNOSUPPORT || !pc_address_is_any(server->wanted_family, server->wanted))
		return err;
	v4.wanted_family = PC_FAMILY_V4;
	return bind_once(&v4);
}
