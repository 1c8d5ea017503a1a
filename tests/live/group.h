/* SPDX-License-Identifier: GPL-2.0-only */
/* Control groups for puppets to be moved into, below a folder of the tests' own. */
#ifndef LIVE_GROUP_H
#define LIVE_GROUP_H

#include "puppet.h"

#define GROUP_ROOT "portclash-live.slice"

/* Makes the group ("/" GROUP_ROOT "/orders.service") where it is missing, and moves the puppet
 * there; skips the scenario where that cannot be done. */
void group_move(struct test *t, const char *path, struct puppet *p);

/* Removes what is empty of it, once its puppets have exited. */
void group_remove(const char *path);

#endif
