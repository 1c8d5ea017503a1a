/* SPDX-License-Identifier: GPL-2.0-only */
/* How a process that holds a port can be made to give way, and when portclash does not do that itself.
 * Pure. */
#ifndef PORTCLASH_CURE_STOP_H
#define PORTCLASH_CURE_STOP_H

#include "core/base/model.h"

enum pc_stop_way {
	PC_STOP_INVALID = 0,
	PC_STOP_UNIT,	 /* systemctl stop: it is the unit's main process */
	PC_STOP_PROCESS, /* SIGTERM */
	PC_STOP_NEVER,	 /* somebody else has to: `why` and `what` */
};

/* Facts about the process that the host knows besides its identity. */
struct pc_stop_facts {
	uint32_t main_pid;  /* of its unit, by the service manager; 0: none, or not known */
	bool leads_session; /* the first process of a session: a login, a shell */
	uint32_t portclash; /* pid of portclash itself */
	bool given;	    /* the socket is another user's (pc_party_is_given()) */
	bool users_word; /* a user chose the names in its control group's path (pc_group_is_roots_word()) */
};

struct pc_stop {
	enum pc_stop_way way;
	const char *why; /* NEVER: part of a sentence about the process; static */
	/* The command to type, without `name` at its end; NULL: none. Static. */
	const char *command;
	const char *name; /* unit or container: of the identity, hostile */
	uint32_t manager; /* with `by_manager`: the user whose own manager has the unit */
	bool by_manager;
};

void pc_stop_judge(const struct pc_identity *who, const struct pc_stop_facts *facts,
		   struct pc_stop *out);

#endif
