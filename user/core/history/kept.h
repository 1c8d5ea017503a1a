/* SPDX-License-Identifier: GPL-2.0-only */
/* The lines that a report shows in full: verdicts, and what portclash said at its start. */
#ifndef PORTCLASH_HISTORY_KEPT_H
#define PORTCLASH_HISTORY_KEPT_H

#include "core/history/logged.h"

/* A page with so many stays usable. No port and no user fills it alone: the first of each are shown, and the
 * rest is counted. */
#define PC_KEPT_VERDICTS 1000
#define PC_KEPT_OF_PORT 50
#define PC_KEPT_OF_USER 500
#define PC_KEPT_STARTS 100

/* Longer lines are not shown in full; all of them together have less than 64 MiB. */
#define PC_KEPT_LINE_MAX (64 * 1024)

struct pc_kept_line {
	char *text; /* terminated */
	uint64_t time_ns;
	uint64_t uid; /* the first of the user's (core/base/subuid.h) */
	uint16_t port;
};

struct pc_kept {
	struct pc_kept_line verdicts[PC_KEPT_VERDICTS];
	size_t verdicts_count;
	uint64_t verdicts_left;			    /* further ones, not kept */
	struct pc_kept_line starts[PC_KEPT_STARTS]; /* ready lines, the newest */
	uint64_t starts_count; /* of all that were kept; that of number n is at n % PC_KEPT_STARTS */
	uint64_t starts_left;  /* longer ones, not kept */
};

/* For pc_history_keep(): `kept` is a struct pc_kept, all zero at first. 0 or -ENOMEM. */
int pc_kept_take(void *kept, const struct pc_logged *e, const char *text, size_t len);
void pc_kept_free(struct pc_kept *kept);

#endif
