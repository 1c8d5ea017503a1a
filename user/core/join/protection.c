// SPDX-License-Identifier: GPL-2.0-only
/* Early warnings (--protect): the kernel gives a client a port that is to stay free, or the port of an
 * exposed listener that has ended. The kernel side sends both ends of claims on such ports only. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"
#include "core/join/decode.h"
#include "core/join/join_private.h"
#include "core/memory/ended.h"
#include "core/memory/warned_quota.h"
#include "core/rule/exposure.h"

/* Claims whose endpoints have not been read yet: that record comes right behind. */
#define WAITING_MAX 16

struct pc_protection {
	uint64_t listed[PC_PORT_WORDS];
	bool off; /* no port is listed */
	struct pc_ended_table *ended;
	struct pc_netns_settings settings; /* of portclash's own network namespace */
	bool settings_known;
	uint64_t settings_ns; /* when they were read */
	struct pc_claim waiting[WAITING_MAX];
	unsigned waiting_count;
	struct pc_warned_quota quota;
};

static bool lists_none(const uint64_t *listed)
{
	return !pc_ports_count(listed, 1, PC_PORTS - 1);
}

struct pc_protection *pc_protection_new(const uint64_t *listed)
{
	struct pc_protection *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	memcpy(p->listed, listed, sizeof(p->listed));
	p->off = lists_none(listed);
	p->ended = pc_ended_new();
	if (p->ended)
		return p;
	free(p);
	return NULL;
}

void pc_protection_free(struct pc_protection *p)
{
	if (p)
		pc_ended_free(p->ended);
	free(p);
}

static void mark_port(struct pc_join *j, uint16_t port, bool on)
{
	j->kernel.protect(j->kernel.context, port, on);
}

void pc_join_protect_start(struct pc_join *j, uint64_t now_ns)
{
	pc_join_begin(j, PC_STEP_PROTECT_START, now_ns,
		      j->protection ? j->protection->listed : NULL);
	for (unsigned port = 1; j->protection && port < PC_PORTS; port++)
		if (pc_ports_has(j->protection->listed, (uint16_t)port))
			mark_port(j, (uint16_t)port, true);
}

/* A listener is not missed on this port any more; one of another user may be. */
static void unmark_port(struct pc_join *j, uint16_t port)
{
	if (port && !pc_ports_has(j->protection->listed, port) &&
	    !pc_ended_find(j->protection->ended, port))
		mark_port(j, port, false);
}

static void protection_replace_list(struct pc_join *j, const uint64_t *listed)
{
	struct pc_protection *p = j->protection;

	for (unsigned port = 1; port < PC_PORTS; port++) {
		bool is = pc_ports_has(listed, (uint16_t)port);

		if (is != pc_ports_has(p->listed, (uint16_t)port) &&
		    !pc_ended_find(p->ended, (uint16_t)port))
			mark_port(j, (uint16_t)port, is);
	}
	memcpy(p->listed, listed, sizeof(p->listed));
}

int pc_join_protect(struct pc_join *j, uint64_t now_ns, const uint64_t *listed)
{
	bool off = lists_none(listed);
	uint16_t ended;

	pc_join_begin(j, PC_STEP_PROTECT, now_ns, listed);
	if (!j->protection)
		return off ? 0 : -EOPNOTSUPP;
	protection_replace_list(j, listed);
	j->protection->off = off;
	/* No ended listener is missed any more, either. */
	while (off && (ended = pc_ended_expire(j->protection->ended, UINT64_MAX)))
		unmark_port(j, ended);
	return 0;
}

/* The settings of portclash's own network namespace, not older than that. NULL: not known. */
static const struct pc_netns_settings *own_settings(struct pc_join *j, uint64_t max_age_ns)
{
	struct pc_protection *p = j->protection;
	struct pc_netns_ref own = { .inode = j->options.netns };

	if (!p->settings_ns || pc_join_since(j, p->settings_ns) >= max_age_ns) {
		p->settings_known = !j->host.settings(j->host.context, &own, &p->settings);
		p->settings_ns = j->now_ns;
	}
	return p->settings_known ? &p->settings : NULL;
}

/* The settings of the namespace that a warning is about; `other` has room for those of another one. */
static const struct pc_netns_settings *protection_settings_of(struct pc_join *j,
							      struct pc_warning *warning,
							      struct pc_netns_settings *other)
{
	const struct pc_party *client = &warning->claim.claimer;
	struct pc_netns_ref netns = { .inode = warning->claim.netns };

