/* SPDX-License-Identifier: GPL-2.0-only */
/* All that top shows. Events come through a sink like those of trace, the look from another process. */
#ifndef PORTCLASH_TOP_MODEL_H
#define PORTCLASH_TOP_MODEL_H

#include "out/sink.h"
#include "top/claimers.h"
#include "top/events.h"
#include "top/look.h"

struct pc_top {
	struct pc_clock clock;
	uint64_t started_ns; /* boot clock */
	char backend[32];
	struct pc_top_events events;
	struct pc_top_claimers claimers;
	struct pc_top_look look;
	uint64_t
		refusals; /* those that were told, repeats among them, and those that were only counted */
	uint64_t warnings;
	uint64_t lost; /* records, of pc_lost_total() */
};

/* NULL: no memory. */
struct pc_top *pc_top_new(const struct pc_clock *clock);
void pc_top_free(struct pc_top *top);

/* Follows the clock. */
void pc_top_tick(struct pc_top *top, const struct pc_clock *clock);

/* Takes over what is counted elsewhere. */
void pc_top_count(struct pc_top *top, const struct pc_counters *c);

/* Adds a sentence of portclash itself to the events. */
void pc_top_note(struct pc_top *top, const char *sentence, size_t len);

/* "own", "the host's", "blue", "nginx[7]" or the number, into `out` (PC_TOP_NAME bytes); returns it. */
const char *pc_top_space_name(const struct pc_top_look *look, uint32_t inode, char *out);

/* The sink: it writes to a struct pc_top. */
extern const struct pc_sink pc_sink_top;

#endif
