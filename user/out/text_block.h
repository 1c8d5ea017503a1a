/* SPDX-License-Identifier: GPL-2.0-only */
/* What people read of each event, without the time of day: in a terminal it comes before, in the
 * journal it has it. The first line is a sentence, details are below it; no newline at the end. */
#ifndef PORTCLASH_TEXT_BLOCK_H
#define PORTCLASH_TEXT_BLOCK_H

#include <stdio.h>

#include "out/sink.h"

void pc_put_ready(FILE *out, const struct pc_ready *r);
void pc_put_verdict(FILE *out, const struct pc_clock *clock, const struct pc_verdict *v);
void pc_put_repeat(FILE *out, const struct pc_clock *clock, const struct pc_repeat *r);
void pc_put_warning(FILE *out, const struct pc_clock *clock, const struct pc_warning *w);
void pc_put_summary(FILE *out, const struct pc_summary *s);

#endif
