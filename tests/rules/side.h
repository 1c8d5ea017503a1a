/* SPDX-License-Identifier: GPL-2.0-only */
/* One side of a question to the kernel, in the words of the rules: what kind of socket, on
 * which address, with which options; and the same in the terms of the records. */
#ifndef PORTCLASH_RULES_SIDE_H
#define PORTCLASH_RULES_SIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/base/request.h"

/* How a socket came to hold its port. */
enum kind {
	KIND_CLIENT,	  /* the kernel chose the port at connect() */
	KIND_CLIENT_ZERO, /* connected after a bind() to port 0 */
	KIND_CLIENT_BOUND,
	KIND_BOUND,
	KIND_LISTENING,
	KIND_ACCEPTED, /* its listener is gone */
	KIND_TIME_WAIT_CLIENT,
	KIND_TIME_WAIT_SERVER,
	KIND_UDP_BOUND,
	KIND_UDP_CONNECTED, /* connect() chose the port */
	KIND_UDP_SENT,	    /* sendto() chose the port */
	KIND_COUNT,
};

enum family { FAMILY_V4, FAMILY_V6ONLY, FAMILY_DUAL, FAMILY_MAPPED, FAMILY_COUNT };

enum address {
	ADDRESS_ANY,
	ADDRESS_FIRST,
	ADDRESS_OTHER,
	ADDRESS_QUIRK, /* what the kernel notes as the IPv4 side of a specific IPv6 one */
	ADDRESS_COUNT,
	ADDRESS_ASIDE = ADDRESS_COUNT, /* that no combination has */
	ADDRESS_END,
};

#define SECOND_DEVICE "second"
enum device { DEVICE_NONE, DEVICE_LO, DEVICE_SECOND, DEVICE_COUNT };

#define OTHER_UID 1000

struct side {
	enum kind kind;
	enum family family;
	enum address address; /* as asked for; ADDRESS_FIRST is connected to from "any" */
	enum device device;
	uint32_t uid;
	bool reuse;
	bool reuseport;
	bool reuseport_cb; /* has a program that chooses among its group */
};

uint8_t side_proto(enum kind kind);
const char *kind_name(enum kind kind);

/* Is there such an address of that family? */
bool side_has_address(enum family family, enum address address);

/* Can a socket of that kind be asked to be there? One whose address is the kernel's choice
 * has no "any"; one that was never bound nor connected has nothing else. */
bool side_can_be(enum kind kind, enum family family, enum address address);

/* For bind() or connect(), by its length. */
socklen_t side_sockaddr(enum family family, enum address address, uint16_t port,
			struct sockaddr_storage *out);

/* The family in which the other end is reached: FAMILY_V4 for a mapped side. */
enum address side_effective(const struct side *s);

/* The socket as the kernel's table must have it; without cookie, inode and remote port. */
void side_socket(const struct side *s, uint16_t port, struct pc_socket *out);

/* The refusal of this side, as it must be recorded, without holders. */
void side_refusal(const struct side *s, enum pc_op op, uint16_t port, struct pc_request *out);

#define SIDE_TEXT 160
const char *side_text(const struct side *s, char *out);

#endif
