/* SPDX-License-Identifier: GPL-2.0-only */
/* The use of the ephemeral range when it is used up. Pure. */
#ifndef PORTCLASH_RANGE_USE_H
#define PORTCLASH_RANGE_USE_H

#include "core/base/model.h"
#include "core/rule/destinations.h"

#define PC_RANGE_USERS_MAX 5

struct pc_range_user {
	struct pc_party party; /* `who` NULL: the process of these sockets is not known */
	uint32_t process;      /* index in pc_processes; 0: not known */
	unsigned ports;
};

/* Ports from one end to the other; both belong to it. low 0: none. */
struct pc_span {
	uint16_t low;
	uint16_t high;
};

/* The ports from which the kernel chooses for this request, where the namespace's range is low to high.
 * Each end of a range of the socket's own counts only inside the namespace's range
 * (inet_sk_get_local_port_range()). */
struct pc_span pc_offered_range(uint16_t low, uint16_t high, const struct pc_request *r);

/* All numbers are of ports that the kernel offers to this request: in the range (a range of the socket's
 * own, if it has one) and not reserved. */
struct pc_range_use {
	unsigned offered;
	unsigned held;	      /* by any socket of the protocol */
	unsigned left;	      /* for the refusal's destination, or for any if it has none */
	struct pc_span wider; /* a wider range without a server's port; low 0: there is none */
	struct pc_destinations destinations;		/* of a TCP request; else empty */
	struct pc_range_user users[PC_RANGE_USERS_MAX]; /* most ports first */
	unsigned users_count;
};

/* Counts for the protocol and the destination of the refusal. process_of() returns the process that
 * has a socket, or 0 if it is not known. `party` of the users is left empty. 0 or -ENOMEM. */
int pc_range_use_of(const struct pc_socket_list *sockets, const struct pc_netns_settings *settings,
		    const struct pc_request *r,
		    uint32_t (*process_of)(void *context, const struct pc_socket *s), void *context,
		    struct pc_range_use *out);

#endif
