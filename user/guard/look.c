// SPDX-License-Identifier: GPL-2.0-only
/* A look at all network namespaces: which servers listen now. It finds what no event told of: servers
 * that listened before the guard, those of lost events, UDP, and the end of servers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/array.h"
#include "guard/private.h"
#include "host/clock.h"
#include "host/netns.h"
#include "host/owners.h"
#include "host/sockdiag.h"
#include "host/sysctl.h"

/* Sockets that are remembered from one look to the next; strangers can open more. */
#define CANDIDATES_MAX 65536

/* A UDP socket counts as a server's when it is there in so many looks in a row: resolvers ask for the
 * ports of their queries by number, too, and keep each for an instant. */
#define UDP_LOOKS 2

struct space_look {
	struct pc_netns_settings settings;
	struct pc_socket_list sockets;
	int err;
};

static void look_here(void *context)
{
	struct space_look *l = context;

	pc_sysctl_settings(PC_GUARD_PROC, &l->settings);
	l->err = l->settings.known ? pc_sockdiag_read_servers(&l->sockets) : -ENODATA;
}

static bool is_server(const struct pc_listed_socket *s)
{
	return !s->kernel_chose && s->socket.lport &&
	       (s->socket.proto == PC_PROTO_TCP ? s->socket.state == PC_STATE_LISTEN :
						  !s->socket.rport);
}

