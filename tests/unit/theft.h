/* SPDX-License-Identifier: GPL-2.0-only */
/* A staged theft on a fake kernel side: a client's port, a server that is refused it. */
#ifndef PORTCLASH_TESTS_THEFT_H
#define PORTCLASH_TESTS_THEFT_H

#include "fake_side.h"

/* A thief's connection with the records that the kernel side sends of it, and a refusal by it. */
struct theft {
	struct fake *f;
	struct fake_process *thief;
	struct fake_process *server;
	struct pc_claim_record claim;
	struct pc_refusal_record refusal;
};

/* With the thief's socket open before the join starts; and opened after. */
struct theft theft_older(void);
struct theft theft_after_start(void);
struct theft theft_with(const struct pc_join_options *options); /* after the start */

/* Puts all its records into the rings. */
void theft_put(struct theft *t);

/* One verdict was made, and it names thief and server. */
void theft_assert(const struct theft *t);
void theft_assert_process(const struct pc_party *party, uint32_t pid, const char *comm);

/* The primary holder of the verdict with that number. */
const struct pc_holder *theft_holder(const struct fake *f, unsigned i);

#endif