	if (netns.inode == j->options.netns)
		return own_settings(j, 0);
	if (client->who && client->running && client->who->netns == netns.inode)
		netns.pid = client->who->key.tgid;
	else
		netns.pid = pc_batch_space_pid(j, netns.inode);
	warning->netns_pid = netns.pid;
	if (!netns.pid || j->options.own_netns_only ||
	    j->host.settings(j->host.context, &netns, other))
		return NULL;
	return other;
}

/* The kernel side tells only of listeners in portclash's own network namespace. */
static bool may_miss_listener(const struct pc_join *j, uint32_t netns, uint8_t proto)
{
	return netns == j->options.netns && proto == PC_PROTO_TCP;
}

/* The listener that is missed on this port. */
static const struct pc_ended *missed_listener(const struct pc_join *j, const struct pc_claim *c)
{
	if (!may_miss_listener(j, c->netns, c->proto))
		return NULL;
	return pc_ended_find(j->protection->ended, c->port);
}

static bool concerns_claim(const struct pc_join *j, const struct pc_claim *c)
{
	return c->port && pc_warning_concerns(c->how) &&
	       (pc_ports_has(j->protection->listed, c->port) || missed_listener(j, c));
}

/* The claimer as its record told, without a look at the host; NULL: no record came. */
static const struct pc_identity *recorded_claimer(const struct pc_join *j, const struct pc_claim *c)
{
	return pc_processes_get(j->processes, pc_processes_find(j->processes, &c->claimer.key));
}

/* The quota is asked before the host is: a warning that is not shown costs no look at /proc where the claimer was
 * recorded. */
static bool may_show(struct pc_join *j, struct pc_warning *warning)
{
	const struct pc_identity *who = recorded_claimer(j, &warning->claim);
	struct pc_family family;

	if (!who) {
		pc_identify_party(j, &warning->claim.claimer);
		who = warning->claim.claimer.who;
	}
	pc_family_of_process(who, &family);
	if (pc_warned_quota_may(&j->protection->quota, &family, j->now_ns, &warning->suppressed))
		return true;
	j->counters.warnings_suppressed++;
	return false;
}

static void show_warning(struct pc_join *j, struct pc_warning *warning)
{
	pc_places_find_one(j, &warning->claim.claimer);
	pc_warning_advise(warning);
	j->counters.warnings++;
	if (j->output.warning)
		j->output.warning(j->output.context, warning);
	pc_warning_clear(warning);
}

static bool has_forgotten(struct pc_join *j, uint32_t netns, uint8_t proto, uint16_t port)
{
	return may_miss_listener(j, netns, proto) &&
	       pc_ended_forgot(j->protection->ended, port, j->now_ns);
}

const char *pc_protection_missing(struct pc_join *j, const struct pc_verdict *v)
{
	const struct pc_request *r = &v->request;

	if (!j->protection || v->primary < 0 || !pc_warning_concerns(v->holders[v->primary].how) ||
	    !has_forgotten(j, r->netns, r->proto, r->wanted_port))
		return NULL;
	return "a listener that ended on this port was forgotten in the last two hours, because too many ended: its name is lost, and a warning may be missing";
}

static void warn_of(struct pc_join *j, const struct pc_claim *c)
{
	const struct pc_ended *ended = missed_listener(j, c);
	struct pc_netns_settings other = { 0 };
	struct pc_warning warning = {
		.claim = *c,
		.listed = pc_ports_has(j->protection->listed, c->port),
		.monitor_netns = j->options.netns,
		.monitor_boots = j->options.boots,
	};
	struct pc_ended listener;

	j->counters.protected_claims[c->proto == PC_PROTO_UDP][c->how]++;
	if (!may_show(j, &warning))
		return;
	pc_identify_party(j, &warning.claim.claimer);
	pc_look_for(j, pc_family_user(warning.claim.claimer.who), &warning.claim.claimer.key);
	warning.listener_forgotten = has_forgotten(j, c->netns, c->proto, c->port);
	if (ended) {
		listener = *ended;
		listener.party.running =
			ended->party.who &&
			j->host.is_running(j->host.context, &ended->party.who->key);
		warning.listener = &listener;
	}
	warning.settings = protection_settings_of(j, &warning, &other);
	show_warning(j, &warning);
}

/* A server has the port again, or another process of its user by number: the kernel gives the port to nobody. */
static void forget_listener(struct pc_join *j, const struct pc_claim *c)
{
	struct pc_family family;

	if (!may_miss_listener(j, c->netns, c->proto))
		return;
	pc_family_of_process(recorded_claimer(j, c), &family);
	if (pc_ended_drop(j->protection->ended, c->port, &family))
		unmark_port(j, c->port);
}

