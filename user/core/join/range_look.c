// SPDX-License-Identifier: GPL-2.0-only
/* The processes that use up the ephemeral range of a network namespace. One look at the namespace's
 * sockets, which costs some 2 microseconds a socket, serves all refusals there that came before it; an
 * older look says nothing about a refusal. */
#include <stdlib.h>
#include <string.h>

#include "core/join/join_private.h"

#define KEEP_NS PC_NS_PER_SECOND

struct pc_range_look {
	uint64_t netns_key; /* of the refusal: inode numbers are used again at once */
	bool ok;
	struct pc_netns_look found;
	struct pc_range_use use; /* of the verdict that is told next */
};

static void look_again(struct pc_join *j, struct pc_range_look *l, const struct pc_verdict *v)
{
	struct pc_netns_ref netns = { .inode = v->request.netns, .pid = v->netns_pid };

	if (v->requester.who && v->requester.running && v->requester.who->netns == netns.inode)
		netns.pid = v->requester.who->key.tgid;
	l->netns_key = v->request.netns_key;
	l->ok = false;
	l->found.sockets.count = 0;
	l->found.took_ns = 0;
	l->found.time_ns = j->now_ns > v->time_ns ? j->now_ns : v->time_ns;
	if (netns.inode == j->options.netns || (netns.pid && !j->options.own_netns_only))
		l->ok = !j->host.look(j->host.context, &netns, &l->found);
	pc_look_end(j, PC_LOOK_RANGE, l->found.took_ns);
}

static uint32_t claimer_of(void *context, const struct pc_socket *s)
{
	struct pc_join *j = context;
	const struct pc_entry *e = pc_ledger_find(j->ledger, s->cookie);

	return e ? e->process : 0;
}

const struct pc_range_use *pc_range_look_use(struct pc_join *j, const struct pc_verdict *v)
{
	struct pc_range_look *l = j->range_look;

	if (v->cause != PC_CAUSE_RANGE_EXHAUSTED)
		return NULL;
	if (!l && !(l = j->range_look = calloc(1, sizeof(*l))))
		return NULL;
	if (l->netns_key != v->request.netns_key || l->found.time_ns < v->time_ns) {
		if (!pc_look_begin(j, PC_LOOK_RANGE))
			return NULL;
		look_again(j, l, v);
	}
	if (!l->ok || pc_range_use_of(&l->found.sockets, &l->found.settings, &v->request,
				      claimer_of, j, &l->use))
		return NULL;
	for (unsigned i = 0; i < l->use.users_count; i++)
		pc_identify_index(j, l->use.users[i].process, &l->use.users[i].party);
	return &l->use;
}

void pc_range_look_forget(struct pc_join *j, bool at_once)
{
	struct pc_range_look *l = j->range_look;

	if (!l || (!at_once && pc_join_since(j, l->found.time_ns) < KEEP_NS))
		return;
	free(l->found.sockets.list);
	free(l);
	j->range_look = NULL;
}
