// SPDX-License-Identifier: GPL-2.0-only
/* Who uses up the ephemeral range of a network namespace: one look at its sockets, which costs
 * some 2 µs a socket, and at most one a second, as often as connect() may be refused. */
#include <stdlib.h>
#include <string.h>

#include "core/decide.h"
#include "host/netns.h"
#include "host/sockdiag.h"
#include "host/sysctl.h"
#include "watch/watch_private.h"

#define PROC "/proc"
#define LOOK_EVERY_NS 1000000000ULL

struct pc_range_look {
	uint64_t
		netns_key; /* of the refusal: inode numbers are used again at once (see record.h) */
	uint64_t time_ns;
	bool ok;
	struct pc_netns_settings settings;
	struct pc_audit_sockets sockets;
	struct pc_range_use use; /* of the verdict that is printed next */
};

/* Bound sockets too: with them, sockstat of another namespace is not asked, which a thread cannot
 * see (/proc/self is the process). */
static void look_here(void *context)
{
	struct pc_range_look *l = context;

	pc_sysctl_settings(PROC, &l->settings);
	l->ok = l->settings.known && !pc_sockdiag_read(PROC, true, &l->sockets);
}

static void look(struct pc_watch *w, struct pc_range_look *l, const struct pc_verdict *v)
{
	struct pc_netns ns = { .inode = v->refusal.netns, .pid = v->netns_pid };

	l->netns_key = v->refusal.netns_key;
	l->time_ns = pc_boot_ns();
	l->ok = false;
	l->sockets.count = 0;
	if (v->requester.who && v->requester.running && v->requester.who->netns == ns.inode)
		ns.pid = v->requester.who->key.tgid;
	if (ns.inode == w->netns)
		look_here(l);
	else if (ns.pid && !w->options.own_netns_only)
		pc_netns_call(PROC, &ns, look_here, l);
}

static uint32_t process_of(void *context, const struct pc_socket *s)
{
	struct pc_watch *w = context;
	const struct pc_entry *e = pc_ledger_find(w->ledger, s->cookie);

	return e ? e->process : 0;
}

const struct pc_range_use *pc_range_look(struct pc_watch *w, const struct pc_verdict *v)
{
	struct pc_range_look *l = w->range;

	if (v->cause != PC_CAUSE_RANGE_EXHAUSTED)
		return NULL;
	if (!l && !(l = w->range = calloc(1, sizeof(*l))))
		return NULL;
	if (l->netns_key != v->refusal.netns_key || pc_boot_ns() - l->time_ns >= LOOK_EVERY_NS)
		look(w, l, v);
	if (!l->ok ||
	    pc_range_use_of(&l->sockets, &l->settings, &v->refusal, process_of, w, &l->use))
		return NULL;
	for (unsigned i = 0; i < l->use.users_count; i++)
		pc_resolve_index(w, l->use.users[i].process, &l->use.users[i].party);
	return &l->use;
}

void pc_range_forget(struct pc_watch *w, bool at_once)
{
	struct pc_range_look *l = w->range;

	if (!l || (!at_once && pc_boot_ns() - l->time_ns < LOOK_EVERY_NS))
		return;
	pc_sockdiag_free(&l->sockets);
	free(l);
	w->range = NULL;
}
