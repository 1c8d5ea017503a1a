// SPDX-License-Identifier: GPL-2.0-only
/* The table of guarded ports, its limits, and how ports leave it. */
#include "core/guard/guard.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/array.h"
#include "core/base/time.h"
#include "core/guard/told.h"

/* A unit listens elsewhere for so long before the port that it left counts as moved. */
#define MOVED_AFTER_NS (600 * PC_NS_PER_SECOND)

static const char *const answer_names[] = {
	[PC_GUARD_INVALID] = "invalid",
	[PC_GUARD_ADD] = "reserved",
	[PC_GUARD_KNOWN] = "known",
	[PC_GUARD_OUTSIDE] = "outside-range",
	[PC_GUARD_NOT_MEANT] = "not-in-policy",
	[PC_GUARD_OVER_SHARE] = "over-share",
	[PC_GUARD_OVER_USER] = "over-user-share",
	[PC_GUARD_OVER_TABLE] = "table-full",
	[PC_GUARD_OVER_NETNS] = "too-many-namespaces",
};
_Static_assert(sizeof(answer_names) / sizeof(answer_names[0]) == PC_GUARD_ANSWER_COUNT,
	       "each has a name");

static const char *const reason_names[] = {
	[PC_GUARD_REASON_INVALID] = "invalid",
	[PC_GUARD_LISTENER] = "listener",
	[PC_GUARD_PROTECTED] = "protect",
	[PC_GUARD_LEARNT] = "learnt",
};
_Static_assert(sizeof(reason_names) / sizeof(reason_names[0]) == PC_GUARD_REASON_COUNT,
	       "each has a name");

static const char *const deed_names[] = {
	[PC_GUARD_DEED_INVALID] = "invalid", [PC_GUARD_RESERVED] = "reserved",
	[PC_GUARD_RELEASED] = "released",    [PC_GUARD_RESTORED] = "restored",
	[PC_GUARD_REFUSED] = "refused",	     [PC_GUARD_FAILED] = "failed",
};
_Static_assert(sizeof(deed_names) / sizeof(deed_names[0]) == PC_GUARD_DEED_COUNT,
	       "each has a name");

const char *pc_guard_answer_name(enum pc_guard_answer answer)
{
	return answer_names[(unsigned)answer < PC_GUARD_ANSWER_COUNT ? answer : 0];
}

const char *pc_guard_reason_name(enum pc_guard_reason reason)
{
	return reason_names[(unsigned)reason < PC_GUARD_REASON_COUNT ? reason : 0];
}

const char *pc_guard_deed_name(enum pc_guard_deed deed)
{
	return deed_names[(unsigned)deed < PC_GUARD_DEED_COUNT ? deed : 0];
}

void pc_guard_init(struct pc_guard *g, const struct pc_guard_options *options)
{
	*g = (struct pc_guard){ .options = *options };
}

static void free_netns(struct pc_guard_netns *ns)
{
	free(ns->list);
	free(ns);
}

void pc_guard_free(struct pc_guard *g)
{
	for (size_t i = 0; i < g->count; i++)
		free_netns(g->list[i]);
	free(g->list);
	*g = (struct pc_guard){ .options = g->options };
}

struct pc_guard_netns *pc_guard_find(const struct pc_guard *g, uint32_t inode)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->list[i]->inode == inode)
			return g->list[i];
	return NULL;
}

static bool is_stranger(const struct pc_guard_who *who)
{
	return who->uid && !who->system_unit;
}

/* Would one more of this process' be too many, of `most` in all? */
static bool is_over_user(const struct pc_guard_who *who, size_t of_strangers, size_t of_user,
			 size_t most)
{
	if (is_stranger(who) && (of_strangers + 1) * PC_GUARD_STRANGERS_PART > most)
		return true;
	return who->uid && (of_user + 1) * PC_GUARD_USER_PART > most;
}

enum pc_guard_answer pc_guard_may_enter(const struct pc_guard *g, const struct pc_guard_who *who)
{
	size_t strangers = 0, of_user = 0;

	if (who && !pc_guard_policy_takes(&g->options.policy, who))
		return PC_GUARD_NOT_MEANT;
	if (g->count >= g->options.netns_max)
		return PC_GUARD_OVER_NETNS;
	if (!who)
		return PC_GUARD_ADD;
	for (size_t i = 0; i < g->count; i++) {
		strangers += g->list[i]->stranger;
		of_user += g->list[i]->uid == who->uid;
	}
	return is_over_user(who, strangers, of_user, g->options.netns_max) ? PC_GUARD_OVER_NETNS :
									     PC_GUARD_ADD;
}

