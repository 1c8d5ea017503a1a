/* SPDX-License-Identifier: GPL-2.0-only */
/* The process that looks at the machine for top. A look enters network namespaces and can take long, while the
 * rings of the kernel side are to be read at once: so it has a process of its own. */
#ifndef PORTCLASH_CMD_TOP_LOOK_H
#define PORTCLASH_CMD_TOP_LOOK_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "top/look.h"

struct pc_looker {
	pid_t pid;
	int ask;    /* a byte asks for a look */
	int answer; /* a byte says that it is in `shared` */
	struct pc_top_look *shared;
	bool busy;
	uint64_t next_ns; /* boot clock: when to look again */
	uint64_t every_ns;
};

/* A look takes this part of a processor at most: where it takes more, the interval grows. */
#define PC_LOOK_PART 20

/* Starts the process: before anything is loaded, so that it has little of this one. 0 or a negative errno. */
int pc_looker_start(struct pc_looker *l, uint64_t every_ns);

/* Asks for a look when it is time; `at_once`: now. */
void pc_looker_ask(struct pc_looker *l, uint64_t now_ns, bool at_once);

/* Takes the look when `answer` is readable. True: *out is a new one. A process that has ended leaves its error
 * in *out, once. */
bool pc_looker_take(struct pc_looker *l, uint64_t now_ns, struct pc_top_look *out);

void pc_looker_stop(struct pc_looker *l);

#endif
