/* SPDX-License-Identifier: GPL-2.0-only */
/* The classic theft: a client whose connection was given the port that a server wants. Other
 * scenarios use the same three parts. */
#ifndef LIVE_STAGE_THEFT_H
#define LIVE_STAGE_THEFT_H

#include "stage/stage.h"

struct theft {
	struct puppet *backend; /* the client's server */
	struct puppet *client;	/* in the way … */
	struct puppet *web;	/* … of this one */
	struct prop listener;
	struct prop out;
	struct prop in;
	struct attempt attempt;
};

/* Call these in this order. The options are those of the backend's and of the client's socket, on
 * the loopback address: that of IPv6 with OPT_V6. */
struct theft theft_cast(struct test *t);
void theft_listen(struct theft *o, unsigned options);
void theft_connect(struct theft *o, unsigned options);

/* Has the web server, without options, want the client's port at any address. */
void theft_refuse(struct theft *o);

/* Stages all up to the connection; the latter with a portclash that watches from the first bind()
 * on. */
struct theft theft_connected(struct test *t);
struct theft theft_watched(struct test *t, unsigned backend, unsigned client);

#endif
