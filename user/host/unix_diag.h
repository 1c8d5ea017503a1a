/* SPDX-License-Identifier: GPL-2.0-only */
/* The Unix sockets of the caller's network namespace, from NETLINK_SOCK_DIAG. */
#ifndef PORTCLASH_UNIX_DIAG_H
#define PORTCLASH_UNIX_DIAG_H

#include <stddef.h>
#include <stdint.h>

/* Is a socket there that is bound to a file with this inode number, on whichever file system? It takes no
 * privilege. 1, 0, or a negative errno: -ENOENT where the kernel has no sock_diag of Unix sockets. */
int pc_unix_diag_has(uint64_t inode);

/* Takes in one answer of the kernel: `len` bytes at `data`, which is aligned as netlink is. 0: there is more
 * to come, and no such socket among these; 1: found; -ENODATA: that was all; or a negative errno. */
int pc_unix_diag_take(const void *data, size_t len, uint64_t inode);

#endif
