/* SPDX-License-Identifier: GPL-2.0-only */
/* The sockets of a network namespace as NETLINK_SOCK_DIAG lists them. */
#ifndef PORTCLASH_SOCKET_LIST_H
#define PORTCLASH_SOCKET_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/socket.h"

/* A listed socket. The options reuse and reuseport and the bind bucket are not known, and 0;
 * `inode` is 0 when no process can have the socket open. */
struct pc_listed_socket {
	struct pc_socket socket;
	uint32_t waiting; /* LISTEN: connections that accept() has not taken yet */
	uint32_t backlog; /* LISTEN: as many may wait */
	/* The port was not asked for by number. Known of LISTEN and UDP, and by pc_sockdiag_read_port() of
	 * all. */
	bool kernel_chose;
	uint64_t cgroup_id; /* in which it was made; 0: the kernel does not tell (before 5.8) */
};

struct pc_socket_list {
	struct pc_listed_socket *list; /* owned */
	size_t count;
	size_t room;
};

#endif
