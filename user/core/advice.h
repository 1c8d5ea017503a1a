/* SPDX-License-Identifier: GPL-2.0-only */
/* The explanation in one sentence and the fixes, for a verdict whose cause is decided. */
#ifndef PORTCLASH_ADVICE_H
#define PORTCLASH_ADVICE_H

#include "core/model.h"

/* Fills explanation and fixes (malloc'd). 0 or -ENOMEM, with what was made so far kept. */
int pc_advise(struct pc_verdict *v);

/* Frees explanation and fixes. */
void pc_verdict_clear(struct pc_verdict *v);

#endif
