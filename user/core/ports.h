/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of ports: a bitmap of 65,536 bits, and the list form "22,8000-8010" that
 * net.ipv4.ip_local_reserved_ports and the --port option use. */
#ifndef PORTCLASH_PORTS_H
#define PORTCLASH_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "portclash/record.h"

static inline bool pc_ports_has(const uint64_t *set, uint16_t port)
{
	return set[port / 64] >> (port % 64) & 1;
}

static inline void pc_ports_add(uint64_t *set, uint16_t port)
{
	set[port / 64] |= 1ULL << (port % 64);
}

/* Parses a list of ports and ranges into `set` (PC_PORT_WORDS words). 0, or -EINVAL with
 * *bad at the first character that is wrong; `set` is untouched then. An empty list is
 * valid only with `allow_empty`. */
int pc_ports_parse(const char *list, bool allow_empty, uint64_t *set, const char **bad);

/* The shortest list of the ports in `set`, malloc'd; "" for none; NULL without memory. */
char *pc_ports_format(const uint64_t *set);

unsigned pc_ports_count(const uint64_t *set, uint16_t low, uint16_t high);

#endif
