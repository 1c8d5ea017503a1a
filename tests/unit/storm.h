/* SPDX-License-Identifier: GPL-2.0-only */
/* A storm: rounds of a join on a fake side where all happens that can, at random, and some things that
 * cannot. The same seed makes the same storm. */
#ifndef PORTCLASH_TESTS_STORM_H
#define PORTCLASH_TESTS_STORM_H

#include "fake_side.h"

struct storm {
	struct fake *f;
	uint64_t random;
	unsigned bad; /* records that make no sense were put */
	bool floods;
	struct pc_listed_socket listed[64];
};

/* The options of the join that this seed wants. `protect` points to `ports` (PC_PORT_WORDS words). */
struct pc_join_options storm_options(uint64_t seed, uint64_t *ports);

/* Run `rounds` rounds, from the inventories to the end of the join. */
void storm_run(struct storm *s, struct fake *f, uint64_t seed, unsigned rounds);

#endif
