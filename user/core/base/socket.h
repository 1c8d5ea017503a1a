/* SPDX-License-Identifier: GPL-2.0-only */
/* A socket as verdicts, audits and lookups speak of it. */
#ifndef PORTCLASH_SOCKET_H
#define PORTCLASH_SOCKET_H

#include <stdint.h>

#include "portclash/values.h"

/* Addresses have 4 bytes for IPv4 and 16 for IPv6. `v4_address` is sk_rcv_saddr, which the kernel
 * compares even for IPv6 sockets. */
struct pc_socket {
	uint64_t cookie; /* 0: the socket has none */
	uint64_t inode;	 /* 0: no file refers to the socket */
	uint8_t local[PC_ADDR_LEN];
	uint8_t remote[PC_ADDR_LEN];
	uint32_t v4_address; /* network order */
	uint32_t uid;
	uint32_t ifindex; /* SO_BINDTODEVICE; 0: none */
	uint32_t netns;	  /* inode number */
	uint16_t lport;	  /* 0: the socket holds no port */
	uint16_t rport;
	uint16_t family; /* PC_FAMILY_* */
	uint16_t flags;	 /* PC_SOCKET_* */
	uint8_t proto;
	uint8_t state;	   /* enum pc_state */
	uint8_t substate;  /* of a TIME_WAIT: FIN_WAIT2 or TIME_WAIT */
	uint8_t userlocks; /* PC_LOCK_* */
	uint8_t reuse;	   /* SO_REUSEADDR, as sk_reuse: 0, 1, or 2 for forced */
	int8_t fastreuse;  /* of the bind bucket: -1 when connect() made the bucket */
	int8_t fastreuseport;
	uint8_t seconds_left; /* of a TIME_WAIT, rounded up; 0: not known */
};

/* The ends of a claimed socket. */
struct pc_endpoints {
	uint64_t cookie;
	uint8_t local[PC_ADDR_LEN];
	uint8_t remote[PC_ADDR_LEN];
	uint16_t lport; /* 0: no port was free */
	uint16_t rport;
	uint8_t family;
	uint8_t state;
};

#endif
