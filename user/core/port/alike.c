// SPDX-License-Identifier: GPL-2.0-only
/* Holders compared by what a person reads of them. */
#include "core/port/alike.h"

#include <string.h>

#include "core/base/text.h"

bool pc_parties_alike(const struct pc_party *a, const struct pc_party *b)
{
	if (!a->who || !b->who)
		return a->who == b->who && a->key.tgid == b->key.tgid;
	return a->who->uid == b->who->uid && !strcmp(a->comm, b->comm) &&
	       pc_text_same_or_none(a->who->exe, b->who->exe) && pc_text_same_or_none(a->who->cmdline, b->who->cmdline) &&
	       pc_text_same_or_none(a->who->container, b->who->container) &&
	       pc_text_same_or_none(a->who->unit, b->who->unit);
}

bool pc_holders_alike(const struct pc_holder *a, const struct pc_holder *b)
{
	const struct pc_socket *x = &a->socket, *y = &b->socket;

	if (x->family != y->family || x->proto != y->proto || x->lport != y->lport ||
	    x->state != y->state || x->flags != y->flags || x->reuse != y->reuse ||
	    memcmp(x->local, y->local, sizeof(x->local)) || !x->rport != !y->rport)
		return false;
	if (a->how != b->how || a->owners_count != b->owners_count ||
	    a->owners_more != b->owners_more || !a->peer.who != !b->peer.who ||
	    !pc_text_same_or_none(a->process_note, b->process_note))
		return false;
	for (unsigned i = 0; i < a->owners_count; i++)
		if (!pc_parties_alike(&a->owners[i], &b->owners[i]))
			return false;
	return true;
}
