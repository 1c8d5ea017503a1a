/* SPDX-License-Identifier: GPL-2.0-only */
/* Socket calls by io_uring, for puppets: a puppet's ring is made at the first of them. */
#ifndef LIVE_STAGE_ACTS_URING_H
#define LIVE_STAGE_ACTS_URING_H

#include "stage/acts.h"
#include "stage/puppet.h"

/* Operations that <linux/io_uring.h> of an older system does not know. */
enum {
	URING_SENDMSG = 9,  /* 5.3 */
	URING_CONNECT = 16, /* 5.5 */
	URING_SOCKET = 45,  /* 5.19 */
	URING_BIND = 56,    /* 6.11 */
	URING_LISTEN = 57,  /* 6.11 */
};

/* Tells whether this process can use the operation. */
struct io_uring_has {
	int operation;
	int error; /* of io_uring_setup() or IORING_REGISTER_PROBE; EOPNOTSUPP: not in this kernel */
};

void act_uring_has(void *io);

/* Skips the scenario if `p` cannot use the operation. */
void uring_or_skip(struct puppet *p, int operation, const char *name);

/* struct io_name */
void act_uring_connect(void *io);
void act_uring_connect_by_worker(void *io); /* not in the caller's own context */
void act_uring_bind(void *io);
void act_uring_send_to(void *io);
void act_uring_fast_open(void *io);

/* struct io_listen */
void act_uring_listen(void *io);

/* struct io_close: the ring keeps the open file as a fixed file, the descriptor is closed. From
 * then on only act_uring_connect_fixed() reaches it. */
void act_uring_keep(void *io);

/* struct io_socket, TCP on IPv4 without options: a socket that never had a descriptor. */
void act_uring_socket(void *io);

/* struct io_name; `fd` is not used: the one fixed file is meant. */
void act_uring_connect_fixed(void *io);

#endif
