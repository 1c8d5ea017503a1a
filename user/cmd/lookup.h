/* SPDX-License-Identifier: GPL-2.0-only */
/* One look at a port, for `who`: its sockets in all network namespaces, and who has them open. */
#ifndef PORTCLASH_LOOKUP_H
#define PORTCLASH_LOOKUP_H

#include "host/netns.h"
#include "host/owners.h"
#include "out/who.h"

struct pc_lookup {
	uint16_t port;
	bool tcp;
	bool udp;
	uint32_t uid;	   /* of the server that is asked for */
	const char *which; /* as pc_netns_matches() has it */
	bool verbose;
	/* What was found: */
	struct pc_netns_list namespaces;
	struct pc_owners owners;
	struct pc_who_place *places;
	size_t count;
	size_t room;
	char *unseen[PC_WHO_UNSEEN_MAX]; /* sentences */
	unsigned unseen_count;
	bool blind;   /* only what anyone may see was looked at */
	bool missing; /* a table was not looked at, or not whole */
};

/* Fills the lower half. The calling process, which has one thread, visits other namespaces and
 * comes back. 0; -ESRCH: there is no namespace `which`; -EACCES: it cannot be looked into, and the
 * first sentence says why; or another errno, and nothing was seen. A protocol whose table was not
 * found is taken out of tcp and udp. */
int pc_lookup_run(struct pc_lookup *l);
void pc_lookup_free(struct pc_lookup *l);

/* Shared by the files lookup*.c: adds a place, NULL without memory, and a sentence. */
struct pc_who_place *pc_lookup_add(struct pc_lookup *l, uint8_t proto, uint32_t netns);
void pc_lookup_unseen(struct pc_lookup *l, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Takes in the sockets of one protocol, of any namespaces, in any order. 0 or -ENOMEM. */
int pc_lookup_take(struct pc_lookup *l, uint8_t proto, struct pc_socket *sockets, size_t count);

/* lookup_blind.c: the same without the kernel's tables, of the own namespace only. `why` is
 * why they cannot be read. */
int pc_lookup_blind(struct pc_lookup *l, const char *why);

#endif
