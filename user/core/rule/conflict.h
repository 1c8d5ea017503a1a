/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's rule for "may this socket have a port that one holds already?", as a pure
 * function. Sources: inet_rcv_saddr_equal() and inet_bind_conflict() in
 * net/ipv4/inet_connection_sock.c, udp_lib_lport_inuse() in net/ipv4/udp.c; the outcome is
 * the same on 5.10 to 7.2 but for what is said at each difference. One is not modelled: a
 * bind() to 127.0.0.6 while an IPv6 client on a specific address holds the port is refused up
 * to 5.15 only (6.1+ look such a client up by its IPv6 address); nobody binds 127.0.0.6. */
#ifndef PORTCLASH_CONFLICT_H
#define PORTCLASH_CONFLICT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/request.h"

/* A side of the comparison: what the kernel compares, no more. */
struct pc_side {
	uint16_t family;
	uint8_t v6[PC_ADDR_LEN]; /* family PC_FAMILY_V6 */
	uint32_t v4;		 /* network order; sk_rcv_saddr, also of IPv6 sockets */
	uint32_t uid;
	uint32_t ifindex;
	bool v6only;
	uint8_t reuse;
	bool reuseport;
	bool reuseport_cb;
	bool listening;
	bool time_wait;
};

/* The refused side as it stood while the kernel compared it: bind() has forgotten the
 * address by the time it returns, so it is rebuilt from what was asked for. */
void pc_side_of_requester(const struct pc_request *r, struct pc_side *out);
void pc_side_of_holder(const struct pc_socket *s, struct pc_side *out);

/* Do the two address sets overlap? */
bool pc_addresses_overlap(const struct pc_side *asking, const struct pc_side *holding);

/* Would `holding` alone make the kernel refuse `asking` a port asked for by number? */
bool pc_conflict(uint8_t proto, const struct pc_side *asking, const struct pc_side *holding);

#endif
