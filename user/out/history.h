/* SPDX-License-Identifier: GPL-2.0-only */
/* These functions write a history, as text or as JSON lines. */
#ifndef PORTCLASH_OUT_HISTORY_H
#define PORTCLASH_OUT_HISTORY_H

#include "core/history/history.h"
#include "out/sink.h"

/* A count of the files that were read. */
struct pc_history_sources {
	uint64_t files;
	uint64_t bytes;	     /* unpacked */
	uint64_t too_long;   /* lines that were left out */
	uint64_t unfinished; /* files whose last line has no newline */
	uint64_t cut;	     /* gzipped files that are not whole */
	uint64_t unread;     /* files that could not be read, or only in part */
	uint64_t left;	     /* older files, beyond the limit */
};

struct pc_history_view {
	const struct pc_history_totals *totals;
	const struct pc_history_group *const *groups; /* as pc_history_groups() has them */
	size_t count;
	struct pc_history_sources sources;
};

/* Each writes the whole history; with `ranks` so many of the highest ports, servers, thieves and causes in place of the
 * groups. 0 or the negative errno of the write. Text has local times with their zone, JSON has UTC. */
int pc_history_text(struct pc_log *log, const struct pc_history_view *view, unsigned ranks);
int pc_history_json(struct pc_log *log, const struct pc_clock *clock,
		    const struct pc_history_view *view, unsigned ranks);

#endif
