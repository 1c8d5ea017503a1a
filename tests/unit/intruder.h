/* SPDX-License-Identifier: GPL-2.0-only */
/* An intruder in the agent or in its writer: a child that has given up what these give up, and its prey. */
#ifndef UNIT_INTRUDER_H
#define UNIT_INTRUDER_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

/* Things that the intruder is after; all of them are root's. */
struct prey {
	pid_t pid;
	volatile int word; /* of the parent's memory */
	char folder[64];   /* with `file` and `socket` in it, mode 0700 */
	char file[80];
	char outside[128];	   /* the same file by the root directory of the parent */
	struct sockaddr_un server; /* `socket`, where a server of root's receives datagrams */
	int server_fd;
	int datagrams; /* a socket of the agent's that was there before, like the manager's */
	int to_writer; /* the only socket over which the agent may send descriptors */
};

/* The agent with its default configuration, and with `enter_netns`. */
enum { WATCHING, ENTERING, CONFINEMENTS };

typedef void (*try_fn)(struct prey *p);

/* Runs one try in a confined child. 0; 1 when intruder_succeeded() was called; minus the signal that ended it. */
int intrude(struct prey *p, int which, bool writer, try_fn fn);

/* A call in the child had success, or failed for another reason than the confinement. */
void intruder_succeeded(void);

/* Fails the test when something happened to the prey. */
void prey_was_spared(const struct prey *p);

/* For cmocka: `*state` is the prey. */
int prey_setup(void **state);
int prey_teardown(void **state);

#endif
