/* SPDX-License-Identifier: GPL-2.0-only */
/* A sink sees verdicts, claims and counters, never raw records, and writes. */
#ifndef PORTCLASH_SINK_H
#define PORTCLASH_SINK_H

#include "core/base/cost.h"
#include "core/base/model.h"
#include "core/base/outcome.h"
#include "core/base/time.h"
#include "core/verdict/range_use.h"
#include "core/memory/outcomes.h"
#include "core/memory/repeat.h"
#include "core/verdict/warning.h"
#include "out/log.h"

/* Version of the JSON lines; raised when a field changes its meaning or goes away. */
#define PC_JSON_SCHEMA 1

struct pc_ready {
	const char *invitation; /* what a person is to do now; NULL: nobody waits */
	const char *version;
	const char *backend;
	const char *why; /* not a better one */
	const char *blind;
	const char *kernel;
	uint64_t sockets; /* open before the start */
};

struct pc_summary {
	const struct pc_counters *counters;
	const struct pc_outcomes_counters *outcomes;
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
	int (*merged)(void *to, const struct pc_clock *clock, const struct pc_merged *m);
	int (*outcome)(void *to, const struct pc_clock *clock, const struct pc_outcome *o);
	int (*repeat)(void *to, const struct pc_clock *clock, const struct pc_repeat *r);
	int (*claim)(void *to, const struct pc_clock *clock, const struct pc_claim *c);
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
