// SPDX-License-Identifier: GPL-2.0-only
/* Trying whether the kernel lists a TCP socket that is bound and no more: mainline does since Linux 6.8, and
 * distributions bring changes to older kernels. */
#include "host/idle_sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/sockdiag.h"

static bool lists_idle(int fd)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct pc_socket_list sockets = { 0 };
	socklen_t len = sizeof(at);
	bool listed;

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    getsockname(fd, (struct sockaddr *)&at, &len))
		return false;
	listed = !pc_sockdiag_read_port(PC_PROTO_TCP, ntohs(at.sin_port), &sockets) &&
		 sockets.count > 0;
	pc_sockdiag_free(&sockets);
	return listed;
}

bool pc_idle_sockets_are_listed(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool listed = fd >= 0 && lists_idle(fd);

	if (fd >= 0)
		close(fd);
	return listed;
}
