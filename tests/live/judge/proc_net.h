/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own table of TCP connections (/proc/net/tcp and tcp6) in the caller's network
 * namespace: the truth about sockets that no process has open. */
#ifndef LIVE_JUDGE_PROC_NET_H
#define LIVE_JUDGE_PROC_NET_H

#include "run/test.h"

enum {
	PROC_NET_ESTABLISHED = 1,
	PROC_NET_SYN_SENT,
	PROC_NET_FIN_WAIT1 = 4,
	PROC_NET_FIN_WAIT2,
	PROC_NET_TIME_WAIT,
	PROC_NET_CLOSE_WAIT = 8,
	PROC_NET_LAST_ACK
};

/* Returns the state of the connection between these two ports; 0 when there is none. */
int proc_net_state(unsigned local, unsigned remote);

/* Waits until the connection has this state; aborts the scenario if it never has. */
void proc_net_await(struct test *t, unsigned local, unsigned remote, int state);

/* Counts the sockets with this local port in this state, over IPv4; the other waits for a count. */
unsigned proc_net_count(unsigned local, int state);
void proc_net_await_count(struct test *t, unsigned local, int state, unsigned count);

/* Finds inode and user of the socket with these ports in /proc/net/NAME (tcp, udp6 …); aborts the
 * scenario if there is none. */
void proc_net_socket(struct test *t, const char *name, unsigned local, unsigned remote,
		     uint64_t *inode, uint32_t *uid);

#endif
