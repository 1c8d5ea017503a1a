/* SPDX-License-Identifier: GPL-2.0-only */
/* Who uses the ephemeral range when it is used up. Pure. */
#ifndef PORTCLASH_RANGE_USE_H
#define PORTCLASH_RANGE_USE_H

#include "core/audit.h"

#define PC_RANGE_USERS_MAX 5

struct pc_range_user {
	struct pc_party party; /* `who` NULL: sockets of which nobody is known */
	uint32_t process;      /* index in pc_processes; 0: not known */
	unsigned ports;
};

/* All numbers are of ports that the kernel offers: in the range and not reserved. */
struct pc_range_use {
	unsigned offered;
	unsigned held; /* by any socket of the protocol */
	unsigned
		left; /* what a socket for this destination could still be given; without one: any */
	struct pc_destination destinations[PC_DESTINATIONS_MAX]; /* TCP; the busiest first */
	unsigned destinations_count;
	struct pc_range_user users[PC_RANGE_USERS_MAX]; /* those with most ports first */
	unsigned users_count;
};

/* The protocol and the destination are those of the refusal. process_of() gives the process that
 * has a socket, 0 when it is not known. `party` of the users is left empty. 0 or -ENOMEM. */
int pc_range_use_of(const struct pc_audit_sockets *sockets,
		    const struct pc_netns_settings *settings, const struct pc_refusal *r,
		    uint32_t (*process_of)(void *context, const struct pc_socket *s), void *context,
		    struct pc_range_use *out);

#endif
