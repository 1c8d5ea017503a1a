/* SPDX-License-Identifier: GPL-2.0-only */
/* Ending one socket of another process, and no other socket of it. The cookie says which socket is
 * meant: addresses and numbers of descriptors can be another socket's a moment later, a cookie never. */
#ifndef PORTCLASH_SOCK_END_H
#define PORTCLASH_SOCK_END_H

#include "core/base/model.h"

/* End a socket by SOCK_DESTROY of sock_diag, in the calling thread's network namespace: a TCP connection is reset, its
 * process gets ECONNABORTED. Any state but LISTEN, which is -EPERM here: a listener is never
 * destroyed. 0; -ENOENT: there is no such socket any more; -EOPNOTSUPP: the kernel cannot
 * (CONFIG_INET_DIAG_DESTROY; a TIME_WAIT before 6.1); -EINVAL: the socket has no cookie; or another
 * negative errno. */
int pc_sock_destroy(const struct pc_socket *s);

/* Free a port by connect(AF_UNSPEC) on a copy of the descriptor `fd` of the process `owner`, as the process itself
 * could do it: a TCP connection is reset, and the socket stays with its process, unconnected. 0;
 * -ENOENT: that descriptor is not that socket, or the process has ended; -EPERM: not allowed, or
 * it listens; or another negative errno. */
int pc_sock_disconnect(const char *proc, const struct pc_socket *s,
		       const struct pc_process_key *owner, int fd);

/* Returns a copy of the descriptor, which keeps the socket open, or the same errors. -ENOENT also: the socket has no
 * cookie. */
int pc_sock_copy(const char *proc, const struct pc_socket *s, const struct pc_process_key *owner,
		 int fd);

/* Has this process that socket at this descriptor? The same errors. Inode and port identify a socket without a
 * cookie: before Linux 6.8, only the kernel's own tables show a TCP socket that is bound and no more, and nothing has
 * asked for its cookie yet. */
int pc_sock_is_at(const char *proc, const struct pc_socket *s, const struct pc_process_key *owner,
		  int fd);

#endif
