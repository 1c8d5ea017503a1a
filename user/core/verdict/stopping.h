/* SPDX-License-Identifier: GPL-2.0-only */
/* How a process that holds a port can be made to give way, without harm to anything that the advice does
 * not name. Pure. */
#ifndef PORTCLASH_STOPPING_H
#define PORTCLASH_STOPPING_H

#include "core/base/model.h"
#include "core/process/helper.h"

/* Ways to stop a holder, in the order in which the advice lists them. */
enum pc_means {
	PC_MEANS_INVALID = 0,
	PC_MEANS_SOCKET_UNIT,	/* it is pid 1: stop the socket unit */
	PC_MEANS_USER_SOCKET,	/* it is a user's manager: the same there */
	PC_MEANS_INNER_SOCKET,	/* it is the systemd of a container */
	PC_MEANS_UNIT,		/* stop `unit`, the system's */
	PC_MEANS_USER_UNIT,	/* stop `unit` of the user `manager_user` */
	PC_MEANS_FOR_CONTAINER, /* it is a helper: stop the container it works for */
	PC_MEANS_CONTAINER,	/* stop the container it runs in */
	PC_MEANS_POD,		/* it runs in a pod: its kubelet decides */
	PC_MEANS_PROCESS,	/* end the process itself */
	PC_MEANS_UNSEEN, /* what ends with it is not known: look first; `spared` is its unit, if any */
	PC_MEANS_NEVER, /* `why` not */
	PC_MEANS_COUNT,
};

struct pc_stopping {
	enum pc_means means;
	const char *unit; /* UNIT and USER_UNIT: of the identity; hostile */
	/* PROCESS: a unit in whose cgroup it is, and which must not end for it; NULL: none */
	const char *spared;
	enum pc_deaf deaf; /* PROCESS: SIGTERM alone does not end it */
	const char *why;   /* NEVER: part of a sentence about the process; static */
	struct pc_helper helper;
};

/* `p->who` is known; `refused` is the refused process, NULL: not known. A unit is stopped only for its main
 * process or a child of that, and never together with the refused process. */
void pc_stopping_of(const struct pc_party *p, const struct pc_identity *refused,
		    struct pc_stopping *out);

#endif
