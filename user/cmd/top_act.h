/* SPDX-License-Identifier: GPL-2.0-only */
/* `portclash free` and `portclash reserve` as top runs them: the commands themselves, in a process of their own. */
#ifndef PORTCLASH_CMD_TOP_ACT_H
#define PORTCLASH_CMD_TOP_ACT_H

#include <signal.h>
#include <sys/types.h>

#include "top/view.h"

struct pc_acting {
	pid_t pid;	      /* 0: none runs */
	pid_t left;	      /* was told to end, and has not yet; 0: none */
	int answers;	      /* its standard input; -1: none */
	int output;	      /* its standard output and error; -1: none */
	bool rehearsal;	      /* it shows what it would do, and does nothing */
	const sigset_t *mask; /* signals that it blocks */
};

#define PC_ACTING_INIT ((struct pc_acting){ .answers = -1, .output = -1 })

/* Starts what view->act wants. 0; -EBUSY: the one before has not ended yet; or another negative errno. */
int pc_acting_start(struct pc_acting *a, struct pc_top_view *view);

/* The port was typed. 0 or a negative errno. */
int pc_acting_confirm(struct pc_acting *a, struct pc_top_view *view);

/* Tells it to end: it must not act. */
void pc_acting_cancel(struct pc_acting *a);

/* Takes what it printed, its question and its end, once `output` is readable or it may have ended. True: something
 * has changed. */
bool pc_acting_take(struct pc_acting *a, struct pc_top_view *view);

#endif
