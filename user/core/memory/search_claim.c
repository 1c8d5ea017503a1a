// SPDX-License-Identifier: GPL-2.0-only
/* The rules by which a claim is the outcome of a refusal, or says nothing about it. */
#include <string.h>

#include "core/memory/search_private.h"
#include "core/process/identity.h"

static void search_gain(struct pc_search *s, const struct pc_event *e, enum pc_outcome_kind kind)
{
	s->phase = PC_SEARCH_GAINED;
	s->gained = kind;
	s->gained_ns = e->time_ns;
	s->cookie = e->cookie;
	s->out.port = e->port;
	s->out.how = e->how;
}

void pc_search_settle(struct pc_search *s)
{
	s->out.kind = s->gained;
	s->out.time_ns = s->gained_ns;
	s->resolved = true;
	s->unserved = false;
	s->counts[s->gained]++;
	if (s->gained != PC_OUTCOME_TOOK_ANOTHER)
		return;
	s->episodes++;
	s->phase = PC_SEARCH_TOOK;
	s->out.hunt = s->steps > 1 || pc_search_is_hunter(s);
}

/* The claim was of another address. */
static void search_lose(struct pc_search *s, const struct pc_event *e)
{
	if (s->phase != PC_SEARCH_GAINED || s->cookie != e->cookie)
		return;
	pc_identity_free(&s->winner);
	memset(&s->out.winner, 0, sizeof(s->out.winner));
	s->phase = s->ended ? PC_SEARCH_ENDED : PC_SEARCHING;
	s->gained = PC_OUTCOME_INVALID;
}

static bool is_wanted_address(const struct pc_request *r, const struct pc_event *e)
{
	return !memcmp(r->wanted, e->address, r->wanted_family == PC_FAMILY_V4 ? 4 : PC_ADDR_LEN);
}

/* The port itself was claimed. Which address it was is known a moment later. */
static void take_wanted(struct pc_search *s, const struct pc_event *e)
{
	if (!e->address_known && s->phase != PC_SEARCH_GAINED) {
		search_gain(s, e, PC_OUTCOME_GOT_LATER);
	} else if (e->address_known && !is_wanted_address(&s->out.request, e)) {
		search_lose(s, e);
	} else if (e->address_known) {
		search_gain(s, e, PC_OUTCOME_GOT_LATER);
		pc_search_settle(s);
	}
}

static bool is_wanted_port(const struct pc_request *r, const struct pc_event *e)
{
	if (!r->wanted_port)
		return e->how == PC_HOW_BIND_ZERO || e->how == PC_HOW_AUTOBIND;
	return e->how == PC_HOW_BIND && e->port == r->wanted_port && e->family == r->wanted_family;
}

static void note_other_port(struct pc_search *s, uint16_t port)
{
	for (unsigned i = 0; i < s->others_count; i++)
		if (s->others[i] == port)
			return;
	if (s->others_count < PC_SEARCH_RANDOM)
		s->others[s->others_count++] = port;
}

static bool kernel_chose_instead(const struct pc_search *s, const struct pc_event *e)
{
	return (e->how == PC_HOW_BIND_ZERO ||
		(e->how == PC_HOW_AUTOBIND && e->proto == PC_PROTO_TCP)) &&
	       e->tid == s->out.requester.tid &&
	       e->time_ns < s->out.last_ns + PC_SEARCH_NEXT_CALL_NS;
}

static bool is_random(const struct pc_search *s, const struct pc_event *e)
{
	return e->proto == PC_PROTO_UDP && s->last_port >= PC_SEARCH_USER_PORT &&
	       s->others_count == PC_SEARCH_RANDOM;
}

static bool stands_for_it(const struct pc_search *s, const struct pc_event *e)
{
	if (e->cookie == s->refused_cookie && e->how != PC_HOW_CONNECT)
		return true;
	if (e->how != PC_HOW_BIND)
		return kernel_chose_instead(s, e);
	if (is_random(s, e))
		return true;
	return pc_search_at_once(s, e->time_ns) &&
	       (pc_search_is_hunter(s) || pc_search_is_near(s, e->port));
}

static void take_other(struct pc_search *s, const struct pc_event *e)
{
	if (e->how == PC_HOW_BIND)
		note_other_port(s, e->port);
	if (s->phase != PC_SEARCHING || e->address_known)
		return;
	if (stands_for_it(s, e)) {
		search_gain(s, e, PC_OUTCOME_TOOK_ANOTHER);
	} else if (!s->weak && e->how == PC_HOW_BIND && pc_search_at_once(s, e->time_ns) &&
		   s->last_port >= PC_SEARCH_USER_PORT && e->port >= PC_SEARCH_USER_PORT) {
		s->weak = true;
		s->gained_ns = e->time_ns;
		s->cookie = e->cookie;
		s->out.port = e->port;
		s->out.how = e->how;
	}
}

void pc_search_substitute(struct pc_search *s)
{
	s->phase = PC_SEARCH_GAINED;
	s->gained = PC_OUTCOME_TOOK_ANOTHER;
}

/* A client that had no IPv6 address, and then connects by IPv4, has not got what it asked for. */
static void take_of_client(struct pc_search *s, const struct pc_event *e)
{
	if (s->out.cause == PC_CAUSE_NO_SOURCE_ADDRESS && e->family != PC_FAMILY_V6)
		return;
	if (s->phase == PC_SEARCHING && (e->how == PC_HOW_CONNECT || e->how == PC_HOW_AUTOBIND))
		search_gain(s, e, PC_OUTCOME_GOT_LATER);
}

static void take_of_successor(struct pc_search *s, const struct pc_event *e,
			      const struct pc_identity *who)
{
	const struct pc_party party = { .who = who, .key = e->process, .tid = e->tid, .fd = -1 };

	if (s->phase == PC_SEARCH_TOOK || pc_search_of_client(&s->out.request) ||
	    !is_wanted_port(&s->out.request, e) || !pc_search_succeeds(s, who))
		return;
	pc_party_keep(&party, &s->out.winner, &s->winner);
	take_wanted(s, e);
}

void pc_search_claim(struct pc_search *s, const struct pc_event *e, const struct pc_identity *who)
{
	const struct pc_request *r = &s->out.request;

	if (s->resolved || r->foreign.family || e->time_ns <= s->out.last_ns ||
	    e->proto != r->proto || (e->netns != r->netns && !pc_search_in_container(s)))
		return;
	if (!pc_search_is_of(s, &e->process))
		take_of_successor(s, e, who);
	else if (s->ended)
		return;
	else if (pc_search_of_client(r))
		take_of_client(s, e);
	else if (is_wanted_port(r, e))
		take_wanted(s, e);
	else
		take_other(s, e);
}

void pc_search_recall(struct pc_search *s, const struct pc_event *e)
{
	const struct pc_request *r = &s->out.request;

	if (pc_search_is_of(s, &e->process) && e->proto == r->proto && e->netns == r->netns &&
	    e->how == PC_HOW_BIND && !is_wanted_port(r, e))
		note_other_port(s, e->port);
}