static void mark_warned(struct pc_join *j, uint64_t cookie)
{
	const struct pc_entry *e = pc_ledger_find(j->ledger, cookie);
	struct pc_entry warned;

	if (!e)
		return;
	warned = *e;
	warned.flags |= PC_ENTRY_WARNED;
	pc_ledger_put(j->ledger, &warned);
}

void pc_protection_claim(struct pc_join *j, const struct pc_claim_record *record)
{
	struct pc_protection *p = j->protection;
	struct pc_claim c;

	if (!p)
		return;
	pc_claim_decode(record, &c);
	if (c.how == PC_HOW_BIND)
		forget_listener(j, &c);
	if (!concerns_claim(j, &c))
		return;
	mark_warned(j, c.cookie);
	if (p->waiting_count == WAITING_MAX)
		pc_protection_flush(j);
	p->waiting[p->waiting_count++] = c;
}

void pc_protection_flush(struct pc_join *j)
{
	struct pc_protection *p = j->protection;
	uint16_t port;

	if (!p)
		return;
	for (unsigned i = 0; i < p->waiting_count; i++)
		warn_of(j, &p->waiting[i]);
	p->waiting_count = 0;
	while ((port = pc_ended_expire(p->ended, j->now_ns)))
		unmark_port(j, port);
}

static bool was_waiting(struct pc_join *j, const struct pc_endpoints *ends)
{
	struct pc_protection *p = j->protection;

	for (unsigned i = 0; i < p->waiting_count; i++) {
		struct pc_claim c = p->waiting[i];

		if (c.cookie != ends->cookie)
			continue;
		p->waiting[i] = p->waiting[--p->waiting_count];
		c.ends = *ends;
		c.ends_known = true;
		warn_of(j, &c);
		return true;
	}
	return false;
}

/* The claim came without a port (PC_CLAIM_PORT_LATER), and is in the ledger. */
static void take_port(struct pc_join *j, const struct pc_endpoints *ends, bool own_netns)
{
	const struct pc_entry *entry = pc_ledger_find(j->ledger, ends->cookie);
	const struct pc_identity *who;
	struct pc_claim c;

	if (!entry || entry->flags & (PC_ENTRY_OLDER | PC_ENTRY_WARNED))
		return;
	who = pc_processes_get(j->processes, entry->process);
	c = (struct pc_claim){
		.time_ns = entry->time_ns,
		.cookie = ends->cookie,
		.netns = own_netns ? j->options.netns :
			 who	   ? who->netns :
				     0,
		.port = ends->lport,
		.how = entry->how,
		.proto = entry->how == PC_HOW_CONNECT ? PC_PROTO_TCP : PC_PROTO_UDP,
		.family = ends->family,
		.claimer = { .tid = entry->tid, .fd = -1 },
		.ends_known = true,
		.ends = *ends,
	};
	if (who) {
		c.claimer.key = who->key;
		memcpy(c.claimer.comm, who->comm, sizeof(c.claimer.comm));
	}
	if (!concerns_claim(j, &c))
		return;
	mark_warned(j, ends->cookie);
	warn_of(j, &c);
}

static void take_ended_listener(struct pc_join *j, const struct pc_endpoints *ends)
{
	const struct pc_netns_settings *s = own_settings(j, PC_NS_PER_SECOND);
	const struct pc_entry *entry = pc_ledger_find(j->ledger, ends->cookie);
	struct pc_ended ended = { .ended_ns = j->now_ns,
				  .port = ends->lport,
				  .family = ends->family };
	struct pc_offer offer;
	int forgotten;

	if (s)
		offer = (struct pc_offer){ s->low, s->high, s->reserved };
	if (!s || j->protection->off || !pc_port_exposed(&offer, ends->lport)) {
		unmark_port(j, ends->lport);
		return;
	}
	memcpy(ended.local, ends->local, sizeof(ended.local));
	if (entry)
		pc_identify_index(j, entry->process, &ended.party);
	pc_family_of_process(ended.party.who, &ended.owner);
	forgotten = pc_ended_put(j->protection->ended, &ended);
	if (forgotten > 0) {
		j->counters.listeners_forgotten++;
		unmark_port(j, (uint16_t)forgotten);
	}
	/* The port is marked already, unless a bind() before this listener ended was read only
	 * now. */
	mark_port(j, ends->lport, true);
}

void pc_protection_ends(struct pc_join *j, const struct pc_endpoints_record *record)
{
	struct pc_endpoints ends;

	if (!j->protection)
		return;
	pc_endpoints_decode(record, &ends);
	if (record->closed)
		take_ended_listener(j, &ends);
	else if (!was_waiting(j, &ends))
		take_port(j, &ends, record->own_netns);
}
