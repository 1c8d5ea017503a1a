// SPDX-License-Identifier: GPL-2.0-only
/* The causes a server in the way can have. Each is shown by asking the kernel's rule again with
 * the one difference taken away: what then would be let in was refused for that difference. */
#include "core/rule/server.h"

#include "core/base/address.h"
#include "core/process/party.h"

static void sides_of(const struct pc_verdict *v, const struct pc_holder *h, struct pc_side *asking,
		     struct pc_side *holding)
{
	pc_side_of_requester(&v->request, asking);
	pc_side_of_holder(&h->socket, holding);
}

enum pc_reuseport pc_reuseport_of(const struct pc_verdict *v, const struct pc_holder *h)
{
	struct pc_side asking, holding;
	bool refused_has, holder_has;

	sides_of(v, h, &asking, &holding);
	refused_has = asking.reuseport;
	holder_has = holding.reuseport;
	asking.reuseport = holding.reuseport = true;
	asking.uid = holding.uid;
	if ((!refused_has && !holder_has) || pc_conflict(v->request.proto, &asking, &holding))
		return PC_REUSEPORT_NO_MATTER;
	if (refused_has && holder_has)
		return h->socket.uid != v->request.socket.uid ? PC_REUSEPORT_USERS :
								PC_REUSEPORT_NO_MATTER;
	return refused_has ? PC_REUSEPORT_REFUSED_ONLY : PC_REUSEPORT_HOLDER_ONLY;
}

bool pc_server_fits(const struct pc_verdict *v, const struct pc_side *asking,
		    void (*change)(struct pc_side *holding))
{
	struct pc_side asked, holding;

	if (v->holders_total > v->holders_count)
		return false;
	for (unsigned i = 0; i < v->holders_count; i++) {
		sides_of(v, &v->holders[i], &asked, &holding);
		if (v->holders[i].blocking && !pc_conflict(v->request.proto, &asked, &holding))
			return false;
		if (change)
			change(&holding);
		if (pc_conflict(v->request.proto, asking, &holding))
			return false;
	}
	return true;
}

static bool is_v6_any(const struct pc_side *s)
{
	return s->family == PC_FAMILY_V6 && pc_address_is_any(PC_FAMILY_V6, s->v6);
}

bool pc_side_is_any(const struct pc_side *s)
{
	if (s->family != PC_FAMILY_V6 || pc_address_is_mapped(PC_FAMILY_V6, s->v6))
		return !s->v4;
	return is_v6_any(s);
}

bool pc_side_is_dual_stack(const struct pc_side *side)
{
	return is_v6_any(side) && !side->v6only;
}

bool pc_dual_stack(const struct pc_side *asking, const struct pc_side *holding)
{
	struct pc_side a = *asking, h = *holding;

	if (pc_side_is_dual_stack(&a))
		a.v6only = true;
	else if (pc_side_is_dual_stack(&h))
		h.v6only = true;
	else
		return false;
	return pc_addresses_overlap(asking, holding) && !pc_addresses_overlap(&a, &h);
}

bool pc_wildcard_overlap(const struct pc_side *asking, const struct pc_side *holding)
{
	return pc_side_is_any(asking) != pc_side_is_any(holding) &&
	       pc_addresses_overlap(asking, holding);
}

enum pc_cause pc_server_cause(const struct pc_verdict *v, const struct pc_holder *h)
{
	enum pc_reuseport reuseport = pc_reuseport_of(v, h);
	struct pc_side asking, holding;
	enum pc_twin twin;

	sides_of(v, h, &asking, &holding);
	if (pc_holder_is_inherited(h) && !h->claimer.running)
		return PC_CAUSE_INHERITED_LISTENER;
	if (reuseport == PC_REUSEPORT_USERS)
		return PC_CAUSE_REUSEPORT_MISMATCH;
	if (pc_holder_twin(v, h, &twin))
		return PC_CAUSE_DUPLICATE_INSTANCE;
	if (pc_holder_is_inherited(h))
		return PC_CAUSE_INHERITED_LISTENER;
	if (pc_dual_stack(&asking, &holding))
		return PC_CAUSE_DUAL_STACK;
	if (pc_wildcard_overlap(&asking, &holding))
		return PC_CAUSE_WILDCARD_OVERLAP;
	return reuseport ? PC_CAUSE_REUSEPORT_MISMATCH : PC_CAUSE_LISTENER;
}
