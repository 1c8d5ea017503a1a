/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections that their process has closed and that the kernel is still ending. */
#ifndef PORTCLASH_ORPHAN_H
#define PORTCLASH_ORPHAN_H

#include <stdbool.h>

/* Does SOCK_DESTROY end them? Before Linux 6.12 (and 6.1.110 or so of the stable kernels) tcp_abort() throws
 * away what such a connection still has to send, and with that the reason for its timer: it then
 * stays for ever. Older kernels are tried, on a connection in a network namespace of its own; in this
 * one, if there may be no new one. False: no, or it could not be found out. Forks. */
bool pc_orphans_end(void);

#endif
