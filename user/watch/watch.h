/* SPDX-License-Identifier: GPL-2.0-only */
/* A session of watching, as `trace` and `agent` both have it: the driver of a monitor, the join and
 * the sinks. */
#ifndef PORTCLASH_WATCH_H
#define PORTCLASH_WATCH_H

#include "bpf/monitor.h"
#include "core/base/cost.h"
#include "core/base/model.h"
#include "core/flight/flight.h"
#include "core/join/join.h"
#include "out/prometheus.h"
#include "out/sink.h"

struct pc_watch_options {
	struct pc_monitor_options monitor;
	struct pc_filter filter;
	struct pc_outlet outlets[PC_OUTLETS_MAX];
	unsigned outlets_count;
	bool each;	      /* every refusal has its line: no quota, and hunts are told */
	uint64_t repeat_ns;   /* first interval of core/memory/repeat.h; 0: nothing is summarised */
	uint64_t patience_ns; /* see pc_join_patience() */
	struct pc_metrics *metrics; /* NULL: none are kept */
	const char *record; /* path of the recording that is made; NULL: none */
	bool with_claims;
	struct pc_flight *flight; /* takes every claim, and stays the caller's; NULL: none */
	const char *invitation; /* see struct pc_ready */
	bool quiet;		/* no ready line, and no summary unless something was lost */
	bool given_names;	/* look up the names of containers and pods */
	bool own_netns_only;	/* may not enter others: their settings and sockets are not read */
	/* portclash in a pid namespace of its own cannot know processes by their ids: opening fails there.
	 * Without this, verdicts have the machine's ids, and no command with an id in it. */
	bool machine_pids_only;
	const uint64_t *protect; /* PC_PORT_WORDS words; NULL: no early warnings */
};

struct pc_watch;

/* Loads, attaches, takes in what was open before, and prints the ready line (if that cannot be
 * written, pc_watch_take_error() says so). On failure a negative errno and the sentence
 * (PC_SENTENCE bytes). */
int pc_watch_open(const struct pc_watch_options *options, struct pc_watch **out, char *sentence);
void pc_watch_close(struct pc_watch *w);

/* Poll this for reading, and call pc_watch_run() when it is readable and ten times a second. */
int pc_watch_fd(const struct pc_watch *w);

/* Reads all that waits. 0, or -EPIPE when no sink can be written any more; other errors of the
 * sinks are counted. */
int pc_watch_run(struct pc_watch *w);

/* Is there more to do, though nothing need be readable: pc_watch_run() wants to be called again
 * at once. */
bool pc_watch_busy(const struct pc_watch *w);

/* Repeats are summarised after this interval from now on; 0: each is written. 0 or -ENOMEM. */
int pc_watch_repeat(struct pc_watch *w, uint64_t interval_ns);

/* The counters, brought up to date. */
const struct pc_counters *pc_watch_counters(struct pc_watch *w);

/* The counts of outcomes, brought up to date. */
const struct pc_outcomes_counters *pc_watch_outcomes(struct pc_watch *w);

/* Replaces the filter by the requester from now on. */
void pc_watch_filter(struct pc_watch *w, const struct pc_whose_filter *whose);

/* Sets the time after which a refused process counts as still waiting. */
void pc_watch_patience(struct pc_watch *w, uint64_t patience_ns);

/* Reads what watching has cost until now. The names in it are valid until pc_watch_close(). */
void pc_watch_cost(const struct pc_watch *w, struct pc_cost *out);

/* Prints the summary line. */
int pc_watch_summary(struct pc_watch *w, bool has_command, int command_status);

/* Errno of the last line's writing to this outlet; 0: it worked. */
int pc_watch_last_error(const struct pc_watch *w, unsigned outlet);

/* Something that the caller writes itself could not be written. */
void pc_watch_count_sink_error(struct pc_watch *w);

/* Protects these ports (PC_PORT_WORDS words) instead of those before; none: no early warnings from
 * now on. -EOPNOTSUPP: none were wanted at the start, so the programs do not send what they need. */
int pc_watch_protect(struct pc_watch *w, const uint64_t *listed);

/* The TCP ports in use in portclash's own network namespace; see pc_monitor_tcp_ports(). */
int pc_watch_tcp_ports(struct pc_watch *w, uint64_t *words);

const char *pc_watch_backend(const struct pc_watch *w);

/* Why the recording stopped: a negative errno as pc_record_file_take_error() has it; 0: it goes on. */
int pc_watch_take_record_error(struct pc_watch *w);

/* Has it stopped before the session's end? */
bool pc_watch_record_failed(const struct pc_watch *w);

/* Errno of the last failure of any sink, for the caller to report once; 0 if none since. */
int pc_watch_take_error(struct pc_watch *w);

#endif
