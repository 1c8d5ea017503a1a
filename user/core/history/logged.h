/* SPDX-License-Identifier: GPL-2.0-only */
/* A line of the agent's log (docs/json.md), as far as a history needs it. */
#ifndef PORTCLASH_LOGGED_H
#define PORTCLASH_LOGGED_H

#include "core/base/outcome.h"
#include "core/history/scan.h"

/* The schema that is read here. A line with another one is counted, not guessed at. */
#define PC_LOGGED_SCHEMA 1

enum pc_logged_type {
	PC_LOGGED_DAMAGED = 0, /* no JSON, or a line of ours that lacks what makes it one */
	PC_LOGGED_FOREIGN,     /* JSON, but no line of portclash */
	PC_LOGGED_NEWER,       /* of another schema */
	PC_LOGGED_OTHER,       /* of portclash, and no part of a history: claims, audits … */
	PC_LOGGED_READY,
	PC_LOGGED_REFUSAL,
	PC_LOGGED_REPEAT,
	PC_LOGGED_MERGED,
	PC_LOGGED_OUTCOME,
	PC_LOGGED_WARNING,
	PC_LOGGED_SUMMARY,
	PC_LOGGED_COUNT,
};

struct pc_logged_end {
	struct pc_slice address;
	uint64_t port; /* 0: none */
};

struct pc_logged_process {
	bool there; /* the line has an object for it */
	uint64_t pid;
	uint64_t uid;
	uint64_t netns;
	struct pc_slice comm;
	struct pc_slice exe;
	struct pc_slice cmdline;
	struct pc_slice unit;
	struct pc_slice inner_unit;
	struct pc_slice container;
	struct pc_slice container_name;
	struct pc_slice pod;
	struct pc_slice pod_name;
	struct pc_slice pod_namespace;
};

/* The holder of which the cause speaks. */
struct pc_logged_holder {
	bool there;
	bool blocking;
	struct pc_slice state;
	struct pc_slice how;
	struct pc_slice note;
	struct pc_logged_end local;
	struct pc_logged_end remote;
	uint64_t since_ns; /* 0: not known */
	struct pc_logged_process process;
};

/* Slices point into the line. Times are nanoseconds since 1970, UTC; 0: not there. */
struct pc_logged {
	enum pc_logged_type type;
	struct pc_slice host; /* put around the line by a shipper: {"host": …, "event": …} */
	uint64_t time_ns;
	uint64_t first_ns;
	uint64_t last_ns;
	struct pc_slice id; /* of a refusal; of all others the refusal that they are about */
	struct pc_slice proto;
	struct pc_slice op;
	struct pc_slice error;
	struct pc_slice cause;
	struct pc_slice scope;
	struct pc_slice explanation;
	struct pc_logged_end requested;
	struct pc_logged_process requester;
	struct pc_logged_holder holder;
	uint64_t count;	   /* of refusals: of a repeat or a merged line */
	uint64_t refusals; /* of an outcome */
	uint64_t folded;
	uint64_t total;
	enum pc_outcome_kind outcome;
	bool hunt;
	uint64_t gained_port;
	uint64_t lost; /* of a summary */
	struct pc_slice version;
	struct pc_slice backend;
	uint64_t port; /* of a warning */
	struct pc_logged_process process;
};

/* Reads one line without its newline; `text` stays the caller's and must outlive *out. Whatever the bytes
 * are, *out is filled: `type` says what the line is. */
void pc_logged_read(const char *text, size_t len, struct pc_logged *out);

#endif