struct pc_guard_netns *pc_guard_enter(struct pc_guard *g, uint32_t inode,
				      const struct pc_guard_who *who)
{
	struct pc_guard_netns *ns = pc_guard_find(g, inode);

	if (ns)
		return ns;
	ns = calloc(1, sizeof(*ns));
	if (!ns || pc_array_reserve(&g->list, &g->room, g->count + 1, sizeof(*g->list))) {
		free(ns);
		return NULL;
	}
	ns->inode = inode;
	ns->stranger = who && is_stranger(who);
	ns->uid = who ? who->uid : 0;
	g->list[g->count++] = ns;
	return ns;
}

void pc_guard_leave(struct pc_guard *g, struct pc_guard_netns *ns)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->list[i] == ns) {
			g->list[i] = g->list[--g->count];
			g->ports -= ns->count;
			free_netns(ns);
			return;
		}
}

unsigned pc_guard_share(const struct pc_guard *g, const struct pc_guard_netns *ns)
{
	unsigned range = ns->high ? (unsigned)ns->high - ns->low + 1 : 0;

	return (unsigned)((uint64_t)range * g->options.share_percent / 100);
}

/* The index of the port, or of the first behind it. */
static size_t place_of(const struct pc_guard_netns *ns, uint16_t port)
{
	size_t low = 0, high = ns->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ns->list[middle].port < port)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct pc_guard_port *pc_guard_port(const struct pc_guard_netns *ns, uint16_t port)
{
	size_t at = place_of(ns, port);

	return at < ns->count && ns->list[at].port == port ? &ns->list[at] : NULL;
}

/* Ports of processes that are neither root's nor of a system unit, and ports of one user. */
static void count_ports_of(const struct pc_guard_netns *ns, uint32_t uid, size_t *strangers,
			   size_t *user)
{
	for (size_t i = 0; i < ns->count; i++) {
		const struct pc_guard_port *p = &ns->list[i];

		if (p->reason != PC_GUARD_LISTENER)
			continue;
		*strangers += is_stranger(&p->who);
		*user += p->who.uid == uid;
	}
}

static bool is_over_parts(const struct pc_guard *g, const struct pc_guard_netns *ns,
			  const struct pc_guard_who *who)
{
	size_t strangers = 0, user = 0;

	count_ports_of(ns, who->uid, &strangers, &user);
	if (is_over_user(who, strangers, user, pc_guard_share(g, ns)))
		return true;
	strangers = user = 0;
	for (size_t i = 0; i < g->count; i++)
		count_ports_of(g->list[i], who->uid, &strangers, &user);
	return is_over_user(who, strangers, user, PC_GUARD_PORTS_MAX);
}

static bool is_in_range(const struct pc_guard_netns *ns, uint16_t port)
{
	return port && port >= ns->low && port <= ns->high;
}

enum pc_guard_answer pc_guard_put(struct pc_guard *g, struct pc_guard_netns *ns,
				  const struct pc_guard_port *port)
{
	size_t at = place_of(ns, port->port);

	if (!is_in_range(ns, port->port))
		return PC_GUARD_OUTSIDE;
	if (pc_guard_port(ns, port->port))
		return PC_GUARD_KNOWN;
	if (ns->count >= pc_guard_share(g, ns))
		return PC_GUARD_OVER_SHARE;
	if (port->reason == PC_GUARD_LISTENER && port->who.uid && is_over_parts(g, ns, &port->who))
		return PC_GUARD_OVER_USER;
	if (g->ports >= PC_GUARD_PORTS_MAX ||
	    pc_array_reserve(&ns->list, &ns->room, ns->count + 1, sizeof(*ns->list)))
		return PC_GUARD_OVER_TABLE;
	memmove(&ns->list[at + 1], &ns->list[at], (ns->count - at) * sizeof(*ns->list));
	ns->list[at] = *port;
	ns->count++;
	g->ports++;
	return PC_GUARD_ADD;
}

