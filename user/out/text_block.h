/* SPDX-License-Identifier: GPL-2.0-only */
/* Text for people about each event, without the time of day: in a terminal the time comes before,
 * the journal has its own. The first line is a sentence, details are below it; no newline at the
 * end. `verbose`: fixes have their plain commands, too. */
#ifndef PORTCLASH_TEXT_BLOCK_H
#define PORTCLASH_TEXT_BLOCK_H

#include <stdio.h>

#include "out/sink.h"

/* The first line: the invitation to start the server, and a hint where a better back end is missing; or,
 * with `verbose` and where there is none, all that is to be known. */
void pc_put_ready(FILE *out, const struct pc_ready *r, bool verbose);
void pc_put_verdict(FILE *out, const struct pc_clock *clock, const struct pc_verdict *v,
		    bool verbose);
void pc_put_merged(FILE *out, const struct pc_clock *clock, const struct pc_merged *m);
/* This function prints a line: what became of a refused process. */
void pc_put_outcome(FILE *out, const struct pc_clock *clock, const struct pc_outcome *o);

/* The clause about all outcomes in a summary. */
void pc_put_outcomes(FILE *out, const struct pc_outcomes_counters *c);

void pc_put_repeat(FILE *out, const struct pc_clock *clock, const struct pc_repeat *r);
void pc_put_warning(FILE *out, const struct pc_clock *clock, const struct pc_warning *w,
		    bool verbose);
/* "cost 0.812 s of CPU to start …", as lines of a summary. */
void pc_put_cost(FILE *out, const struct pc_cost *cost, uint64_t watched_ns);
/* `verbose`: with what watching has cost. */
void pc_put_summary(FILE *out, const struct pc_summary *s, bool verbose);

#endif
