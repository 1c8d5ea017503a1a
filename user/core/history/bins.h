/* SPDX-License-Identifier: GPL-2.0-only */
/* Counts over time in a fixed room: as many bins as there are, each twice as wide when they no longer
 * reach. */
#ifndef PORTCLASH_BINS_H
#define PORTCLASH_BINS_H

#include <stdint.h>

#define PC_BINS 64

struct pc_bins {
	uint64_t from_ns;	  /* of the first bin */
	uint64_t width_ns;	  /* 0: nothing was counted yet */
	uint32_t counts[PC_BINS]; /* UINT32_MAX: as many or more */
};

/* Counts so many at this time. Times may come in any order. */
void pc_bins_add(struct pc_bins *b, uint64_t time_ns, uint64_t count);

#endif
