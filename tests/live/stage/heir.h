/* SPDX-License-Identifier: GPL-2.0-only */
/* A process that inherits all that another has open, and outlives it. */
#ifndef LIVE_STAGE_HEIR_H
#define LIVE_STAGE_HEIR_H

#include "stage/puppet.h"

/* Forks in the puppet. The child takes no calls: the result is good for the truth about it. */
struct puppet heir_fork(struct puppet *parent, bool own_session);

/* The same for an heir in a session of its own, which forks a second one. */
void heir_fork_two(struct puppet *parent, struct puppet *heir, struct puppet *second);

#endif
