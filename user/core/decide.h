/* SPDX-License-Identifier: GPL-2.0-only */
/* From what was captured to one cause. */
#ifndef PORTCLASH_DECIDE_H
#define PORTCLASH_DECIDE_H

#include "core/model.h"

/* Begins the verdict on a refusal that was checked (core/record.h): copies the record and takes
 * its holders, but for those that no longer are what was looked for: `holders_changed` counts
 * them. Everything else is empty. */
void pc_verdict_begin(struct pc_verdict *v, const struct pc_refusal *r);

/* Was a client refused, by connect() or a send, rather than a server by bind() or listen()? */
bool pc_refusal_is_client(const struct pc_refusal *r);

/* Reads refusal, requester, holders, holders_count and, of each holder, socket, how, older, kin,
 * since_ns, maker and owners; fills blocking, how and how_inferred of each holder, and primary
 * and cause of the verdict.
 * Pure: no allocation, no calls. */
void pc_decide(struct pc_verdict *v);

/* Did the kernel choose this holder's port, rather than its process by number? */
bool pc_holder_kernel_chosen(const struct pc_holder *h);

/* Is this holder a connection or a client, not something that takes connections? */
bool pc_holder_is_client(const struct pc_holder *h);

#endif
