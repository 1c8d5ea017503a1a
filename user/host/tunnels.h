/* SPDX-License-Identifier: GPL-2.0-only */
/* The tunnels of the caller's network namespace, from rtnetlink; WireGuard's ports from generic netlink. */
#ifndef PORTCLASH_TUNNELS_H
#define PORTCLASH_TUNNELS_H

#include <stddef.h>

#include "core/base/tunnel.h"

/* Fills `out` with the tunnels that have this UDP port, or a port that may not be asked for. 0 or a negative
 * errno. Only WireGuard's ports take a privilege: CAP_NET_ADMIN. */
int pc_tunnels_read(uint16_t port, struct pc_tunnels *out);

/* Takes in one answer of the kernel to a dump of devices: `len` bytes at `data`, which is aligned as netlink
 * is. Calls found() for each tunnel; of WireGuard without its port. 0: there is more to come; 1: that was
 * all; or a negative errno. */
int pc_tunnels_take(const void *data, size_t len,
		    void (*found)(void *context, const struct pc_tunnel *t), void *context);

/* Reads the port from an answer about one WireGuard device. 0: it is not in there. */
uint16_t pc_tunnels_wireguard_port(const void *data, size_t len);

#endif
