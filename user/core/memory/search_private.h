/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by search.c and search_claim.c only. */
#ifndef PORTCLASH_SEARCH_PRIVATE_H
#define PORTCLASH_SEARCH_PRIVATE_H

#include <stdlib.h>

#include "core/base/text.h"
#include "core/memory/search.h"
#include "core/process/party.h"

/* Below these, servers have ports by name. */
#define PC_SEARCH_USER_PORT 1024

static inline bool pc_search_of_client(const struct pc_request *r)
{
	return r->op == PC_OP_CONNECT || r->op == PC_OP_SEND;
}

/* Is this a port that the search would ask for, or take, after the one that was refused last? */
static inline bool pc_search_is_near(const struct pc_search *s, uint16_t port)
{
	int next = (int)port - s->last_port, from_first = (int)port - s->out.request.wanted_port;

	if ((next > 0 && next <= PC_SEARCH_STEP) || next == -1)
		return true;
	return s->steps > 1 && abs(from_first) <= PC_SEARCH_NEAR;
}

static inline bool pc_search_at_once(const struct pc_search *s, uint64_t time_ns)
{
	return time_ns < s->out.last_ns + PC_SEARCH_AT_ONCE_NS;
}

/* A container that is started again has another network namespace, unless it is one of a pod. */
static inline bool pc_search_in_container(const struct pc_search *s)
{
	return s->out.requester.who && s->out.requester.who->container;
}

/* Twins of different services are different servers. */
static inline bool pc_search_may_succeed(const struct pc_search *s, const struct pc_identity *who)
{
	const struct pc_identity *before = s->out.requester.who;

	return who && before && pc_text_same_or_none(before->unit, who->unit) &&
	       pc_text_same_or_none(before->inner_unit, who->inner_unit) &&
	       pc_identity_may_be_twin(before, who);
}

/* The same for certain: a process that got the port is named only then. */
static inline bool pc_search_succeeds(const struct pc_search *s, const struct pc_identity *who)
{
	return pc_search_may_succeed(s, who) && pc_identity_twin(s->out.requester.who, who);
}

#endif
