/* SPDX-License-Identifier: GPL-2.0-only */
/* The looks of host/site.h and host/place.h, at files that a user chose, for a limited time. */
#ifndef PORTCLASH_LOOKS_H
#define PORTCLASH_LOOKS_H

#include "core/join/host.h"
#include "host/place.h"
#include "host/site.h"

/* Does pc_site_find() and pc_site_ask(). A look that takes too long finds nothing: its error is ETIMEDOUT, or EBUSY while an earlier
 * look for that user goes on. */
void pc_looks_site(const char *proc, const struct pc_path_question *q, pc_site_connect_fn ask,
		   struct pc_site *out);

/* Does pc_place_find(). A place that takes too long is `unseen`. The folders' names are static. */
void pc_looks_place(const struct pc_place_roots *roots, const struct pc_identity *who,
		    struct pc_place *out);

#endif
