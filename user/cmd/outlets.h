/* SPDX-License-Identifier: GPL-2.0-only */
/* The outlets of the agent: the log, the journal, or both; and the sentences when the agent cannot
 * write. */
#ifndef PORTCLASH_OUTLETS_H
#define PORTCLASH_OUTLETS_H

#include "out/journal.h"
#include "watch/watch.h"

enum pc_journal_choice {
	PC_JOURNAL_AUTO = 0, /* on when standard output or standard error goes to the journal */
	PC_JOURNAL_ON,
	PC_JOURNAL_OFF,
	PC_JOURNAL_CHOICES,
};

/* "auto", "on", "off"; PC_JOURNAL_CHOICES for anything else. */
enum pc_journal_choice pc_journal_choice(const char *name);

struct pc_outlets {
	struct pc_outlet list[PC_OUTLETS_MAX];
	int errors[PC_OUTLETS_MAX];	  /* of the last line, to speak of changes only */
	uint64_t said_ns[PC_OUTLETS_MAX]; /* when the trouble was */
	unsigned count;
	uint64_t late; /* of log.late, so many are counted */
	bool quiet;    /* standard output is the journal, which has all of it */
	struct pc_log log;
	struct pc_journal journal;
};

/* Opens what is wanted; 0, or the negative errno of the log. The journal need not be there yet.
 * Without a path the log is standard output, or nowhere when that is the journal. */
int pc_outlets_open(struct pc_outlets *outlets, const char *log_path,
		    enum pc_journal_choice journal);

/* Has the session write there. `outlets` must not move after that. */
void pc_outlets_give(struct pc_outlets *outlets, struct pc_watch_options *options);

/* The log goes elsewhere; on error it is written on where it was. */
int pc_outlets_switch(struct pc_outlets *outlets, const char *log_path);

/* Says on standard error when writing begins to fail and when it works again, not each time, and of
 * a reader that takes a line now and then no more than one of each a second. */
void pc_outlets_report(struct pc_outlets *outlets, const struct pc_watch *w);

/* Writes what a slow reader did not take before: once a round. */
void pc_outlets_flush(struct pc_outlets *outlets, struct pc_watch *w);

/* The agent is to end: the lines to come and those held back have PC_STREAM_LAST_MS in all. */
void pc_outlets_hurry(struct pc_outlets *outlets);

/* Nothing comes any more; what is lost now is counted and said. */
void pc_outlets_finish(struct pc_outlets *outlets, struct pc_watch *w);

/* The log cannot be opened. */
void pc_outlets_complain(const char *log_path, int err);

void pc_outlets_close(struct pc_outlets *outlets);

#endif
