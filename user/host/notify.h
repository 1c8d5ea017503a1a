/* SPDX-License-Identifier: GPL-2.0-only */
/* Telling the service manager what goes on: the protocol of sd_notify(3), spoken natively, because
 * Debian's libsystemd cannot be linked statically. Without NOTIFY_SOCKET all of it does nothing. */
#ifndef PORTCLASH_NOTIFY_H
#define PORTCLASH_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct pc_notify {
	int fd; /* -1: nobody wants to know */
	struct sockaddr_un to;
	socklen_t to_len;
	bool settled;	      /* `fd` is connected; see pc_notify_settle() */
	uint64_t watchdog_ns; /* from sign of life to sign of life; 0: none is wanted */
	uint64_t next_ns;     /* when the next one is due */
};

#define PC_NOTIFY_INIT   \
	{                \
		.fd = -1 \
	}

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and removes them from the environment: they
 * are meant for this process only. 0, also without a manager; -EINVAL for an address that is none. */
int pc_notify_open(struct pc_notify *n);
void pc_notify_close(struct pc_notify *n);

/* Gives a socket that is connected to the manager, or a negative errno. */
int pc_notify_connect(const struct pc_notify *n);

/* From now on messages go without an address, which a confined process may not give, over `fd`; -1: over
 * the socket before. The descriptor belongs to `n` then. */
void pc_notify_settle(struct pc_notify *n, int fd);

/* Each returns 0 or the negative errno of the message, -EAGAIN when the manager does not read. */
int pc_notify_ready(const struct pc_notify *n, const char *status);
int pc_notify_status(const struct pc_notify *n, const char *status);
int pc_notify_reloading(const struct pc_notify *n); /* until pc_notify_ready() */
int pc_notify_stopping(const struct pc_notify *n);

/* The caller has done a whole round of its work, at `now_ns` of any clock that does not jump: a
 * sign of life, if one is due. Not for a timer: what hangs must fall silent. 1: sent, 0: not due. */
int pc_notify_alive(struct pc_notify *n, uint64_t now_ns);

#endif
