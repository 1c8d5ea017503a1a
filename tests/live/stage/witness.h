/* SPDX-License-Identifier: GPL-2.0-only */
/* A witness tells whose look at the descriptors of a process in /proc it was: a /proc of the scenario's own has other
 * inodes than that of the machine, and a link that was read has a new time of access. Since Linux 6.7 such a look holds a file
 * for an instant, and a close() in that instant frees no port. */
#ifndef LIVE_STAGE_WITNESS_H
#define LIVE_STAGE_WITNESS_H

#include <stdbool.h>
#include <time.h>

#include "stage/puppet.h"

struct witness {
	int fds[2]; /* the first descriptor of the process: in the scenario's /proc, and in the machine's */
	struct timespec before[2];
};

/* Gives the scenario a /proc of its own, as well as all puppets and each portclash that it starts after this.
 * Returns a descriptor of the machine's. */
int witness_own_proc(struct test *t);

void witness_begin(struct witness *w, const struct puppet *of, int machine);

/* Has anything of the scenario, or anybody else on the machine, read the link? */
bool witness_end(struct witness *w, bool *others);

#endif
