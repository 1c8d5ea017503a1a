/* SPDX-License-Identifier: GPL-2.0-only */
/* Tunnels: network devices for which the kernel itself opens a UDP socket. */
#ifndef PORTCLASH_TUNNEL_H
#define PORTCLASH_TUNNEL_H

#include <stdbool.h>
#include <stdint.h>

enum pc_tunnel_kind {
	PC_TUNNEL_NONE = 0,
	PC_TUNNEL_VXLAN,
	PC_TUNNEL_GENEVE,
	PC_TUNNEL_BAREUDP,
	PC_TUNNEL_WIREGUARD,
	PC_TUNNEL_KIND_COUNT,
};

/* The sockets that a tunnel has on its port while it is up. */
#define PC_TUNNEL_V4 1
#define PC_TUNNEL_V6 2	 /* with IPV6_V6ONLY */
#define PC_TUNNEL_DUAL 4 /* IPv6 without it */

#define PC_TUNNEL_NAME 16 /* IFNAMSIZ */

struct pc_tunnel {
	char name[PC_TUNNEL_NAME]; /* of the device: hostile text */
	uint16_t port;		   /* 0: portclash may not ask for it (WireGuard) */
	uint8_t kind;		   /* enum pc_tunnel_kind */
	uint8_t up;		   /* only then does the device have its socket */
	uint8_t sockets;	   /* PC_TUNNEL_V4 and so on: all that it may have */
	uint8_t sockets_known;	   /* 0: it has one of them, and its attributes do not tell which */
};

#define PC_TUNNELS_MAX 4

/* The tunnels of a network namespace that have one port, or a port that is not known. */
struct pc_tunnels {
	struct pc_tunnel list[PC_TUNNELS_MAX];
	uint32_t count; /* of those in the list */
	uint32_t total;
};

/* Gives "vxlan", as the kernel and ip(8) name it; NULL for PC_TUNNEL_NONE. */
const char *pc_tunnel_kind_name(enum pc_tunnel_kind kind);

/* The kind of this name. */
enum pc_tunnel_kind pc_tunnel_kind_of(const char *name);

#endif