/* A server has come to a port that is guarded. A stranger on the port of a service is not its heir. */
static void renew_port(struct pc_guard_port *p, const struct pc_guard_who *who, uint64_t now_ns)
{
	bool heir = p->reason == PC_GUARD_LEARNT || !is_stranger(who) || is_stranger(&p->who);

	if (p->reason == PC_GUARD_LEARNT)
		p->reason = PC_GUARD_LISTENER;
	if (heir)
		p->who = *who;
	if (!p->listens)
		p->began_ns = now_ns;
	p->listens = true;
	p->seen_ns = now_ns;
}

enum pc_guard_answer pc_guard_listener(struct pc_guard *g, struct pc_guard_netns *ns, uint16_t port,
				       const struct pc_guard_who *who, uint64_t now_ns)
{
	struct pc_guard_port new = { .port = port,
				     .reason = PC_GUARD_LISTENER,
				     .listens = true,
				     .since_ns = now_ns,
				     .seen_ns = now_ns,
				     .began_ns = now_ns,
				     .who = *who };
	struct pc_guard_port *known = pc_guard_port(ns, port);

	if (!is_in_range(ns, port))
		return PC_GUARD_OUTSIDE;
	if (!pc_guard_policy_takes(&g->options.policy, who))
		return PC_GUARD_NOT_MEANT;
	if (!known)
		return pc_guard_put(g, ns, &new);
	renew_port(known, who, now_ns);
	return PC_GUARD_KNOWN;
}

bool pc_guard_take(struct pc_guard *g, struct pc_guard_netns *ns, uint16_t port)
{
	size_t at = place_of(ns, port);

	if (!pc_guard_port(ns, port))
		return false;
	ns->count--;
	g->ports--;
	memmove(&ns->list[at], &ns->list[at + 1], (ns->count - at) * sizeof(*ns->list));
	return true;
}

void pc_guard_seen(struct pc_guard_netns *ns, const uint64_t *listening, uint64_t now_ns)
{
	for (size_t i = 0; i < ns->count; i++) {
		struct pc_guard_port *p = &ns->list[i];
		bool listens = pc_ports_has(listening, p->port);

		if (listens && !p->listens)
			p->began_ns = now_ns;
		p->listens = listens;
		if (listens)
			p->seen_ns = now_ns;
	}
}

/* Does the unit that had this port listen on another one instead, since after it left? */
static bool has_moved(const struct pc_guard_netns *ns, const struct pc_guard_port *gone,
		      uint64_t now_ns)
{
	if (!gone->who.name[0])
		return false;
	for (size_t i = 0; i < ns->count; i++) {
		const struct pc_guard_port *p = &ns->list[i];

		if (p->listens && p->since_ns > gone->seen_ns &&
		    now_ns - p->began_ns >= MOVED_AFTER_NS && !strcmp(p->who.name, gone->who.name))
			return true;
	}
	return false;
}

static bool is_over(const struct pc_guard *g, const struct pc_guard_netns *ns,
		    const struct pc_guard_port *p, uint64_t now_ns)
{
	if (ns->high && !is_in_range(ns, p->port))
		return true;
	if (p->listens || p->reason == PC_GUARD_PROTECTED)
		return false;
	return now_ns - p->seen_ns >= g->options.grace_ns || has_moved(ns, p, now_ns);
}

unsigned pc_guard_expire(struct pc_guard *g, struct pc_guard_netns *ns, uint64_t now_ns,
			 uint64_t *gone)
{
	unsigned count = 0;

	for (size_t i = ns->count; i--;) {
		uint16_t port = ns->list[i].port;

		if (!is_over(g, ns, &ns->list[i], now_ns))
			continue;
		pc_ports_add(gone, port);
		pc_guard_take(g, ns, port);
		count++;
	}
	return count;
}

void pc_guard_ports(const struct pc_guard_netns *ns, uint64_t *set)
{
	for (size_t i = 0; i < ns->count; i++)
		pc_ports_add(set, ns->list[i].port);
}

void pc_guard_kept(const struct pc_guard_netns *ns, uint64_t *set)
{
	for (size_t i = 0; i < ns->count; i++)
		if (ns->list[i].kept)
			pc_ports_add(set, ns->list[i].port);
}

bool pc_guard_has_new(const struct pc_guard_netns *ns)
{
	for (size_t i = 0; i < ns->count; i++)
		if (!ns->list[i].kept)
			return true;
	return false;
}

void pc_guard_mark(struct pc_guard_netns *ns, const uint64_t *reserved)
{
	for (size_t i = 0; i < ns->count; i++)
		ns->list[i].kept = pc_ports_has(reserved, ns->list[i].port);
}
