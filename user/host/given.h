/* SPDX-License-Identifier: GPL-2.0-only */
/* The names of containers and pods, looked up once and kept for a while, and within a budget: a look-up never
 * costs a watching agent more than it can afford. */
#ifndef PORTCLASH_HOST_GIVEN_H
#define PORTCLASH_HOST_GIVEN_H

#include "host/given_files.h"

/* The bytes that may be read in a second; more waits for the next. Reading and parsing a MiB takes some 10 ms. */
#define PC_GIVEN_BYTES_PER_SECOND (2u << 20)

/* Containers that are remembered; the one that was asked for longest ago gives way. */
#define PC_GIVEN_KEPT 256

/* A name stays so long: a container can be renamed. What was not found is looked for sooner: a container's
 * files can come after its first process. */
#define PC_GIVEN_FOUND_NS (60 * PC_NS_PER_SECOND)
#define PC_GIVEN_MISSED_NS (5 * PC_NS_PER_SECOND)

struct pc_given;

/* NULL: no memory. `place` is copied, its root is not. */
struct pc_given *pc_given_new(const struct pc_given_place *place);
void pc_given_free_all(struct pc_given *g);

/* Fills `who->given` by its container and pod, unless those are a user's word: no file of root's knows that
 * user's containers, and the id may be another's. 0; -EAGAIN: the budget is used up, or -ENOMEM. */
int pc_given_fill(struct pc_given *g, uint64_t now_ns, struct pc_identity *who);

/* Looks for which no budget was left. `g` may be NULL. */
uint64_t pc_given_skipped(const struct pc_given *g);

#endif
