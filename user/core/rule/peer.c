// SPDX-License-Identifier: GPL-2.0-only
/* The other end of a connection, and why a socket has no process. */
#include "core/rule/peer.h"

#include "core/base/address.h"
#include "core/process/party.h"

static const char note_kernel[] =
	"the socket belongs to the kernel itself (NFS, RPC, an MPTCP endpoint and the like), not to a process";
static const char note_accepted_gone[] =
	"an accepted connection: its process has closed it, and the kernel is ending it";
static const char note_queued[] =
	"a connection that waits in its listener's queue; no process has accepted it yet";
static const char note_orphan[] = "its process has closed it; the kernel is ending the connection";

bool pc_socket_wants_peer(const struct pc_socket *s)
{
	return s->proto == PC_PROTO_TCP && s->rport && pc_socket_state(s) != PC_STATE_TIME_WAIT &&
	       pc_address_is_loopback(s->family, s->remote) && !pc_socket_is_self(s);
}

bool pc_socket_is_reverse(const struct pc_socket *a, const struct pc_socket *b)
{
	return a->netns == b->netns && a->lport == b->rport && a->rport == b->lport &&
	       pc_address_equal(a->family, a->local, b->family, b->remote) &&
	       pc_address_equal(a->family, a->remote, b->family, b->local);
}

bool pc_socket_is_listener_of(const struct pc_socket *s, const struct pc_socket *listener)
{
	enum pc_state state = pc_socket_state(s);

	if (state != PC_STATE_SYN_SENT && state != PC_STATE_ESTABLISHED &&
	    state != PC_STATE_FIN_WAIT1 && state != PC_STATE_FIN_WAIT2)
		return false;
	return listener->proto == PC_PROTO_TCP && listener->state == PC_STATE_LISTEN &&
	       listener->netns == s->netns && listener->lport == s->rport &&
	       (pc_address_is_any(listener->family, listener->local) ||
		pc_address_equal(listener->family, listener->local, s->family, s->remote));
}

const char *pc_holder_note(const struct pc_holder *h)
{
	const struct pc_socket *s = &h->socket;

	if (pc_holder_is_kernels(h))
		return note_kernel;
	if (s->flags & PC_SOCKET_ORPHAN && !(s->flags & PC_SOCKET_DEAD))
		return note_queued;
	if (h->how == PC_HOW_ACCEPT)
		return note_accepted_gone;
	if (s->flags & PC_SOCKET_ORPHAN || s->state == PC_STATE_TIME_WAIT)
		return note_orphan;
	return NULL;
}
