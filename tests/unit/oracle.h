/* SPDX-License-Identifier: GPL-2.0-only */
/* A second opinion on "may this socket have that port?", written from the rules as they are
 * documented (address matrix, options) and not from core/rule/conflict.c, which it checks. */
#ifndef PORTCLASH_TESTS_ORACLE_H
#define PORTCLASH_TESTS_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rule/conflict.h"

/* The addresses of the matrix; the order is that of its columns, then the rows it adds. */
enum address_kind {
	V4_ANY,
	V4_LOOPBACK,
	V4_QUIRK, /* 127.0.0.6: what the kernel notes as the IPv4 side of a specific IPv6 socket */
	V6_ANY,
	V6_ANY_ONLY, /* with IPV6_V6ONLY */
	V6_LOOPBACK,
	MAPPED_ANY,
	MAPPED_LOOPBACK,
	V6_CLIENT, /* ::1 through connect(): IPV6_V6ONLY is not forced, as bind() would */
	V4_OTHER,  /* 127.0.0.2 */
	V6_OTHER,  /* ::2 */
	MAPPED_OTHER,
	ADDRESS_KINDS,
};

enum socket_kind { SOCKET_BOUND, SOCKET_LISTENING, SOCKET_CONNECTED, SOCKET_TIME_WAIT };

/* One socket, in the words of the rules. */
struct oracle_side {
	enum address_kind address;
	enum socket_kind state;
	uint8_t reuse; /* 0, 1, or 2: forced by TCP_REPAIR */
	bool reuseport;
	bool reuseport_cb;
	uint32_t uid;
	uint32_t device;
};

const char *address_kind_name(enum address_kind kind);

/* Does the outcome depend on the kernel's version (127.0.0.6 against a client on ::1)? */
bool oracle_is_version_dependent(enum address_kind asking, enum address_kind holding);

bool oracle_overlap(enum address_kind asking, enum address_kind holding);
bool oracle_conflict(uint8_t proto, const struct oracle_side *asking,
		     const struct oracle_side *holding);

/* The same socket in the terms of core/rule/conflict.h. */
struct pc_side oracle_side(const struct oracle_side *s);

#endif
