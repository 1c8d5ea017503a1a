/* SPDX-License-Identifier: GPL-2.0-only */
/* Exposure: a port that somebody counts on, and that the kernel may hand to a client. Pure:
 * used by `audit`, and meant for whoever watches claims of protected ports. */
#ifndef PORTCLASH_EXPOSURE_H
#define PORTCLASH_EXPOSURE_H

#include <stdbool.h>
#include <stdint.h>

#include "portclash/values.h"

/* The kernel chooses from net.ipv4.ip_local_port_range (both ends belong to it) without
 * net.ipv4.ip_local_reserved_ports (`reserved`: PC_PORT_WORDS words; NULL: none). The offer is the
 * same for IPv4 and IPv6, TCP and UDP, and differs by network namespace
 * (inet_get_local_port_range(), inet_is_local_reserved_port()). */
struct pc_offer {
	uint16_t low;
	uint16_t high;
	const uint64_t *reserved;
};

/* May the kernel choose this port for connect(), for bind() to port 0 or for a UDP send? */
bool pc_port_exposed(const struct pc_offer *offer, uint16_t port);

/* Puts those of `ports` that the kernel may choose into `out`, which may be `ports`. */
void pc_ports_exposed(const struct pc_offer *offer, const uint64_t *ports, uint64_t *out);

/* How many ports it chooses from. */
unsigned pc_offer_size(const struct pc_offer *offer);

/* How many of those are in `ports`. */
unsigned pc_offer_held(const struct pc_offer *offer, const uint64_t *ports);

/* `taken` of `of` ports that are as likely to be chosen as the port in question are held now by
 * sockets that would be in its way; the chance is one divided by the other. */
struct pc_chance {
	unsigned taken;
	unsigned of;
};

/* The chance that a server which is started on `port` finds it taken. `servers`: ports that are
 * held for good, which clients are not given; `clients`: ports that a client holds whose address
 * conflicts with the server's. For TCP only ports of the parity of `port` are counted:
 * __inet_hash_connect() tries the parity of the range's low end first, inet_csk_find_open_port()
 * the other. What it assumes is in docs/audit.md. 0 of 0 for a port that is not exposed. */
struct pc_chance pc_exposure_chance(const struct pc_offer *offer, uint8_t proto, uint16_t port,
				    const uint64_t *servers, const uint64_t *clients);

/* Gives the chance as a number from 0 to 1; 0 of 0 is 0. */
double pc_chance_value(struct pc_chance chance);

#endif
