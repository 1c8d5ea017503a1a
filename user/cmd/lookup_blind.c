// SPDX-License-Identifier: GPL-2.0-only
/* One look at a port without root: what NETLINK_SOCK_DIAG and /proc tell anyone. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/lookup.h"
#include "host/sockdiag.h"

#define PROC "/proc"

static uint32_t own_netns(const struct pc_lookup *l)
{
	return l->namespaces.list[0].inode;
}

/* The port and the protocol of those that are wanted; SOCK_BINDPORT_LOCK is told of servers only
 * (host/sockdiag.h). */
static size_t pick(const struct pc_lookup *l, uint8_t proto, const struct pc_audit_sockets *all,
		   struct pc_socket *out)
{
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct pc_audit_socket *a = &all->list[i];
		const struct pc_socket *s = &a->socket;

		if (s->proto != proto || s->lport != l->port)
			continue;
		out[count] = *s;
		out[count].netns = own_netns(l);
		if (!a->kernel_chose && (proto == PC_PROTO_UDP || s->state == PC_STATE_LISTEN))
			out[count].userlocks |= PC_LOCK_PORT;
		count++;
	}
	return count;
}

static int take(struct pc_lookup *l, const struct pc_audit_sockets *all)
{
	struct pc_socket *list = calloc(all->count + 1, sizeof(*list));
	int err = 0;

	if (!list)
		return -ENOMEM;
	if (l->tcp)
		err = pc_lookup_take(l, PC_PROTO_TCP, list, pick(l, PC_PROTO_TCP, all, list));
	if (!err && l->udp)
		err = pc_lookup_take(l, PC_PROTO_UDP, list, pick(l, PC_PROTO_UDP, all, list));
	free(list);
	return err;
}

static void give(struct pc_holder *h, const struct pc_audit_entry *e)
{
	for (unsigned i = 0; i < e->owners_count; i++)
		h->owners[h->owners_count++] = e->owners[i];
	if (h->owners_count)
		h->maker = h->owners[0];
	h->process_note = e->process_note;
}

static int find_owners(struct pc_lookup *l, struct pc_verdict *v)
{
	struct pc_audit_entry *entries = calloc(PC_HOLDERS_MAX, sizeof(*entries));
	struct pc_audit_entry *list[PC_HOLDERS_MAX];
	int err;

	if (!entries)
		return -ENOMEM;
	for (unsigned i = 0; i < v->holders_count; i++) {
		entries[i].s.socket = v->holders[i].socket;
		list[i] = &entries[i];
	}
	err = pc_owners_find(PROC, list, v->holders_count, &l->owners);
	for (unsigned i = 0; i < v->holders_count; i++)
		give(&v->holders[i], &entries[i]);
	free(entries);
	return err;
}

static int look(struct pc_lookup *l)
{
	struct pc_audit_sockets all = { 0 };
	int err = pc_sockdiag_read(PROC, true, &all);

	if (!err)
		err = take(l, &all);
	pc_sockdiag_free(&all);
	for (size_t i = 0; !err && i < l->count; i++) {
		err = find_owners(l, &l->places[i].verdict);
		pc_who_decide(&l->places[i]);
	}
	return err;
}

int pc_lookup_blind(struct pc_lookup *l, const char *why)
{
	int err = 0;

	if (!pc_netns_matches(&l->namespaces.list[0], l->which)) {
		pc_lookup_unseen(l, "%s", why);
		return -EACCES;
	}
	l->blind = true;
	err = look(l);
	if (!err)
		pc_lookup_unseen(l,
				 "other network namespaces, other users' processes, sockets that "
				 "are bound and do not listen (before Linux 6.8), and the options "
				 "of the sockets, hence no answer about SO_REUSEADDR and "
				 "SO_REUSEPORT: portclash runs as uid %u, and %s",
				 geteuid(), why);
	return err;
}
