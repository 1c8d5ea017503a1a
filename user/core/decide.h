/* SPDX-License-Identifier: GPL-2.0-only */
/* From what was captured to one cause. */
#ifndef PORTCLASH_DECIDE_H
#define PORTCLASH_DECIDE_H

#include "core/model.h"

/* Reads refusal, holders, holders_count and, of each holder, socket, how, older and since_ns;
 * fills blocking, how and how_inferred of each holder, and primary and cause of the verdict.
 * Pure: no allocation, no calls. */
void pc_decide(struct pc_verdict *v);

/* Did the kernel choose this holder's port, rather than its process by number? */
bool pc_holder_kernel_chosen(const struct pc_holder *h);

/* Is this holder a connection or a client, not something that takes connections? */
bool pc_holder_is_client(const struct pc_holder *h);

#endif
