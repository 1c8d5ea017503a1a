/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of ports: a bitmap of 65,536 bits, and the list form "22,8000-8010" that
 * net.ipv4.ip_local_reserved_ports and the --port option use. */
#ifndef PORTCLASH_PORTS_H
#define PORTCLASH_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "portclash/values.h"

static inline bool pc_ports_has(const uint64_t *set, uint16_t port)
{
	return set[port / 64] >> (port % 64) & 1;
}

static inline void pc_ports_add(uint64_t *set, uint16_t port)
{
	set[port / 64] |= 1ULL << (port % 64);
}

static inline void pc_ports_unite(uint64_t *set, const uint64_t *more)
{
	for (unsigned word = 0; word < PC_PORT_WORDS; word++)
		set[word] |= more[word];
}

static inline void pc_ports_subtract(uint64_t *set, const uint64_t *less)
{
	for (unsigned word = 0; word < PC_PORT_WORDS; word++)
		set[word] &= ~less[word];
}

static inline void pc_ports_intersect(uint64_t *set, const uint64_t *with)
{
	for (unsigned word = 0; word < PC_PORT_WORDS; word++)
		set[word] &= with[word];
}

static inline bool pc_ports_is_empty(const uint64_t *set)
{
	for (unsigned word = 0; word < PC_PORT_WORDS; word++)
		if (set[word])
			return false;
	return true;
}

/* Are all of `some` in `set`? */
static inline bool pc_ports_includes(const uint64_t *set, const uint64_t *some)
{
	for (unsigned word = 0; word < PC_PORT_WORDS; word++)
		if (some[word] & ~set[word])
			return false;
	return true;
}

/* Parses a list of ports and ranges into `set` (PC_PORT_WORDS words). 0, or -EINVAL with
 * *bad at the first character that is wrong; `set` is untouched then. An empty list is
 * valid only with `allow_empty`. */
int pc_ports_parse(const char *list, bool allow_empty, uint64_t *set, const char **bad);

/* The shortest list of the ports in `set`, malloc'd; "" for none; NULL without memory. */
char *pc_ports_format(const uint64_t *set);

unsigned pc_ports_count(const uint64_t *set, uint16_t low, uint16_t high);

#endif
