// SPDX-License-Identifier: GPL-2.0-only
/* From open sockets to the holders that they are, or are connected with. */
#include "core/openers.h"

#include "core/peer.h"

size_t pc_openers_keys(const struct pc_verdict *v, uint64_t *keys)
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

static bool has_owner(const struct pc_holder *h, uint32_t pid)
{
	for (unsigned i = 0; i < h->owners_count; i++)
		if (h->owners[i].who->key.tgid == pid)
			return true;
	return false;
}

static void give_owner(struct pc_holder *h, const struct pc_owner *o, pc_opener_fn name,
		       void *context)
{
	struct pc_party *p = &h->owners[h->owners_count];

	if (h->owners_count == PC_OWNERS_MAX || has_owner(h, o->process.tgid) ||
	    !name(context, o, p))
		return;
	p->fd = (int)o->fd;
	h->file_cookie = o->socket.cookie;
	h->owners_count++;
}

static void give_peer(struct pc_holder *h, const struct pc_owner *o, pc_opener_fn name,
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

void pc_openers_give(struct pc_verdict *v, const struct pc_owner *o, pc_opener_fn name,
		     void *context)
{
	for (unsigned i = 0; i < v->holders_count; i++) {
		struct pc_holder *h = &v->holders[i];

		if (h->socket.inode && h->socket.inode == o->socket.inode)
			give_owner(h, o, name, context);
		else if (pc_socket_wants_peer(&h->socket))
			give_peer(h, o, name, context);
	}
}
