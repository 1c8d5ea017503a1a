// SPDX-License-Identifier: GPL-2.0-only
/* Owners and peers of holders, found among the open sockets of all processes. */
#include "core/verdict/holder_owners.h"

#include "core/process/party.h"
#include "core/rule/peer.h"

size_t pc_holder_owners_keys(const struct pc_verdict *v, uint64_t *keys)
{
	size_t count = 0;

	for (unsigned i = 0; i < v->holders_count; i++) {
		const struct pc_socket *s = &v->holders[i].socket;

		if (s->inode)
			keys[count++] = pc_wanted_inode(s->inode);
		if (pc_socket_wants_peer(s)) {
			keys[count++] = pc_wanted_ports(s->rport, s->lport);
			keys[count++] = pc_wanted_ports(s->rport, 0);
		}
	}
	return count;
}

/* Is the open socket the holder, or the MPTCP socket of which the holder is a subflow? Inode numbers have
 * 32 bits and are used again, so the same number alone says nothing. A socket that has no cookie yet, or
 * had none a moment ago, is known by its port; a subflow can have a port of its own. */
static bool is_same_open(const struct pc_socket *holder, const struct pc_socket *open)
{
	if (!holder->inode || holder->inode != open->inode || holder->netns != open->netns)
		return false;
	if (open->flags & PC_SOCKET_MPTCP)
		return true;
	if (holder->cookie && open->cookie)
		return holder->cookie == open->cookie;
	return holder->proto == open->proto && holder->lport == open->lport;
}

static bool has_owner(const struct pc_holder *h, uint32_t pid)
{
	for (unsigned i = 0; i < h->owners_count; i++)
		if (h->owners[i].who->key.tgid == pid)
			return true;
	return false;
}

void pc_holder_give_owner(struct pc_holder *h, const struct pc_open_socket *o,
			  pc_owner_name_fn name, void *context)
{
	struct pc_party *p = &h->owners[h->owners_count];

	if (has_owner(h, o->process.tgid))
		return;
	if (h->owners_count == PC_OWNERS_MAX) {
		h->owners_more++;
		return;
	}
	if (!name(context, o, p))
		return;
	p->fd = o->fd;
	p->given = pc_party_is_given(p->who, &h->socket);
	h->file_cookie = o->socket.cookie;
	h->owners_count++;
}

static void give_peer(struct pc_holder *h, const struct pc_open_socket *o, pc_owner_name_fn name,
		      void *context)
{
	bool accepted = pc_socket_is_reverse(&h->socket, &o->socket);

	if (!accepted && (h->peer.who || !pc_socket_is_listener_of(&h->socket, &o->socket)))
		return;
	if (accepted && h->peer.who && !h->peer_listens)
		return;
	if (name(context, o, &h->peer))
		h->peer_listens = !accepted;
}

void pc_holder_owners_give(struct pc_verdict *v, const struct pc_open_socket *o,
			   pc_owner_name_fn name, void *context)
{
	for (unsigned i = 0; i < v->holders_count; i++) {
		struct pc_holder *h = &v->holders[i];

		if (is_same_open(&h->socket, &o->socket))
			pc_holder_give_owner(h, o, name, context);
		else if (pc_socket_wants_peer(&h->socket))
			give_peer(h, o, name, context);
	}
}
