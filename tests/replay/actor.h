/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes with a name that open sockets when told to: the thief, the server and the others
 * of a staged collision. */
#ifndef PORTCLASH_TESTS_ACTOR_H
#define PORTCLASH_TESTS_ACTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "portclash/record.h"

struct actor {
	char name[PC_COMM_LEN];
	pid_t pid;
	int control;
};

enum act {
	ACT_SOCKET = 1, /* opens one; the others take its descriptor */
	ACT_BIND,
	ACT_LISTEN,
	ACT_CONNECT,
	ACT_SEND, /* one byte, to the address */
	ACT_ACCEPT,
	ACT_CLOSE,
	ACT_BECOME, /* uid `port`: without privileges */
};

struct order {
	enum act act;
	int fd;
	uint8_t proto;
	const char *address; /* "0.0.0.0", "::1" */
	uint16_t port;
	bool reuse;
	char text[48]; /* actor.c's copy of `address` */
};

struct reply {
	int error; /* errno */
	int fd;
	uint16_t port; /* the socket's local one now */
};

/* False, with a message, when it could not be started. */
bool actor_start(struct actor *a, const char *name);
void actor_stop(struct actor *a);

/* Has it done and waits for the end of it. */
struct reply actor_do(struct actor *a, struct order order);

#endif
