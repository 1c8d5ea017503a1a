/* SPDX-License-Identifier: GPL-2.0-only */
/* One look at a port, for `who`: its sockets in all network namespaces, and who has them open. */
#ifndef PORTCLASH_LOOKUP_H
#define PORTCLASH_LOOKUP_H

#include "core/config/support.h"
#include "host/netns.h"
#include "look/port_source.h"

/* The source in use. */
struct pc_lookup_source {
	const struct pc_port_source *ops; /* NULL: none is open */
	void *context;
	char why[PC_SENTENCE]; /* why a better source could not be opened */
};

struct pc_lookup {
	/* The question. */
	uint16_t port;
	bool tcp;
	bool udp;
	uint16_t family; /* of the one address that the server would bind; 0: any address */
	uint8_t address[PC_ADDR_LEN];
	uint32_t uid;	   /* of the server that would bind the port */
	const char *which; /* the network namespaces, as pc_netns_matches() takes them */
	const char *btf;   /* see struct pc_source_options */
	bool verbose;	   /* libbpf's own messages to standard error */
	/* The answer. */
	struct pc_netns_list namespaces;
	struct pc_owners owners;
	struct pc_who_list list;
	bool blind;   /* the source was a blind one */
	bool missing; /* a table of the kernel was not found, or not looked at whole */
	struct pc_lookup_source source;
};

/* Opens the first of the sources (the last is NULL) that can be opened. The calling process, which has one
 * thread, visits other namespaces and comes back. 0; -EACCES: the source cannot look into the namespaces
 * `which`, and the list's first sentence says why; or another errno, and nothing can be seen. */
int pc_lookup_open(struct pc_lookup *l, const struct pc_port_source *const *sources);

/* Answers the question with new entries in the list; sentences about what is unseen stay in it. 0; -ESRCH:
 * there is no namespace `which`; or another errno, and nothing was seen. A protocol without a table is
 * taken out of tcp and udp. */
int pc_lookup_ask(struct pc_lookup *l);

/* Both: for one question. */
int pc_lookup_run(struct pc_lookup *l, const struct pc_port_source *const *sources);
void pc_lookup_free(struct pc_lookup *l);

#endif
