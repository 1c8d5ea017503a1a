/* SPDX-License-Identifier: GPL-2.0-only */
/* Thousands of sockets of an unprivileged user on one port. */
#ifndef LIVE_STAGE_CROWD_H
#define LIVE_STAGE_CROWD_H

#include "stage/puppet.h"

/* Binds so many sockets to one address and port. The options must allow that. */
void crowd_stage(struct test *t, unsigned count, unsigned options, const char *address,
		 uint16_t port);

#endif
