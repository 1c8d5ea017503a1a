/* SPDX-License-Identifier: GPL-2.0-only */
/* Owners of a verdict's holders, and the processes at the other end of their connections: the keys
 * by which a pass over the descriptor tables searches, and the use of the sockets it finds. */
#ifndef PORTCLASH_HOLDER_OWNERS_H
#define PORTCLASH_HOLDER_OWNERS_H

#include "core/base/model.h"

/* The most keys of one verdict: the inode of each holder, and two for its other end. */
#define PC_HOLDER_OWNERS_KEYS (3 * PC_HOLDERS_MAX)

/* The struct is an open descriptor of a process, and the socket behind it. */
struct pc_open_socket {
	struct pc_process_key process;
	int fd;
	char comm[PC_COMM_LEN];
	struct pc_socket socket;
};

/* Fills `keys` of the set `wanted_sockets`; returns their number. */
size_t pc_holder_owners_keys(const struct pc_verdict *v, uint64_t *keys);

/* Names the process that has the socket open. False if it cannot, and then it writes nothing. */
typedef bool (*pc_owner_name_fn)(void *context, const struct pc_open_socket *owner,
				 struct pc_party *out);

/* Gives an open socket to each holder that it concerns. Its process becomes an owner, once and with
 * its descriptor, of PC_OWNERS_MAX at most. Or it becomes the peer: the process that accepted the
 * connection, else the one that listens for it. `name` is called only for a process that is kept. */
void pc_holder_owners_give(struct pc_verdict *v, const struct pc_open_socket *o,
			   pc_owner_name_fn name, void *context);

/* Makes the process that has the socket open an owner of this holder, as above. */
void pc_holder_give_owner(struct pc_holder *h, const struct pc_open_socket *o,
			  pc_owner_name_fn name, void *context);

#endif
