/* SPDX-License-Identifier: GPL-2.0-only */
/* The changes of the guard and the ports that it guards: a sentence for people, JSON lines, and the journal. */
#ifndef PORTCLASH_OUT_GUARD_H
#define PORTCLASH_OUT_GUARD_H

#include "core/base/time.h"
#include "core/guard/notes.h"
#include "core/guard/told.h"
#include "out/journal.h"
#include "out/log.h"

/* The content of `guard --status`. */
struct pc_guard_status {
	int running; /* pid of the guard; 0: none runs; -1: not known */
	const struct pc_guard_notes *notes;
};

/* Each writes one event; `dry`: what would be done. 0 or a negative errno. */
int pc_guard_text(struct pc_log *log, const struct pc_clock *clock, const struct pc_guard_told *t,
		  bool dry);
int pc_guard_json(struct pc_log *log, const struct pc_clock *clock, const struct pc_guard_told *t,
		  bool dry);
int pc_guard_journal(struct pc_journal *journal, const struct pc_guard_told *t);

int pc_guard_status_text(struct pc_log *log, const struct pc_clock *clock,
			 const struct pc_guard_status *s);
int pc_guard_status_json(struct pc_log *log, const struct pc_clock *clock,
			 const struct pc_guard_status *s);

/* The sentence about an event. */
void pc_put_guard(FILE *out, const struct pc_guard_told *t, bool dry);

/* The result of `guard --off`; `error` NULL: all was given back. */
int pc_guard_off_json(struct pc_log *log, const struct pc_clock *clock, unsigned released,
		      const char *error);

#endif
