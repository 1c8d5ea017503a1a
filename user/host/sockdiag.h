/* SPDX-License-Identifier: GPL-2.0-only */
/* All TCP and UDP sockets of the caller's network namespace, from NETLINK_SOCK_DIAG. */
#ifndef PORTCLASH_SOCKDIAG_H
#define PORTCLASH_SOCKDIAG_H

#include "core/base/socket_list.h"

/* Appends the sockets to `out`; takes no privilege. `proc` is "/proc". Sockets that come and go
 * meanwhile may be in the list or not. The kernel lists TCP sockets that are bound and do nothing
 * else only from Linux 6.8 on. To find them it walks its whole table of connections. Without
 * `with_bound` a namespace without connections is spared that walk, and the list may lack such
 * sockets. 0, or a negative errno and what was found until then: -ENOENT when the kernel has no
 * sock_diag for a protocol. */
int pc_sockdiag_read(const char *proc, bool with_bound, struct pc_socket_list *out);

/* Lists only sockets that can be exposed listeners: TCP listeners and UDP sockets that asked for
 * their port by number. This never walks the table of connections. */
int pc_sockdiag_read_servers(struct pc_socket_list *out);

/* A look at sockets one by one, whose number somebody else chooses. */
struct pc_sockdiag_visit {
	const char *proc; /* NULL: only sockets that can be exposed listeners, as above */
	uint64_t limit_ns;
	void (*take)(void *context, const struct pc_listed_socket *s);
	void *context;
};

/* Calls take() for each socket and keeps none. 0, or a negative errno: -EOVERFLOW when the time was up. */
int pc_sockdiag_visit_all(const struct pc_sockdiag_visit *visit);

/* Appends all sockets on one port, and of each whether the kernel chose the port (a TIME_WAIT counts as
 * chosen); each has a cookie from then on. TCP sockets that are bound and do nothing else are missing
 * before Linux 6.8. It walks the table of connections four times. Errors as above. */
int pc_sockdiag_read_port(uint8_t proto, uint16_t port, struct pc_socket_list *out);

/* Takes in one answer of the kernel: `len` bytes at `data`, which is aligned as netlink is. 0: there
 * is more to come; 1: that was all; or a negative errno: the kernel's, -EBADMSG or -ENOMEM. */
int pc_sockdiag_take(const void *data, size_t len, uint8_t proto, bool kernel_chose,
		     struct pc_socket_list *out);

void pc_sockdiag_free(struct pc_socket_list *sockets);

#endif
