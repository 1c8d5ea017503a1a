/* SPDX-License-Identifier: GPL-2.0-only */
/* What `who` found, as text and as JSON lines. */
#ifndef PORTCLASH_OUT_WHO_H
#define PORTCLASH_OUT_WHO_H

#include "core/who.h"
#include "out/sink.h"

#define PC_WHO_UNSEEN_MAX 8

struct pc_who_report {
	const struct pc_who_place *places; /* one a network namespace and protocol; and one of a
					      protocol of which nobody has the port */
	size_t count;
	char *unseen[PC_WHO_UNSEEN_MAX]; /* sentences: what could not be seen */
	unsigned unseen_count;
	int status; /* of the exit */
};

/* Each writes all of it; 0 or the negative errno of the write. */
int pc_who_text(struct pc_log *log, const struct pc_clock *clock,
		const struct pc_who_report *report);
int pc_who_json(struct pc_log *log, const struct pc_clock *clock,
		const struct pc_who_report *report);

#endif
