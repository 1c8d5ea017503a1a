/* SPDX-License-Identifier: GPL-2.0-only */
/* A request: a process asks the kernel for a port. And the port settings of its network
 * namespace. */
#ifndef PORTCLASH_REQUEST_H
#define PORTCLASH_REQUEST_H

#include <stdbool.h>

#include "core/base/foreign.h"
#include "core/base/socket.h"

/* A request is a bind(), listen(), connect() or send: a call that the kernel refused, or one that a
 * process might make. `wanted` is the local end of bind() and listen(), the remote end of connect()
 * and send. */
struct pc_request {
	enum pc_op op;
	int error; /* errno of the kernel's answer, positive; 0: it was not seen */
	bool late; /* no program saw the answer: `error` is a guess */
	uint8_t proto;
	uint16_t wanted_family;
	uint16_t wanted_port; /* 0: the kernel was to choose, or the remote port is not known */
	uint8_t wanted[PC_ADDR_LEN];
	uint16_t own_low; /* IP_LOCAL_PORT_RANGE of the socket; 0: none */
	uint16_t own_high;
	bool no_source; /* connect() found no source address, and so looked for no port */
	bool capable;	/* EACCES: the process had CAP_NET_BIND_SERVICE where it counts */
	bool in_netns; /* the process' first thread was in the socket's network namespace; false: not known */
	bool userns;	/* EACCES: process or network namespace are of an inner user namespace */
	uint32_t uid;	/* effective, of the process that asks */
	uint32_t netns; /* inode number */
	uint64_t netns_key;	 /* cookie of the namespace, never used again; 0: not known */
	struct pc_socket socket; /* the options that the socket had */
	struct pc_foreign
		foreign; /* in place of address and port; family 0: the request is for a port */
};

/* The port settings of a request's network namespace, as they were when the kernel answered. */
struct pc_port_settings {
	bool known;   /* false: nothing below but `reserved` */
	uint16_t low; /* net.ipv4.ip_local_port_range, both ends belong to the range */
	uint16_t high;
	uint16_t unprivileged_start; /* net.ipv4.ip_unprivileged_port_start */
	bool wanted_reserved;	     /* net.ipv4.ip_local_reserved_ports has the wanted port */
	const uint64_t *reserved;    /* PC_PORT_WORDS words, or NULL: not known */
};

/* All port settings of a network namespace, as a look at the namespace finds them. */
struct pc_netns_settings {
	bool known; /* false: nothing below */
	uint16_t low;
	uint16_t high;
	uint64_t reserved[PC_PORT_WORDS];
	uint16_t unprivileged_start;
	uint32_t somaxconn;	   /* net.core.somaxconn */
	int tcp_tw_reuse;	   /* -1: not known */
	int autobind_reuse;	   /* net.ipv4.ip_autobind_reuse; -1: not known */
	uint64_t listen_overflows; /* TcpExt ListenOverflows, since the namespace was made */
};

#endif
