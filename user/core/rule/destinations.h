/* SPDX-License-Identifier: GPL-2.0-only */
/* The busiest destinations. One port can serve several destinations, but each destination only once
 * from one local address. So a range runs out by destination. */
#ifndef PORTCLASH_DESTINATIONS_H
#define PORTCLASH_DESTINATIONS_H

#include "core/base/request.h"
#include "core/base/socket_list.h"

#define PC_DESTINATIONS_MAX 5

/* The clients of one destination: each needs a port of its own. */
struct pc_destination {
	struct pc_socket socket; /* one of them */
	unsigned ports;		 /* local ports in the range that they hold */
};

struct pc_destinations {
	struct pc_destination list[PC_DESTINATIONS_MAX]; /* the busiest first */
	unsigned count;
};

/* Ranks the destinations of TCP sockets whose port lies from `low` to `high` and is not a server's
 * (`servers`: PC_PORT_WORDS words). 0 or -ENOMEM. */
int pc_destinations_rank(const struct pc_socket_list *sockets, uint16_t low, uint16_t high,
			 const uint64_t *servers, struct pc_destinations *out);

#endif
