/* SPDX-License-Identifier: GPL-2.0-only */
/* A process that inherits all that another has open, and outlives it. */
#ifndef LIVE_HEIR_H
#define LIVE_HEIR_H

#include "puppet.h"

/* Forks in the puppet. The child takes no calls: the result is good for the truth about it. */
struct puppet heir_fork(struct puppet *parent, bool own_session);

#endif