static int by_inode(const void *a, const void *b)
{
	const struct pc_guard_candidate *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static uint8_t looks_before(const struct pc_guard_candidates *before, uint64_t inode)
{
	const struct pc_guard_candidate key = { .inode = inode };
	const struct pc_guard_candidate *found =
		before->count ? bsearch(&key, before->list, before->count, sizeof(key), by_inode) :
				NULL;

	return found ? found->looks : 0;
}

static void add_candidate(struct pc_guarding *x, struct pc_guard_candidates *found, uint32_t netns,
			  const struct pc_socket *s)
{
	uint8_t looks = looks_before(&x->candidates, s->inode);

	if (!s->inode || found->count == CANDIDATES_MAX ||
	    pc_array_reserve(&found->list, &found->room, found->count + 1, sizeof(*found->list)))
		return;
	found->list[found->count++] = (struct pc_guard_candidate){
		.inode = s->inode,
		.netns = netns,
		.port = s->lport,
		.proto = s->proto,
		.looks = looks < UINT8_MAX ? looks + 1 : looks,
	};
}

/* Learn from a namespace's sockets about its guarded ports, and find other sockets that may be servers. */
static void take_look(struct pc_guarding *x, uint32_t netns, const struct space_look *l,
		      struct pc_guard_candidates *found)
{
	struct pc_guard_space *s = pc_guard_space_find(x, netns);
	uint64_t listening[PC_PORT_WORDS] = { 0 };

	for (size_t i = 0; i < l->sockets.count; i++) {
		const struct pc_socket *socket = &l->sockets.list[i].socket;

		if (!is_server(&l->sockets.list[i]))
			continue;
		pc_ports_add(listening, socket->lport);
		if (socket->lport >= l->settings.low && socket->lport <= l->settings.high &&
		    !(s && pc_guard_port(s->ns, socket->lport)))
			add_candidate(x, found, netns, socket);
	}
	if (!s)
		return;
	s->ns->low = l->settings.low;
	s->ns->high = l->settings.high;
	s->dirty = true;
	pc_guard_seen(s->ns, listening, pc_boot_ns());
}

static void look_at_listener(struct pc_guarding *x, const struct pc_netns *ns,
			     struct pc_guard_candidates *found)
{
	struct space_look l = { .err = 0 };
	int err = 0;

	if (ns->own)
		look_here(&l);
	else
		err = pc_netns_call(PC_GUARD_PROC, ns, look_here, &l);
	if (!err && !l.err)
		take_look(x, ns->inode, &l, found);
	pc_sockdiag_free(&l.sockets);
}

static bool look_is_meant(const struct pc_guard_candidate *c, bool dry)
{
	return dry || c->looks == (c->proto == PC_PROTO_UDP ? UDP_LOOKS : 1);
}

/* A socket whose processes are sought. */
struct sought_server {
	struct pc_socket socket;
	struct pc_party owners[PC_OWNERS_MAX];
	unsigned owners_count;
	const char *note;
};

/* Sockets that are sought in one look; the next look goes on with the others. */
#define SOUGHT_MAX 2048

static size_t pick_servers(struct pc_guarding *x, struct pc_guard_candidates *found,
			   struct sought_server *servers, struct pc_owners_sought *sought)
{
	size_t count = 0;

	for (size_t i = 0; i < found->count; i++) {
		struct pc_guard_candidate *c = &found->list[i];
		struct sought_server *s = &servers[count];

		if (!look_is_meant(c, x->options.dry))
			continue;
		if (count == SOUGHT_MAX) {
			c->looks--;
			continue;
		}
		s->socket = (struct pc_socket){
			.inode = c->inode, .netns = c->netns, .lport = c->port, .proto = c->proto
		};
		sought[count++] = (struct pc_owners_sought){ &s->socket, s->owners,
							     &s->owners_count, &s->note };
	}
	return count;
}

/* Searches /proc once for the processes of the sockets that are new. */
static void take_candidates(struct pc_guarding *x, struct pc_guard_candidates *found)
{
	struct sought_server *servers = calloc(SOUGHT_MAX, sizeof(*servers));
	struct pc_owners_sought *sought = calloc(SOUGHT_MAX, sizeof(*sought));
	struct pc_owners owners = { 0 };
	size_t count = servers && sought ? pick_servers(x, found, servers, sought) : 0;

	if (count)
		pc_owners_find(PC_GUARD_PROC, sought, count, &owners);
	for (size_t i = 0; i < count; i++) {
		const struct sought_server *s = &servers[i];
		struct pc_guard_who who;

		if (!s->owners_count)
			continue;
		pc_guard_look_at_who(s->owners[0].who, &who);
		pc_guard_on_server(x, s->socket.netns, s->owners[0].key.tgid, s->socket.lport,
				   &who);
	}
	pc_owners_free(&owners);
	free(sought);
	free(servers);
}

static void expire_ports(struct pc_guarding *x)
{
	uint64_t gone[PC_PORT_WORDS] = { 0 };

	for (size_t i = 0; i < x->count; i++)
		if (!x->spaces[i]->ended)
			pc_guard_expire(&x->guard, x->spaces[i]->ns, pc_boot_ns(), gone);
	pc_guard_release_stale(x);
}

/* Mark the servers of a namespace without a process as not seen. */
static void miss_spaces(struct pc_guarding *x, const struct pc_netns_list *all)
{
	static const uint64_t nothing[PC_PORT_WORDS];

	for (size_t i = 0; i < x->count; i++) {
		bool found = false;

		for (size_t j = 0; j < all->count && !found; j++)
			found = all->list[j].inode == x->spaces[i]->ns->inode;
		if (found)
			continue;
		x->spaces[i]->dirty = true; /* has it ended? */
		pc_guard_seen(x->spaces[i]->ns, nothing, pc_boot_ns());
	}
}

void pc_guard_look(struct pc_guarding *x)
{
	struct pc_guard_candidates found = { 0 };
	struct pc_netns_list all = { 0 };
	int err = pc_netns_find(PC_GUARD_PROC, &all);

	if (err) {
		pc_guard_tell_failure(x, 0, "cannot list the network namespaces");
		return;
	}
	for (size_t i = 0; i < all.count; i++)
		if (all.list[i].own || !x->options.own_netns_only)
			look_at_listener(x, &all.list[i], &found);
	miss_spaces(x, &all);
	pc_netns_free(&all);
	if (found.count)
		qsort(found.list, found.count, sizeof(*found.list), by_inode);
	take_candidates(x, &found);
	free(x->candidates.list);
	x->candidates = found;
	if (!x->options.dry)
		expire_ports(x);
	x->notes_changed = true;
}
