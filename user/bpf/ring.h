/* SPDX-License-Identifier: GPL-2.0-only */
/* How full a ring is when it is read. */
#ifndef PORTCLASH_BPF_RING_H
#define PORTCLASH_BPF_RING_H

#include <stdint.h>

#include "core/cost.h"

struct pc_ring_gauge {
	const unsigned char *positions; /* mapped; NULL: not open */
	struct pc_ring_cost cost;
};

/* 0 or a negative errno. */
int pc_ring_gauge_open(struct pc_ring_gauge *g, int map, uint64_t size);
void pc_ring_gauge_close(struct pc_ring_gauge *g);

/* Notes how much waits; to be called before it is read. */
void pc_ring_gauge_look(struct pc_ring_gauge *g);

#endif
