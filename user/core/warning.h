/* SPDX-License-Identifier: GPL-2.0-only */
/* An early warning: the kernel has given a client a port that a server will want. Pure. */
#ifndef PORTCLASH_WARNING_H
#define PORTCLASH_WARNING_H

#include "core/audit.h"
#include "core/gone.h"

struct pc_warning {
	struct pc_claim claim;		      /* port, netns and process are known */
	const struct pc_endpoints *endpoints; /* NULL: not known */
	struct pc_party client;		      /* who got the port */
	bool listed;			      /* the port is in --protect */
	const struct pc_gone *listener;	      /* who listened there until lately; NULL: nobody */
	const struct pc_netns_settings
		*settings;	  /* of the port's network namespace; NULL: not known */
	uint32_t monitor_netns;	  /* where a command typed beside portclash would act */
	uint32_t netns_pid;	  /* some process of claim.netns; 0: not known */
	unsigned long suppressed; /* warnings not shown since the last one */
	char *explanation;
	struct pc_fix fixes[PC_FIXES_MAX];
	unsigned fixes_count;
};

/* Did the kernel choose the port of such a claim (enum pc_how), for whoever it was? */
bool pc_warning_concerns(uint8_t how);

/* Fills explanation and fixes (malloc'd) from all that is above them. 0 or -ENOMEM, with what was
 * made so far kept. */
int pc_warning_advise(struct pc_warning *w);

/* Frees explanation and fixes. */
void pc_warning_clear(struct pc_warning *w);

#endif
