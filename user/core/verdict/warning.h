/* SPDX-License-Identifier: GPL-2.0-only */
/* An early warning: the kernel has given a client a port that a server will want. Pure. */
#ifndef PORTCLASH_WARNING_H
#define PORTCLASH_WARNING_H

#include "core/base/model.h"
#include "core/memory/ended.h"

struct pc_warning {
	struct pc_claim claim;		 /* port and netns are known; the claimer is the client */
	bool listed;			 /* the port is in --protect */
	bool listener_forgotten; /* one that ended on the port gave way to others */
	const struct pc_ended *listener; /* the last listener on the port; NULL: none lately */
	const struct pc_netns_settings
		*settings;	  /* of the port's network namespace; NULL: not known */
	uint32_t monitor_netns;	  /* where a command typed beside portclash would act */
	bool monitor_boots;	  /* that namespace is the one that the machine boots with */
	uint32_t netns_pid;	  /* a process in claim.netns; 0: not known */
	unsigned long suppressed; /* warnings not shown since the last one */
	char *explanation;
	struct pc_fix fixes[PC_FIXES_MAX];
	unsigned fixes_count;
};

/* Did the kernel choose the port of a claim that was made so? */
bool pc_warning_concerns(enum pc_how how);

/* Fills explanation and fixes (malloc'd) from the fields above them. 0 or -ENOMEM; what was made so
 * far is kept. */
int pc_warning_advise(struct pc_warning *w);

/* Frees explanation and fixes. */
void pc_warning_clear(struct pc_warning *w);

#endif
