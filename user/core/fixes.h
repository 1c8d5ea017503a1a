/* SPDX-License-Identifier: GPL-2.0-only */
/* What to do, now and for good: only what is true on Linux in this very case. */
#ifndef PORTCLASH_FIXES_H
#define PORTCLASH_FIXES_H

#include "core/model.h"

/* Adds the fixes for the verdict's cause; one for which there is no memory is left out. */
void pc_fixes(struct pc_verdict *v);

#endif
