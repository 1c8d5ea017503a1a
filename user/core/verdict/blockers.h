/* SPDX-License-Identifier: GPL-2.0-only */
/* The blockers: all that keeps a refused socket from its port, not the one holder alone that the verdict
 * speaks of. The port is free when all of them have gone. */
#ifndef PORTCLASH_BLOCKERS_H
#define PORTCLASH_BLOCKERS_H

#include "core/base/model.h"

#define PC_BLOCKERS_MAX (PC_HOLDERS_MAX * PC_OWNERS_MAX)

struct pc_blockers {
	unsigned sockets; /* described holders that block */
	unsigned unseen;  /* sockets on the port that were not described, and can block */
	unsigned live;	  /* sockets that a process has open */
	unsigned staying; /* live ones whose end leaves a connection for the kernel to end */
	/* Sockets that their process has closed. They end by themselves, and can be cut. */
	const struct pc_socket *dead[PC_HOLDERS_MAX];
	unsigned dead_count;
	unsigned time_waits; /* those of them in TIME_WAIT proper, which Linux cuts since 6.1 */
	unsigned seconds;    /* until the last TIME_WAIT among them ends, at the latest */
	/* The processes that have the live ones open, each once. Those that made a socket come first: a
	 * master that ends starts no new workers. */
	const struct pc_party *processes[PC_BLOCKERS_MAX];
	unsigned processes_count;
	bool cut; /* a socket has more owners than are known */
};

void pc_blockers_find(const struct pc_verdict *v, struct pc_blockers *out);

/* Has its process closed this connection, which the kernel now ends by itself? */
bool pc_blocker_is_dead(const struct pc_socket *s);

#endif
