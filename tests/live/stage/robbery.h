/* SPDX-License-Identifier: GPL-2.0-only */
/* A theft for `portclash free`: a client has the port of a server, and other sockets besides, which nobody
 * may touch. */
#ifndef LIVE_STAGE_ROBBERY_H
#define LIVE_STAGE_ROBBERY_H

#include "stage/stage.h"

struct robbery {
	struct test *t;
	struct puppet *backend; /* the client's server */
	struct puppet *client;	/* in the way … */
	struct puppet *web;	/* … of this one */
	unsigned options;	/* of the client's and the backend's socket */
	const char *address;	/* the backend's */
	const char *any;	/* what `web` binds: all addresses */
	struct prop listener;
	struct prop out; /* has the port */
	struct prop in;	 /* its other end */
	/* More sockets of the client: a connection, its other end, a listener, and a UDP socket. */
	struct prop by_out;
	struct prop by_in;
	struct prop by_listener;
	struct prop by_udp;
	uint16_t port;
	char text[16];	   /* the port, for a command line */
	const char *netns; /* for --netns; NULL: the scenario's own */
	char number[24];
};

/* Starts the three, with the bystanders. The options are those of the sockets (OPT_V6, OPT_UDP). */
struct robbery robbery_cast(struct test *t, unsigned options, const char *address);

/* The client connects, and has the port that the kernel chose. */
void robbery_connect(struct robbery *r);

/* Both. */
struct robbery robbery_stage(struct test *t, unsigned options, const char *address);

/* Both in a container: a network namespace and a control group of its own, `group`, in which the client is. */
struct robbery robbery_in_container(struct test *t, const char *group);

/* The port is that of this prop. */
void robbery_of(struct robbery *r, const struct prop *p);

/* Waits until the client's end has this state (judge/proc_net.h). */
void robbery_await(struct robbery *r, int state);

/* Checks that each socket of the client but the one with the port still works: bytes go both ways, the
 * listener accepts. */
void robbery_expect_bystanders(struct robbery *r);

/* The server takes the port, at the first try. */
struct prop robbery_serve(struct robbery *r);

/* Sends a word from one to the other and checks that it arrives. */
void robbery_expect_word(struct test *t, struct prop *from, struct prop *to, const char *what);

#endif
