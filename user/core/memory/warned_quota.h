/* SPDX-License-Identifier: GPL-2.0-only */
/* A quota of early warnings for each family of users: a client that is given protected ports without an end
 * must not hide the clients of others. Pure. */
#ifndef PORTCLASH_WARNED_QUOTA_H
#define PORTCLASH_WARNED_QUOTA_H

#include "core/process/family.h"

/* Warnings that are shown in a second; the others are counted. A user who protects half of the range is told
 * enough by these. */
#define PC_WARNED_A_SECOND 20

/* Families that are remembered. A family for which there is no place shares the last one with others. */
#define PC_WARNED_FAMILIES 16

/* A family without a warning for so long may give way to another. */
#define PC_WARNED_IDLE_NS 10000000000ULL

struct pc_warned_quota {
	struct pc_warned_family {
		struct pc_family family;
		bool used;
		uint64_t second_ns; /* when the second began in which `shown` were shown */
		unsigned shown;
		unsigned long suppressed; /* since the last warning that was shown */
	} families[PC_WARNED_FAMILIES];
};

/* May a warning of this family be shown? `*suppressed` then is the number of those that were not shown since
 * the last one. All zero is a good start. */
bool pc_warned_quota_may(struct pc_warned_quota *q, const struct pc_family *family, uint64_t now_ns,
			 unsigned long *suppressed);

#endif
