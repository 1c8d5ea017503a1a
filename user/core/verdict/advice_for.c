// SPDX-License-Identifier: GPL-2.0-only
/* Clauses about somebody else for whom a process holds a port or asks for one. */
#include <string.h>

#include "core/process/helper.h"
#include "core/process/party.h"
#include "core/verdict/advice_phrases.h"
#include "core/verdict/advice_stop.h"

/* The words of a user's process are hints, and said to be that. */
static void put_helped(struct pc_advice *a, const struct pc_helper *h, uint32_t uid)
{
	pc_advice_explain(a, " for a container");
	if (!h->by_root)
		pc_advice_explain(a, " of user %u", uid);
	if (h->container[0])
		pc_advice_explain(a, ", %.12s", h->container);
	if (h->address[0] && h->port)
		pc_advice_explain(a, ", %s port %u", h->address, h->port);
	if (!h->by_root && (h->container[0] || h->address[0]))
		pc_advice_explain(a, ", as its arguments say");
}

static const struct pc_party *holding_manager(const struct pc_holder *h)
{
	const struct pc_party *p = pc_holder_process(h);

	for (unsigned i = 0; i < h->owners_count; i++)
		if (pc_party_is_manager(&h->owners[i]))
			return &h->owners[i];
	return p && pc_party_is_manager(p) ? p : NULL;
}

void pc_advice_explain_holder_for(struct pc_advice *a)
{
	const struct pc_party *p = holding_manager(a->holder);
	char name[PC_ADVICE_NAME];
	struct pc_helper helper;

	if (p) {
		pc_advice_explain(a, "; %s holds the port for a socket unit",
				  pc_advice_name(p, name));
		if (a->holder->socket_unit[0])
			pc_advice_explain(a, ", %s", a->holder->socket_unit);
		return;
	}
	p = pc_holder_process(a->holder);
	if (p && p->who && pc_helper_of(p->who, &helper)) {
		pc_advice_explain(a, "; %s holds the port", pc_advice_name(p, name));
		put_helped(a, &helper, p->who->uid);
	}
}

/* systemd makes the sockets of a socket unit in a child of its own in the unit's cgroup, which is gone at once. NULL:
 * the process is none. */
static const char *socket_unit_of(const struct pc_party *p)
{
	const char *slash = p->who->cgroup ? strrchr(p->who->cgroup, '/') : NULL;
	size_t len = slash ? strlen(slash) : 0;

	if (p->who->uid || p->who->container || p->who->below_user ||
	    strncmp(p->comm, "(sd-", strlen("(sd-")))
		return NULL;
	return len > strlen("/.socket") && !strcmp(slash + len - strlen(".socket"), ".socket") ?
		       slash + 1 :
		       NULL;
}

void pc_advice_explain_asked_for(struct pc_advice *a)
{
	const struct pc_party *p = &a->verdict->requester;
	const char *socket_unit = p->who ? socket_unit_of(p) : NULL;
	char name[PC_ADVICE_NAME];
	struct pc_helper helper;

	if (socket_unit)
		pc_advice_explain(a, "; systemd asked for it for the socket unit %s", socket_unit);
	if (!p->who || !pc_helper_of(p->who, &helper))
		return;
	pc_advice_explain(a, "; %s asked", pc_advice_name(p, name));
	put_helped(a, &helper, p->who->uid);
}
