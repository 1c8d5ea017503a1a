// SPDX-License-Identifier: GPL-2.0-only
/* The other ends of the connections that `portclash free` would end: whoever agrees wants to know whom it hits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/free.h"
#include "core/rule/peer.h"
#include "host/owners.h"
#include "host/sockdiag.h"

#define PROC "/proc"

/* The text shows so many sockets. A list of the sockets on a port takes walks through the kernel's table. */
#define PEERS_MAX 16

struct peer {
	struct pc_free_socket *of;
	struct pc_socket socket;
	struct pc_party owners[PC_OWNERS_MAX];
	unsigned owners_count;
	const char *note;
};

static bool find_reverse(const struct pc_socket_list *list, const struct pc_socket *s,
			 struct pc_socket *out)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct pc_socket *t = &list->list[i].socket;

		if (t->inode && pc_socket_is_reverse(s, t)) {
			*out = *t;
			return true;
		}
	}
	return false;
}

/* Returns how many of them were found. Connections to one port share a list. */
static size_t find_peer_sockets(struct pc_free_plan *plan, uint8_t proto, struct peer *peers)
{
	struct pc_socket_list list = { 0 };
	uint16_t listed = 0;
	size_t count = 0, seen = 0;

	for (size_t i = 0; i < plan->count && seen < PEERS_MAX; i++) {
		struct pc_free_socket *f = &plan->list[i];

		if (f->kind != PC_FREE_END || !f->s.socket.rport ||
		    !pc_socket_wants_peer(&f->s.socket))
			continue;
		seen++;
		if (listed != f->s.socket.rport) {
			pc_sockdiag_free(&list);
			list = (struct pc_socket_list){ 0 };
			listed = f->s.socket.rport;
			pc_sockdiag_read_port(proto, listed, &list);
		}
		peers[count].of = f;
		count += find_reverse(&list, &f->s.socket, &peers[count].socket);
	}
	pc_sockdiag_free(&list);
	return count;
}

void pc_freeing_name_peers(struct pc_freeing *x, struct pc_free_plan *plan)
{
	struct pc_owners_sought sought[PEERS_MAX];
	struct peer *peers = calloc(PEERS_MAX + 1, sizeof(*peers));
	size_t count = peers ? find_peer_sockets(plan, x->server.proto, peers) : 0;

	for (size_t i = 0; i < count; i++)
		sought[i] = (struct pc_owners_sought){ &peers[i].socket, peers[i].owners,
						       &peers[i].owners_count, &peers[i].note };
	if (count)
		pc_owners_find(PROC, sought, count, &x->owners);
	for (size_t i = 0; i < count; i++)
		if (peers[i].owners_count)
			peers[i].of->peer = peers[i].owners[0];
	free(peers);
}
