/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own table of TCP connections (/proc/net/tcp and tcp6) in the caller's network
 * namespace: the truth about sockets that no process has open. */
#ifndef LIVE_TABLE_H
#define LIVE_TABLE_H

#include "test.h"

enum {
	TABLE_ESTABLISHED = 1,
	TABLE_SYN_SENT,
	TABLE_FIN_WAIT1 = 4,
	TABLE_FIN_WAIT2,
	TABLE_TIME_WAIT,
	TABLE_CLOSE_WAIT = 8,
	TABLE_LAST_ACK
};

/* State of the connection between these two ports; 0 when there is none. */
int table_state(unsigned local, unsigned remote);

/* Waits until it has this state; the scenario is over if it never has. */
void table_await(struct test *t, unsigned local, unsigned remote, int state);

/* Sockets with this local port in this state, over IPv4; and waiting until they are so many. */
unsigned table_count(unsigned local, int state);
void table_await_count(struct test *t, unsigned local, int state, unsigned count);

/* Inode and user of the socket with these ports in /proc/net/NAME (tcp, udp6 …); the scenario is
 * over if there is none. */
void table_socket(struct test *t, const char *name, unsigned local, unsigned remote,
		  uint64_t *inode, uint32_t *uid);

#endif
