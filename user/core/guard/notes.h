/* SPDX-License-Identifier: GPL-2.0-only */
/* The guard's notes: what it knows of each guarded port, as text, for its next life and for `guard
 * --status`. Which ports are its own to remove is said by the record (core/cure/record.h), not here.
 * Pure. */
#ifndef PORTCLASH_GUARD_NOTES_H
#define PORTCLASH_GUARD_NOTES_H

#include "core/cure/record.h"
#include "core/guard/guard.h"

/* The guard's counters since it started. */
struct pc_guard_counters {
	uint64_t additions; /* ports reserved */
	uint64_t removals;
	uint64_t restored; /* guarded ports that another program's write had wiped, or would have */
	uint64_t refused[PC_GUARD_ANSWER_COUNT]; /* of limits: servers whose port is not guarded */
	uint64_t lost;				 /* events that the kernel side had no room for */
	uint64_t errors;     /* lists and files that could not be written; tried again */
	uint64_t unreadable; /* writes of others that could not be understood */
	unsigned ports;	     /* guarded now */
	unsigned namespaces; /* in which ports are guarded, or would be */
};

struct pc_guard_note {
	struct pc_netns_id netns;
	struct pc_guard_port port;
};

struct pc_guard_notes {
	char boot[PC_BOOT_ID];
	uint64_t written_ns; /* boot clock */
	struct pc_guard_counters counters;
	struct pc_guard_note *list; /* owned */
	size_t count;
	size_t room;
};

int pc_guard_notes_add(struct pc_guard_notes *n, const struct pc_netns_id *netns,
		       const struct pc_guard_port *port);

/* The text, malloc'd; NULL without memory. */
char *pc_guard_notes_format(const struct pc_guard_notes *n);

/* Reads `text`. 0; -ESTALE: of another boot than `boot`; -EBADMSG: damaged; or -ENOMEM. `out` is
 * written on success only. */
int pc_guard_notes_parse(const char *text, const char *boot, struct pc_guard_notes *out);

void pc_guard_notes_free(struct pc_guard_notes *n);

#endif
