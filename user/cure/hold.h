/* SPDX-License-Identifier: GPL-2.0-only */
/* A port that stays reserved for a moment: until the server that is to have it has it. */
#ifndef PORTCLASH_CURE_HOLD_H
#define PORTCLASH_CURE_HOLD_H

#include "cure/keep.h"

struct pc_hold {
	const char *proc;
	const char *folder; /* of the record */
	uint8_t proto;
	uint16_t port;
	uint64_t wait_ns; /* the longest that it may take */
};

/* Gives up what PC_KEEPER_FREE keeps of the port, in the calling thread's network namespace. 0 or a
 * negative errno, and the sentence. */
int pc_hold_end(const struct pc_hold *h, char *sentence);

/* Starts a process that does so as soon as a server has the port, when `wait_ns` is over, or when it gets
 * SIGTERM, SIGINT or SIGHUP. It is nobody's child: whoever calls may become another program. Killed
 * by SIGKILL it leaves the port reserved and on record. 0 or a negative errno. */
int pc_hold_start(const struct pc_hold *h);

#endif
