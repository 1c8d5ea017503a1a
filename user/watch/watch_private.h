/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of user/watch only. */
#ifndef PORTCLASH_WATCH_PRIVATE_H
#define PORTCLASH_WATCH_PRIVATE_H

#include "core/memory/told_quota.h"
#include "watch/watch.h"

/* Process ids and namespaces of this machine. */
#define PC_WATCH_PROC "/proc"

/* outputs.c: the sinks in use, each with errors of its own. */
struct pc_outputs {
	struct pc_outlet list[PC_OUTLETS_MAX];
	unsigned count;
	int last[PC_OUTLETS_MAX]; /* errno of the last line; 0: it was written */
	bool gone[PC_OUTLETS_MAX];
	int error;	 /* errno of the last line that any sink did not take */
	uint64_t now_ns;	     /* of the step under way, boot clock: set by the owner */
	uint64_t wall_minus_boot_ns; /* set by the owner, or by pc_outputs_tick() */
	uint64_t errors; /* lines or files that could not be written */
};

/* Before a round: follows the wall clock when it was set, or has drifted by PC_CLOCK_DRIFT_NS. Between two
 * readings of both clocks they differ by less, so that a round has one time, and a recording the same. True:
 * it has moved. */
#define PC_CLOCK_DRIFT_NS 100000
bool pc_outputs_tick(struct pc_outputs *o);

/* The clock of the lines. */
void pc_outputs_clock(const struct pc_outputs *o, struct pc_clock *out);

/* A line to each sink that can be written. 0, or the last negative errno. */
int pc_outputs_ready(struct pc_outputs *o, const struct pc_ready *r);
int pc_outputs_verdict(struct pc_outputs *o, const struct pc_verdict *v);
int pc_outputs_merged(struct pc_outputs *o, const struct pc_merged *m);
int pc_outputs_outcome(struct pc_outputs *o, const struct pc_outcome *outcome);
int pc_outputs_repeat(struct pc_outputs *o, const struct pc_repeat *r);
int pc_outputs_claim(struct pc_outputs *o, const struct pc_claim *c);
int pc_outputs_warning(struct pc_outputs *o, const struct pc_warning *w);
int pc_outputs_summary(struct pc_outputs *o, const struct pc_summary *s);

/* Is no sink left that can be written? */
bool pc_outputs_in_vain(const struct pc_outputs *o);

/* repeats.c: a verdict is written, or counted for a summary. */
struct pc_repeating {
	struct pc_repeats *table;    /* NULL: no interval was ever set */
	struct pc_told_quota *quota; /* with the table */
	uint64_t interval_ns;	     /* 0: each verdict is written */
	bool without_ids;	     /* no fix has the id of a process */
	uint64_t counted;
	uint64_t unwritten; /* beyond the lines of their users */
};

int pc_repeating_set(struct pc_repeating *r, struct pc_outputs *o, uint64_t interval_ns);
void pc_repeating_verdict(struct pc_repeating *r, struct pc_outputs *o, struct pc_verdict *v);
/* Writes the summaries that are due; with `stop` all that was counted. */
void pc_repeating_tell(struct pc_repeating *r, struct pc_outputs *o, bool stop);
uint64_t pc_repeating_evicted(const struct pc_repeating *r);

/* The operations on this machine need this (host_side.c). */
struct pc_machine {
	struct pc_given *given;	     /* NULL: names of containers are not looked up */
	uint64_t wall_minus_boot_ns; /* as portclash started */
};

struct pc_watch {
	struct pc_monitor *monitor;
	struct pc_join *join;
	struct pc_outputs outputs;
	struct pc_repeating repeating;
	struct pc_record_file *record; /* NULL: nothing is recorded */
	struct pc_flight *flight;      /* NULL: there is no flight recorder */
	struct pc_machine machine;
	struct pc_metrics *metrics; /* NULL: none are kept */
	uint64_t cpu_start_ns;	    /* CPU time that the start took */
	uint64_t started_ns;	    /* boot clock */
	bool quiet;
	bool has_command;	    /* its refusals are those that are told */
	bool foreign_pids;	    /* process ids here are not those of the machine */
};

/* kernel_side.c, host_side.c: the join's operations on the monitor that `*m` points to by then, and on
 * this machine. */
struct pc_join_kernel pc_kernel_side(struct pc_monitor **m);
extern const struct pc_join_host pc_host_side;

/* These functions do the same where /proc shows other process ids than the machine's. */
extern const struct pc_join_host pc_host_side_apart;

#endif
