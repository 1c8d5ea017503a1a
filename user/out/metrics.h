/* SPDX-License-Identifier: GPL-2.0-only */
/* The counts of the Prometheus textfile, with a bounded number of series whatever happens on the
 * machine. The log has the names. */
#ifndef PORTCLASH_METRICS_H
#define PORTCLASH_METRICS_H

#include "core/base/cost.h"
#include "core/base/model.h"
#include "core/flight/flight.h"
#include "core/guard/notes.h"
#include "core/memory/outcomes.h"
#include "core/process/family.h"

/* Ports with a series of their own, first come, first served; the rest is port="other". Few ports
 * of a machine are fought over, and more than 100 series a metric are advised against. A family of users has as many
 * as one in PC_METRICS_PORTS_SHARE of those that others have left, so that no user takes all. */
#define PC_METRICS_PORTS_MAX 64
#define PC_METRICS_PORTS_SHARE 4

#define PC_METRICS_PROTOS 4 /* TCP, UDP, Unix sockets, anything else */
#define PC_METRICS_ERRNOS 6 /* EADDRINUSE, EADDRNOTAVAIL, EACCES, EPERM, EAGAIN, anything else */

struct pc_metrics_port {
	uint64_t refusals;
	struct pc_family first; /* whose refusal was the first */
	uint16_t port;
	uint8_t proto; /* index below PC_METRICS_PROTOS */
};

/* Counters of the agent's guard. */
struct pc_metrics_guard {
	bool active;
	struct pc_guard_counters counters;
};

/* All 0: the agent has no flight recorder. */
struct pc_metrics_flight {
	bool active;
	struct pc_flight_account counts;
};

/* The content of the textfile. All zero is a good start. The strings are the caller's, and hostile
 * until escaped here; NULL is the empty string. */
struct pc_metrics {
	const struct pc_counters *counters;	     /* not NULL when formatted */
	const struct pc_outcomes_counters *outcomes; /* NULL: none yet */
	uint64_t refusals[PC_CAUSE_COUNT][PC_OP_COUNT][PC_METRICS_PROTOS][PC_METRICS_ERRNOS];
	struct pc_metrics_port ports[PC_METRICS_PORTS_MAX];
	unsigned ports_count;
	uint64_t other_ports[PC_METRICS_PROTOS];
	struct pc_port_usage usage;
	struct pc_cost cost;
	struct pc_metrics_guard guard;
	struct pc_metrics_flight flight;
	const char *version;
	const char *backend;
	const char *kernel;
	uint64_t start_ns; /* wall clock */
	uint64_t update_ns;
	uint64_t interval_ns; /* between two textfiles */
	struct {
		uint64_t mistakes;   /* since the start: one at the start is its end */
		uint64_t success_ns; /* wall clock: the configuration in use was read */
		bool failed;	     /* a later one was not taken */
	} config;
	uint64_t capabilities_missing; /* a bit each, as in core/config/capabilities.h */
	bool confined;		       /* what only the start needed was given up */
	bool up;		       /* false in the last file, written on the way out */
};

/* The last of each is anything else: 0. */
extern const uint8_t pc_metrics_protos[PC_METRICS_PROTOS];
extern const int pc_metrics_errnos[PC_METRICS_ERRNOS];

/* `err` is positive. Values that are not known are counted all the same, as "unknown" or
 * "other". */
void pc_metrics_refusal(struct pc_metrics *metrics, enum pc_cause cause, enum pc_op op,
			uint8_t proto, int err);

/* The port that was asked for and refused; 0: any. `by`: who asked. */
void pc_metrics_refused_port(struct pc_metrics *metrics, uint16_t port, uint8_t proto,
			     const struct pc_family *by);

#endif
