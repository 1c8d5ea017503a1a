/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules of the machine that refuse a bind(), whatever capabilities a process has. */
#ifndef LIVE_STAGE_RULE_H
#define LIVE_STAGE_RULE_H

#include <stdint.h>

/* The result of a function for puppet_call(). */
struct io_rule {
	int error; /* errno, 0 for success */
};

/* Landlock: the process may bind no TCP port any more. EOPNOTSUPP: not in this kernel. */
void act_forbid_tcp(void *io);

/* The process moves into a user namespace of its own, where it has all capabilities. Its network
 * namespace stays where it is. */
void act_leave_user(void *io);

/* Attaches a BPF program to this folder of cgroup v2 that refuses bind() of IPv4 to this port (0: to all), as
 * systemd's SocketBindDeny= does. It is gone with the folder. 0 or a negative errno. */
int rule_deny_cgroup(const char *folder, uint16_t port);

#endif
