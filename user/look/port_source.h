/* SPDX-License-Identifier: GPL-2.0-only */
/* A source of what there is on a port: the sockets, and the processes that have them open. */
#ifndef PORTCLASH_PORT_SOURCE_H
#define PORTCLASH_PORT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/port/who_list.h"
#include "host/owners.h"

/* The sockets of one protocol on a port. */
struct pc_source_sockets {
	struct pc_socket *list; /* malloc'd; the caller frees it */
	size_t count;
	uint32_t total; /* on the port, whether the list has them or not */
	bool whole;	/* false: the source could not look at all of its table */
};

struct pc_source_options {
	uint32_t own_netns; /* the network namespace of this process */
	const char *btf;    /* a file of the kernel's type information; NULL: the kernel's own */
	bool verbose;	    /* libbpf's own messages to standard error */
};

/* Each operation that can fail returns 0 or a negative errno. */
struct pc_port_source {
	/* True if the source shows only the network namespace of this process, and neither the
	 * options of sockets nor their bind buckets. */
	bool blind;
	/* Opens the source. On failure `sentence` (PC_SENTENCE bytes) says why, if there is more to say than the
	 * errno does. */
	int (*open)(const struct pc_source_options *options, void **out, char *sentence);
	/* Finds the sockets on a port. -ENOENT: the source has no table of this protocol. */
	int (*sockets)(void *source, uint8_t proto, uint16_t port, struct pc_source_sockets *out);
	/* Gives every holder in the list its owners. Their identities are kept in `owners`. */
	int (*owners)(void *source, struct pc_who_list *list, struct pc_owners *owners);
	/* Says of a holder, after the decision, why it has no owner or what the owner does not
	 * tell. NULL: there is nothing to say. */
	const char *(*note)(const struct pc_holder *h);
	void (*close)(void *source);
};

/* The kernel's own tables, of all network namespaces; takes root. */
extern const struct pc_port_source pc_kernel_tables;

/* NETLINK_SOCK_DIAG and /proc: what the kernel tells anyone. */
extern const struct pc_port_source pc_socket_dump;

#endif
