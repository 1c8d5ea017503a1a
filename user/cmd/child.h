/* SPDX-License-Identifier: GPL-2.0-only */
/* Running the command of `trace -- COMMAND`. */
#ifndef PORTCLASH_CHILD_H
#define PORTCLASH_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* Makes this process the one its descendants come back to when their parents exit, so that
 * they can be told from others. 0 or a negative errno. */
int pc_child_prepare(void);

/* Starts argv with the signal mask `mask`. Returns its pid, or the negative errno with which
 * it could not be executed. */
pid_t pc_child_start(char *const *argv, const sigset_t *mask);

/* Reaps all children that have ended; true, with its status, once `pid` is among them. */
bool pc_child_reap(pid_t pid, int *status);

#endif
