/* SPDX-License-Identifier: GPL-2.0-only */
/* The decision: one cause for what was captured of a refusal. */
#ifndef PORTCLASH_DECIDE_H
#define PORTCLASH_DECIDE_H

#include "core/base/model.h"

/* Was a client refused, by connect() or a send, rather than a server by bind() or listen()? */
bool pc_request_is_client(const struct pc_request *r);

/* Reads request, settings, requester and holders; of each holder socket, how, older, kin, since_ns,
 * claimer and owners. Fills primary and cause of the verdict; of each holder blocking, how and
 * how_inferred. Pure: no allocation, no calls. */
void pc_decide(struct pc_verdict *v);

/* Did the kernel choose this holder's port, rather than its process by number? */
bool pc_holder_kernel_chosen(const struct pc_holder *h);

/* Is this holder a connection or a client, not something that takes connections? */
bool pc_holder_is_client(const struct pc_holder *h);

#endif
