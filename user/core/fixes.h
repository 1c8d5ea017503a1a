/* SPDX-License-Identifier: GPL-2.0-only */
/* What to do, now and for good: only what is true on Linux in this very case. */
#ifndef PORTCLASH_FIXES_H
#define PORTCLASH_FIXES_H

#include "core/model.h"

/* Adds the fixes for the verdict's cause; one for which there is no memory is left out. */
void pc_fixes(struct pc_verdict *v);

/* The process to speak to about this holder: one that has the socket open now, else the one
 * that made it if it still runs; NULL if neither. */
const struct pc_party *pc_holder_actor(const struct pc_holder *h);

#endif
