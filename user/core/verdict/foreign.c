// SPDX-License-Identifier: GPL-2.0-only
/* Unix sockets in the way of a refused one, and the cause. */
#include "core/verdict/foreign.h"

#include <errno.h>

#define SOCK_TYPE_DGRAM 2

size_t pc_foreign_keys(const struct pc_verdict *v, uint64_t *keys)
{
	uint64_t name = pc_foreign_key(&v->request.foreign);
	size_t count = 0;

	if (name)
		keys[count++] = name;
	if (v->site.kind == PC_PATH_SOCKET)
		keys[count++] = pc_wanted_unix_file(v->site.inode);
	return count;
}

/* A connection that was accepted keeps its listener's name and file (unix_stream_connect()), but is in no
 * one's way. */
static bool is_connection(const struct pc_socket *s)
{
	return s->substate != SOCK_TYPE_DGRAM && s->state == PC_STATE_ESTABLISHED;
}

/* Names that are no paths are apart by network namespace and type of socket (unix_find_abstract()). */
static bool has_abstract_name(const struct pc_verdict *v, const struct pc_socket *s,
			      const struct pc_unix_bound *bound)
{
	const struct pc_request *r = &v->request;

	return !bound->file && bound->name == pc_foreign_key(&r->foreign) && s->netns == r->netns &&
	       s->substate == r->foreign.type;
}

/* Some file systems (btrfs, overlayfs) show programs another device than the kernel sees. Then the name
 * counts, or the kernel's word that a socket is bound to that very file. */
static bool has_file(const struct pc_verdict *v, const struct pc_unix_bound *bound)
{
	const struct pc_foreign *f = &v->request.foreign;
	const struct pc_site *site = &v->site;
	bool same_name = bound->name == pc_foreign_key(f);

	if (site->kind == PC_PATH_SOCKET)
		return bound->file == site->inode &&
		       (bound->device == site->device || same_name || site->bound == PC_BOUND_YES);
	return site->kind == PC_PATH_UNSEEN && bound->file && same_name && f->name[0] == '/' &&
	       bound->mntns == f->mntns;
}

static bool has_the_name(const struct pc_verdict *v, const struct pc_socket *s)
{
	struct pc_unix_bound bound;

	if (s->family != PC_FAMILY_UNIX || is_connection(s))
		return false;
	pc_unix_binding(s, &bound);
	return v->request.foreign.abstract ? has_abstract_name(v, s, &bound) : has_file(v, &bound);
}

/* Could the socket be bound to the file, for all that is known? */
static bool may_have_file(const struct pc_verdict *v, const struct pc_socket *s)
{
	struct pc_unix_bound bound;

	if (s->family != PC_FAMILY_UNIX || is_connection(s) || v->request.foreign.abstract)
		return false;
	pc_unix_binding(s, &bound);
	return bound.file == v->site.inode;
}

static struct pc_holder *foreign_holder(struct pc_verdict *v, const struct pc_socket *s)
{
	struct pc_holder *h;

	for (unsigned i = 0; i < v->holders_count; i++)
		if (v->holders[i].socket.inode == s->inode)
			return &v->holders[i];
	if (v->holders_count == PC_HOLDERS_MAX)
		return NULL;
	h = &v->holders[v->holders_count++];
	v->holders_total++;
	*h = (struct pc_holder){ .socket = *s, .blocking = true };
	h->claimer.fd = h->peer.fd = -1;
	return h;
}

void pc_foreign_give(struct pc_verdict *v, const struct pc_open_socket *o, pc_owner_name_fn name,
		     void *context)
{
	struct pc_holder *h;

	if (!has_the_name(v, &o->socket)) {
		v->owners_seen &= !may_have_file(v, &o->socket);
		return;
	}
	h = foreign_holder(v, &o->socket);
	if (h)
		pc_holder_give_owner(h, o, name, context);
}

/* The kernel's word that no socket is bound to the file stands against a process that is just closing
 * one. */
static enum pc_cause decide_socket_file(const struct pc_verdict *v)
{
	if (v->site.bound == PC_BOUND_NO && !v->holders_count)
		return PC_CAUSE_UNIX_LEFT_BEHIND;
	/* All sockets that processes have open were looked at, and all of this network namespace. */
	if (v->site.bound == PC_BOUND_NOT_HERE && !v->holders_count && v->owners_seen)
		return PC_CAUSE_UNIX_LEFT_BEHIND;
	if (v->site.bound == PC_BOUND_YES || v->holders_count)
		return PC_CAUSE_UNIX_SERVER;
	return PC_CAUSE_UNKNOWN;
}

static enum pc_cause decide_path(const struct pc_verdict *v)
{
	switch (v->site.kind) {
	case PC_PATH_SOCKET:
		return decide_socket_file(v);
	case PC_PATH_FILE:
	case PC_PATH_FOLDER:
	case PC_PATH_LINK:
	case PC_PATH_OTHER:
		return PC_CAUSE_UNIX_NOT_A_SOCKET;
	default:
		return v->holders_count ? PC_CAUSE_UNIX_SERVER : PC_CAUSE_UNKNOWN;
	}
}

enum pc_cause pc_decide_foreign(struct pc_verdict *v)
{
	const struct pc_foreign *f = &v->request.foreign;

	if (f->family != PC_FAMILY_UNIX || v->request.error != EADDRINUSE || !f->name_len)
		return PC_CAUSE_OTHER_FAMILY;
	v->primary = v->holders_count ? 0 : -1;
	return f->abstract ? PC_CAUSE_UNIX_ABSTRACT : decide_path(v);
}

const char *pc_foreign_missing(const struct pc_verdict *v)
{
	bool in_use = v->cause == PC_CAUSE_UNIX_SERVER || v->cause == PC_CAUSE_UNIX_ABSTRACT;

	if (v->cause == PC_CAUSE_OTHER_FAMILY)
		return "portclash does not look into sockets of this family";
	if (v->cause == PC_CAUSE_UNKNOWN && v->site.kind == PC_PATH_SOCKET)
		return "portclash may not ask the kernel whether a socket is bound to this file";
	if (v->cause == PC_CAUSE_UNKNOWN && v->site.kind == PC_PATH_UNSEEN)
		return "the path could not be looked at";
	if (in_use && v->primary < 0)
		return "no process was found that has the socket open";
	return NULL;
}
