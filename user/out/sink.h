/* SPDX-License-Identifier: GPL-2.0-only */
/* What a sink is: it sees verdicts, claims and counters, never raw records, and writes. */
#ifndef PORTCLASH_SINK_H
#define PORTCLASH_SINK_H

#include "core/cost.h"
#include "core/model.h"
#include "core/range_use.h"
#include "core/repeat.h"
#include "core/warning.h"
#include "out/log.h"

/* Version of the JSON lines; raised when a field changes its meaning or goes away. */
#define PC_JSON_SCHEMA 1

/* Boot clock to wall clock, taken when the line is made. */
struct pc_clock {
	uint64_t wall_minus_boot_ns;
	uint64_t now_ns; /* boot clock */
};

struct pc_ready {
	const char *version;
	const char *backend;
	const char *why; /* not a better one */
	const char *blind;
	const char *kernel;
	uint64_t sockets; /* open before the start */
};

struct pc_summary {
	const struct pc_counters *counters;
	const struct pc_cost *cost; /* of watching, until now */
	uint64_t watched_ns;
	bool has_command;
	int command_status; /* as wait() has it; -1: it still runs */
};

/* Each returns 0 or the negative errno of the write; NULL: it has nothing to say of that. `to` is
 * where it writes: a struct pc_log (out/log.h), of the journal's sink a struct pc_journal. */
struct pc_sink {
	const char *name;
	int (*ready)(void *to, const struct pc_clock *clock, const struct pc_ready *r);
	int (*verdict)(void *to, const struct pc_clock *clock, const struct pc_verdict *v);
	int (*repeat)(void *to, const struct pc_clock *clock, const struct pc_repeat *r);
	int (*claim)(void *to, const struct pc_clock *clock, const struct pc_claim_event *c);
	int (*warning)(void *to, const struct pc_clock *clock, const struct pc_warning *w);
	int (*summary)(void *to, const struct pc_clock *clock, const struct pc_summary *s);
};

extern const struct pc_sink pc_sink_text;
extern const struct pc_sink pc_sink_json;
extern const struct pc_sink pc_sink_journal;

/* A sink in use, and where it writes. Sinks do not know of each other. */
struct pc_outlet {
	const struct pc_sink *sink;
	void *to;
};

/* The log and the journal. */
#define PC_OUTLETS_MAX 2

#endif
