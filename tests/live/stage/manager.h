/* SPDX-License-Identifier: GPL-2.0-only */
/* A service manager of the scenario's own: a systemctl that knows one unit. */
#ifndef LIVE_STAGE_MANAGER_H
#define LIVE_STAGE_MANAGER_H

#include "run/test.h"

/* Puts it before the real one, for all that the scenario starts. `main_pid` is the main process of every unit,
 * and stopping a unit kills it. A second call changes the pid. */
void manager_make(struct test *t, pid_t main_pid);

/* Returns what it was asked so far, a line each. */
void manager_asked(struct test *t, char *out, size_t size);

#endif
