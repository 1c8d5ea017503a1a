/* SPDX-License-Identifier: GPL-2.0-only */
/* The props of a scenario: sockets that puppets open, with the truth about each, and the
 * refusals that are staged with them. */
#ifndef LIVE_STAGE_STAGE_H
#define LIVE_STAGE_STAGE_H

#include "stage/acts.h"
#include "stage/puppet.h"

/* A port outside the ephemeral range, for servers that are not the victim. */
#define SERVER_PORT 7001

/* A socket that has a port: what `look` says is the kernel's word. */
struct prop {
	struct puppet *by;
	int fd;
	struct io_look look;
	int64_t before; /* the call that got the port */
	int64_t after;
};

/* A call that was refused. */
struct attempt {
	struct puppet *by;
	const char *op;
	struct person who;     /* of the thread that called */
	struct io_look socket; /* the options and the uid */
	struct end wanted;
	int error;
	int64_t before;
	int64_t after;
};

/* Each of these functions ends the scenario as failed when the call does not do its work. */
struct prop stage_socket(struct puppet *by, unsigned options);
void stage_bind(struct prop *p, const char *address, uint16_t port);
void stage_connect(struct prop *p, const char *address, uint16_t port);
void stage_try_connect(struct prop *p, const char *address, uint16_t port);
void stage_send(struct prop *p, const char *address, uint16_t port);
void stage_fast_open(struct prop *p, const char *address, uint16_t port);
void stage_listen(struct prop *p, int backlog);

/* Sets an option of the socket: 0, or ENOPROTOOPT where the kernel does not know the option. */
int stage_set_option(struct prop *p, int level, int option, unsigned value);

/* Make the same calls by other means: `fn` takes a struct io_name, or a struct io_listen. */
void stage_call(struct prop *p, puppet_fn fn, const char *what, const char *address, uint16_t port);
void stage_listen_by(struct prop *p, puppet_fn fn, int backlog);

/* Makes a connect() that must fail with `error`; and makes the socket as new again. Neither is the
 * claim of what comes after. */
void stage_failed_connect(struct prop *p, const char *address, uint16_t port, int error);
void stage_disconnect(struct prop *p);

struct prop stage_bound(struct puppet *by, unsigned options, const char *address, uint16_t port);
struct prop stage_listener(struct puppet *by, unsigned options, const char *address, uint16_t port);
struct prop stage_client(struct puppet *by, unsigned options, const char *address, uint16_t port);
struct prop stage_accepted(struct prop *listener, struct puppet *by);

/* Brings `look` up to date. */
void stage_look(struct prop *p);
void stage_close(struct prop *p);

/* Sends until the other side's window is full; the second calls shutdown() for writing. */
void stage_fill(struct prop *p);
void stage_shut(struct prop *p);

/* Passes the socket to another process, which then has it open too. */
struct prop stage_pass(struct prop *p, struct puppet *to);

/* Binds a new socket to this address and port, which must be refused with `error`. */
struct attempt stage_refused(struct puppet *by, unsigned options, const char *address,
			     uint16_t port, int error);
struct attempt stage_refused_listen(struct prop *p, int error);

/* Make the same calls by other means, for a socket that exists and stays. */
struct attempt stage_refused_bind(struct prop *p, puppet_fn fn, const char *address, uint16_t port,
				  int error);
struct attempt stage_refused_connect(struct prop *p, puppet_fn fn, const char *op,
				     const char *address, uint16_t port, int error);
struct attempt stage_refused_listen_by(struct prop *p, puppet_fn fn, int error);

#endif
