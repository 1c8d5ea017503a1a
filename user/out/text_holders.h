/* SPDX-License-Identifier: GPL-2.0-only */
/* The holders of a verdict, as lines of its block. */
#ifndef PORTCLASH_TEXT_HOLDERS_H
#define PORTCLASH_TEXT_HOLDERS_H

#include <stdio.h>

#include "core/base/model.h"
#include "core/base/time.h"

/* Puts the holder that the cause speaks of, and some others; a process with several like it has one entry. */
void pc_put_holders(FILE *out, const struct pc_clock *clock, const struct pc_verdict *v);

#endif
