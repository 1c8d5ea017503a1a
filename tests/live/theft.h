/* SPDX-License-Identifier: GPL-2.0-only */
/* The classic theft: a client whose connection was given the port that a server wants. */
#ifndef LIVE_THEFT_H
#define LIVE_THEFT_H

#include "stage.h"

struct theft {
	struct puppet *server; /* of the client */
	struct puppet *client; /* in the way … */
	struct puppet *web;    /* … of this one */
	struct prop listener;
	struct prop out;
	struct attempt attempt;
};

/* In this order. */
void theft_cast(struct test *t, struct theft *o);
void theft_connect(struct theft *o);
void theft_refuse(struct theft *o);

#endif
