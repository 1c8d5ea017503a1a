/* SPDX-License-Identifier: GPL-2.0-only */
/* The explanation in one sentence and the fixes, for a verdict whose cause is decided. */
#ifndef PORTCLASH_ADVICE_H
#define PORTCLASH_ADVICE_H

#include "core/base/model.h"

/* Fills explanation and fixes (malloc'd). 0 or -ENOMEM; what was made so far is kept. */
int pc_advise(struct pc_verdict *v);

/* Frees explanation and fixes. */
void pc_verdict_clear(struct pc_verdict *v);

/* Takes out the fixes whose command names a process by its id: where the machine's ids are not those of
 * the reader. */
void pc_advice_drop_ids(struct pc_fix *fixes, unsigned *count);

/* Frees the texts of the fixes and sets *count to 0. */
void pc_advice_clear_fixes(struct pc_fix *fixes, unsigned *count);

#endif
