/* SPDX-License-Identifier: GPL-2.0-only */
/* Many small collisions of mixed kinds: a socket that gets a port in one of several ways, and a
 * bind() that is refused because of it. For functions that run in puppets. */
#ifndef LIVE_STAGE_CLASH_H
#define LIVE_STAGE_CLASH_H

#include "stage/stage.h"

/* Ports by number are outside the ephemeral range: this and those above. */
#define CLASH_BY_NUMBER 10000

enum clash_kind {
	CLASH_CLIENT,
	CLASH_EXPLICIT,
	CLASH_IDLE_ZERO,
	CLASH_IDLE,
	CLASH_LISTENER,
	CLASH_UDP_SEND,
	CLASH_UDP_SERVER,
	CLASH_UDP_ZERO,
	CLASH_KINDS,
};

/* The cause and the how of each kind, as the verdict must have them. */
extern const struct clash_truth {
	const char *cause;
	const char *how;
} clash_truths[CLASH_KINDS];

struct clash {
	uint16_t port; /* 0: no port was obtained */
	uint8_t kind;
	uint8_t error; /* of the refused bind() */
	int fd;
	pid_t holder;
	int64_t before; /* obtaining the port */
	int64_t after;
	struct clash_call {
		int64_t before;
		int64_t after;
	} refused; /* the bind() that was refused */
};

bool clash_is_udp(uint8_t kind);

/* Opens a socket, and gets its port: the number decides how. Clients connect to SERVER_PORT. */
void clash_open(struct clash *c, unsigned number);
void clash_claim(struct clash *c, unsigned number);

/* Makes the bind() that is refused. */
void clash_collide(struct clash *c);

/* Checks missing verdicts. A kernel that preempts a program leaves out the same program for others
 * on that processor, and counts that: only then may refusals be missing, or verdicts say that
 * something is. Ends the monitor if any are. */
void clash_check_missing(struct test *t, unsigned missing);

#endif
