/* SPDX-License-Identifier: GPL-2.0-only */
/* The time that looks at the machine of one kind may take, while refusals come fast: a share for each family of
 * users, so that nobody uses up the looks of others. Pure. */
#ifndef PORTCLASH_LOOK_SHARES_H
#define PORTCLASH_LOOK_SHARES_H

#include "core/process/family.h"

/* Families that have looked more than their time. A further one shares the last place with others. */
#define PC_LOOK_FAMILIES 16

/* The looks of all families together may take so many times what one may at once. From then on each has only one part in
 * so many of it, but no family has none. So sixteen families take four times what one may. */
#define PC_LOOK_TOGETHER 2
#define PC_LOOK_LEAST 8

/* Looks take one part in so many of the time, and so much more at once for each family. */
struct pc_look_limit {
	unsigned part;
	uint64_t at_once_ns;
};

/* All zero is a good start. */
struct pc_look_shares {
	uint64_t last_ns; /* until then the time was divided */
	struct pc_look_share {
		struct pc_family family;
		uint64_t
			ahead_ns; /* by so much its looks have taken more than its time; 0: the place is free */
	} shares[PC_LOOK_FAMILIES];
};

/* May this family look now? The families that are ahead divide the time since the last call among them. */
bool pc_look_shares_may(struct pc_look_shares *s, const struct pc_look_limit *limit,
			const struct pc_family *family, uint64_t now_ns);

/* A look for this family took so long. */
void pc_look_shares_took(struct pc_look_shares *s, const struct pc_family *family,
			 uint64_t took_ns);

#endif
