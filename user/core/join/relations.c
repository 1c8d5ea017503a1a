// SPDX-License-Identifier: GPL-2.0-only
/* How the processes of a verdict are related. The host is asked only where the cause depends on the
 * answer: about servers in the way. */
#include "core/join/join_private.h"
#include "core/process/party.h"

/* Asked after the host was read: then the host's word was about this process, and not about a later
 * one with the same pid. */
static bool is_same(const struct pc_join *j, const struct pc_identity *who)
{
	return j->host.is_same(j->host.context, &who->key);
}

static void mark_owners(const struct pc_join *j, struct pc_holder *h)
{
	if (!h->claimer.who || h->older)
		return;
	for (unsigned i = 0; i < h->owners_count; i++) {
		const struct pc_identity *who = h->owners[i].who;

		h->owners[i].daemon = j->host.is_daemon(j->host.context, who->key.tgid,
							h->claimer.who->key.tgid) ||
				      !is_same(j, who);
		if (h->owners_count > 1)
			h->owners[i].parent = j->host.parent(j->host.context, who->key.tgid);
	}
}

/* Directories matter where there are two to compare. */
static void find_folders(struct pc_join *j, const struct pc_verdict *v, const struct pc_holder *h)
{
	const struct pc_identity *refused = v->requester.who;

	if (!refused || !refused->folder)
		return;
	if (h->claimer.who && h->claimer.running)
		pc_identify_folder(j, &h->claimer.who->key);
	for (unsigned i = 0; i < h->owners_count; i++)
		if (h->owners[i].who)
			pc_identify_folder(j, &h->owners[i].who->key);
}

static void mark_kin(const struct pc_join *j, const struct pc_verdict *v, struct pc_holder *h)
{
	const struct pc_party *p = pc_holder_process(h);
	const struct pc_identity *refused = v->requester.who;

	if (p && p->who && refused && !pc_party_same(p, &v->requester) &&
	    pc_identity_twin(p->who, refused) != PC_TWIN_NONE)
		h->kin = j->host.is_kin(j->host.context, p->who, refused) && is_same(j, p->who) &&
			 is_same(j, refused);
}

void pc_relations_find(struct pc_join *j, struct pc_verdict *v)
{
	/* First, because a process that was refused often ends at once. */
	if (v->requester.who)
		pc_identify_folder(j, &v->requester.who->key);
	for (unsigned i = 0; i < v->holders_count; i++) {
		if (!pc_holder_is_server(&v->holders[i]))
			continue;
		find_folders(j, v, &v->holders[i]);
		mark_owners(j, &v->holders[i]);
		mark_kin(j, v, &v->holders[i]);
	}
}
