/* SPDX-License-Identifier: GPL-2.0-only */
/* One look at the machine, as top shows it: what is counted in all network namespaces, in tables of a fixed
 * size, because another process fills them in shared memory (user/cmd/top_look.c). Names are escaped already. */
#ifndef PORTCLASH_TOP_LOOK_H
#define PORTCLASH_TOP_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "portclash/values.h"

/* Rows of each table. Strangers make namespaces, destinations and listeners: what does not fit is counted. */
#define PC_TOP_SPACES_MAX 256
#define PC_TOP_DESTINATIONS_MAX 512
#define PC_TOP_LISTENERS_MAX 1024
#define PC_TOP_GUARDED_MAX 1024

/* Bytes of a name with its NUL. */
#define PC_TOP_NAME 96

struct pc_top_space {
	uint32_t inode;
	bool own;
	char name[PC_TOP_NAME];
	char unseen[PC_TOP_NAME]; /* why it was not looked at; "": it was */
	uint16_t low;
	uint16_t high;
	unsigned offered; /* ports the kernel chooses from */
	unsigned reserved;
	unsigned tcp; /* of the offered ones in use */
	unsigned udp;
	unsigned sockets;
	unsigned exposed;
};

struct pc_top_destination {
	uint32_t inode;
	uint8_t family;
	uint8_t address[PC_ADDR_LEN];
	uint16_t port;
	unsigned ports; /* local ports that its clients hold */
	unsigned offered;
};

struct pc_top_listener {
	uint32_t inode;
	uint16_t port;
	uint8_t proto;
	uint8_t family;
	uint8_t address[PC_ADDR_LEN];
	char server[PC_TOP_NAME];
	unsigned taken; /* of the chance, as struct pc_chance has it */
	unsigned of;
};

struct pc_top_guarded {
	uint32_t inode;
	uint16_t port;
	char keeper[16]; /* "guard", "reserve", "free" */
	char server[PC_TOP_NAME];
	bool listens;
	uint64_t since_ns; /* boot clock; 0: not known */
};

struct pc_top_look {
	uint64_t time_ns; /* boot clock; 0: nobody has looked yet */
	uint64_t cpu_ns; /* that the look took */
	int error; /* negative errno: the look failed */
	unsigned spaces_count;
	unsigned destinations_count;
	unsigned listeners_count;
	unsigned guarded_count;
	unsigned spaces_more; /* there are more of them, as of the next three */
	unsigned destinations_more;
	unsigned listeners_more;
	unsigned guarded_more;
	struct pc_top_space spaces[PC_TOP_SPACES_MAX];
	struct pc_top_destination destinations[PC_TOP_DESTINATIONS_MAX];
	struct pc_top_listener listeners[PC_TOP_LISTENERS_MAX];
	struct pc_top_guarded guarded[PC_TOP_GUARDED_MAX];
};

/* NULL: the look has no such namespace. */
const struct pc_top_space *pc_top_space_find(const struct pc_top_look *look, uint32_t inode);

/* NULL: not looked at. */
const struct pc_top_space *pc_top_space_own(const struct pc_top_look *look);

#endif
