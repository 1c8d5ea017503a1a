// SPDX-License-Identifier: GPL-2.0-only
/* Who uses up the ephemeral range of a network namespace: one look at its sockets, which costs
 * some 2 µs a socket, for all that was refused there before it; what is older says nothing of a refusal. */
#include <stdlib.h>
#include <string.h>

#include "core/decide.h"
#include "host/netns.h"
#include "host/sockdiag.h"
#include "host/sysctl.h"
#include "watch/watch_private.h"

#define PROC "/proc"
#define KEEP_NS 1000000000ULL

/* Looks take one part in so many of the time, as often as connect() may be refused; and so much more at
 * once. */
#define TIME_SHARE 20
#define AT_ONCE_NS 50000000ULL

struct pc_range_look {
	uint64_t
		netns_key; /* of the refusal: inode numbers are used again at once (see record.h) */
	uint64_t time_ns;
	uint64_t ahead_ns; /* by so much looks have taken more than their share */
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
	l->ahead_ns += pc_boot_ns() - l->time_ns;
}

static bool may_look(struct pc_range_look *l)
{
	uint64_t share = (pc_boot_ns() - l->time_ns) / TIME_SHARE;

	if (l->ahead_ns >= AT_ONCE_NS + share)
		return false;
	l->ahead_ns -= l->ahead_ns < share ? l->ahead_ns : share;
	return true;
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
	if (l->netns_key != v->refusal.netns_key || l->time_ns < v->refusal.time_ns) {
		if (!may_look(l))
			return NULL;
		look(w, l, v);
	}
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

	if (!l || (!at_once && pc_boot_ns() - l->time_ns < KEEP_NS))
		return;
	pc_sockdiag_free(&l->sockets);
	free(l);
	w->range = NULL;
}
