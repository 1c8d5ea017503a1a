/* SPDX-License-Identifier: GPL-2.0-only */
/* All TCP and UDP sockets of the caller's network namespace, from NETLINK_SOCK_DIAG. */
#ifndef PORTCLASH_SOCKDIAG_H
#define PORTCLASH_SOCKDIAG_H

#include "core/audit.h"

/* Appends them to `out`. `proc` is "/proc". No privilege is needed. Sockets that come and go
 * meanwhile may be in it or not. TCP sockets that are bound and do nothing else are told of by
 * Linux 6.8 and newer only; finding them costs a walk of the kernel's whole table of connections,
 * which a namespace without connections is else spared: without `with_bound` they may be missing.
 * 0, or a negative errno: -ENOENT when the kernel has no sock_diag for a protocol; what was found
 * till then is in `out`. */
int pc_sockdiag_read(const char *proc, bool with_bound, struct pc_audit_sockets *out);

/* The same of those alone that can be exposed listeners: TCP listeners and UDP sockets that asked
 * for their port by number. It never walks the table of connections. */
int pc_sockdiag_read_servers(struct pc_audit_sockets *out);

/* Takes in one answer of the kernel: `len` bytes at `data`, which is aligned as netlink is. 0: there
 * is more to come; 1: that was all; or a negative errno: the kernel's, -EBADMSG or -ENOMEM. */
int pc_sockdiag_take(const void *data, size_t len, uint8_t proto, bool kernel_chose,
		     struct pc_audit_sockets *out);

void pc_sockdiag_free(struct pc_audit_sockets *sockets);

#endif
