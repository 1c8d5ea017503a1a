/* SPDX-License-Identifier: GPL-2.0-only */
/* Real sockets in a network namespace of their own, made as a side says. */
#ifndef PORTCLASH_RULES_SOCKET_H
#define PORTCLASH_RULES_SOCKET_H

#include "side.h"

/* Clients connect to this port, on every address. */
#define PEER_PORT 9000

/* A network namespace for this process, with lo up and a peer that listens. */
struct space {
	uint32_t netns;	    /* its inode number */
	uint16_t next_port; /* the last that was asked for by number */
	int listener;
};

/* Leaves the old one, if any. 0 or a negative errno. */
int space_enter(struct space *s);
void space_leave(struct space *s);

/* Makes a second device that sockets can be bound to. 0 or a negative errno. */
int space_second_device(void);

/* A port that nothing in this namespace has had yet. */
uint16_t space_port(struct space *s);

/* A socket with all options set. */
int socket_open(const struct side *s);

/* bind() to the side's address. 0 or the errno. */
int socket_bind(int fd, const struct side *s, uint16_t port);

/* A socket that holds its port as its kind says. */
struct holder {
	struct side side;
	struct pc_socket socket; /* as the kernel must have it */
	int fd;			 /* -1: closed, as a TIME_WAIT is */
	int other;		 /* the other end of its connection; -1: none */
	bool listens;		 /* by now */
};

/* Makes it, with `other` and `fd` -1 when there is none. 0 or a negative errno. */
int holder_stage(struct holder *h, const struct side *s, struct space *space);

/* Closes it so that nothing is left on the port, but for a TIME_WAIT. */
void holder_close(struct holder *h);

/* Closes without a TIME_WAIT. */
void socket_close(int fd);

#endif
