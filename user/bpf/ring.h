/* SPDX-License-Identifier: GPL-2.0-only */
/* The gauge of a ring says how full the ring is when it is read, and where one reading of it ends. */
#ifndef PORTCLASH_BPF_RING_H
#define PORTCLASH_BPF_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cost.h"

struct pc_ring_gauge {
	const unsigned char *positions; /* mapped; NULL: not open */
	size_t page;			/* bytes of memory: the positions lie in a page each */
	uint64_t end;			/* where the reading under way ends */
	struct pc_ring_cost cost;
};

/* Maps the positions of a ring, in pages of so many bytes; returns 0 or a negative errno. */
int pc_ring_gauge_open(struct pc_ring_gauge *g, int map, uint64_t size, size_t page);
void pc_ring_gauge_close(struct pc_ring_gauge *g);

/* Notes how much waits, and ends the next reading behind it. Must be called before the ring is read. */
void pc_ring_gauge_look(struct pc_ring_gauge *g);

/* Has everything up to the end been read? */
bool pc_ring_gauge_is_at_end(const struct pc_ring_gauge *g);

/* Is the record of `size` bytes, which is being taken, the last one of this reading? */
bool pc_ring_gauge_ends(const struct pc_ring_gauge *g, size_t size);

#endif
