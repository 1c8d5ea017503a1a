// SPDX-License-Identifier: GPL-2.0-only
/* How the processes of a verdict are related, asked of /proc only where the cause depends on it:
 * of servers in the way. */
#include "core/party.h"
#include "host/family.h"
#include "host/procfs.h"
#include "watch/watch_private.h"

#define PROC "/proc"

/* Asked after /proc was read: then what it said was about this process, and not about one that has
 * its pid by now. */
static bool was_read(const struct pc_identity *who)
{
	return pc_procfs_is_or_was(PROC, &who->key);
}

static void mark_daemons(struct pc_holder *h)
{
	if (!h->maker.who || h->older)
		return;
	for (unsigned i = 0; i < h->owners_count; i++) {
		const struct pc_identity *who = h->owners[i].who;

		h->owners[i].daemon =
			pc_family_is_daemon(PROC, who->key.tgid, h->maker.who->key.tgid) ||
			!was_read(who);
	}
}

static void mark_kin(struct pc_verdict *v, struct pc_holder *h)
{
	const struct pc_party *p = pc_holder_actor(h);
	const struct pc_identity *refused = v->requester.who;

	if (p && p->who && refused && !pc_party_same(p, &v->requester) &&
	    pc_identity_twin(p->who, refused) != PC_TWIN_NONE)
		h->kin = pc_family_is_kin(PROC, p->who, refused) && was_read(p->who) &&
			 was_read(refused);
}

void pc_relations(struct pc_verdict *v)
{
	for (unsigned i = 0; i < v->holders_count; i++) {
		if (!pc_holder_is_server(&v->holders[i]))
			continue;
		mark_daemons(&v->holders[i]);
		mark_kin(v, &v->holders[i]);
	}
}
