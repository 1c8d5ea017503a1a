// SPDX-License-Identifier: GPL-2.0-only
/* Early warnings (--protect): the kernel gives a client a port that is to stay free, or that of an
 * exposed listener which has ended. The programs send both ends of claims on such ports only. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/exposure.h"
#include "core/ports.h"
#include "core/warning.h"
#include "host/netns.h"
#include "host/procfs.h"
#include "host/sysctl.h"
#include "watch/watch_private.h"

#define PROC "/proc"

/* Warnings shown in a second; the others are counted. Who protects half of the range is told
 * enough by these, and must not be flooded. */
#define SHOWN_A_SECOND 20
#define NS_PER_SECOND 1000000000ULL

/* Claims whose other record has not been read yet: it comes right behind. */
#define WAITING_MAX 16

struct pc_protect {
	uint64_t listed[PC_PORT_WORDS];
	bool off; /* none are listed any more */
	struct pc_gone_table *gone;
	struct pc_netns_settings settings;
	uint64_t settings_ns; /* read then; 0: never */
	struct pc_claim waiting[WAITING_MAX];
	unsigned waiting_count;
	uint64_t second_ns; /* the one in which `shown` were */
	unsigned shown;
	unsigned long suppressed; /* since the last that was shown */
};

int pc_protect_open(struct pc_watch *w)
{
	struct pc_protect *p;

	if (!w->options.protect)
		return 0;
	p = w->protect = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	memcpy(p->listed, w->options.protect, sizeof(p->listed));
	p->gone = pc_gone_new();
	return p->gone ? 0 : -ENOMEM;
}

void pc_protect_close(struct pc_watch *w)
{
	if (w->protect)
		pc_gone_free(w->protect->gone);
	free(w->protect);
}

void pc_protect_start(struct pc_watch *w)
{
	for (unsigned port = 1; w->protect && port < PC_PORTS; port++)
		if (pc_ports_has(w->protect->listed, (uint16_t)port))
			pc_monitor_protect(w->monitor, (uint16_t)port, true);
}

static void forget(struct pc_watch *w, uint16_t port)
{
	if (port && !pc_ports_has(w->protect->listed, port))
		pc_monitor_protect(w->monitor, port, false);
}

int pc_watch_protect(struct pc_watch *w, const uint64_t *listed)
{
	struct pc_protect *p = w->protect;
	bool off = !pc_ports_count(listed, 1, PC_PORTS - 1);
	uint16_t gone;

	if (!p)
		return off ? 0 : -EOPNOTSUPP;
	for (unsigned port = 1; port < PC_PORTS; port++) {
		bool is = pc_ports_has(listed, (uint16_t)port);

		if (is != pc_ports_has(p->listed, (uint16_t)port) &&
		    !pc_gone_find(p->gone, (uint16_t)port))
			pc_monitor_protect(w->monitor, (uint16_t)port, is);
	}
	memcpy(p->listed, listed, sizeof(p->listed));
	p->off = off;
	/* Nobody is missed any more, either. */
	while (off && (gone = pc_gone_expire(p->gone, UINT64_MAX)))
		forget(w, gone);
	return 0;
}

static void read_settings(void *context)
{
	pc_sysctl_settings(PROC, context);
}

/* Of portclash's own network namespace, not older than that. */
static const struct pc_netns_settings *own_settings(struct pc_protect *p, uint64_t max_age_ns)
{
	uint64_t now = pc_boot_ns();

	if (!p->settings_ns || now - p->settings_ns >= max_age_ns) {
		read_settings(&p->settings);
		p->settings_ns = now;
	}
	return p->settings.known ? &p->settings : NULL;
}

/* Of any; `other` has room for those of another one. */
static const struct pc_netns_settings *settings_of(struct pc_watch *w, struct pc_warning *warning,
						   struct pc_netns_settings *other)
{
	const struct pc_identity *who = warning->client.who;
	struct pc_netns ns = { .inode = warning->claim.netns };

	if (ns.inode == w->netns)
		return own_settings(w->protect, 0);
	if (who && warning->client.running && who->netns == ns.inode)
		ns.pid = who->key.tgid;
	else
		pc_procfs_netns_pid(PROC, ns.inode, &ns.pid);
	warning->netns_pid = ns.pid;
	if (!ns.pid || w->options.own_netns_only || pc_netns_call(PROC, &ns, read_settings, other))
		return NULL;
	return other->known ? other : NULL;
}

/* Only of portclash's own network namespace the listeners are known; TCP as they are. */
static const struct pc_gone *missed(const struct pc_watch *w, const struct pc_claim *c)
{
	if (c->netns != w->netns || c->proto != PC_PROTO_TCP)
		return NULL;
	return pc_gone_find(w->protect->gone, c->port);
}

static bool concerns(const struct pc_watch *w, const struct pc_claim *c)
{
	return c->port && pc_warning_concerns(c->how) &&
	       (pc_ports_has(w->protect->listed, c->port) || missed(w, c));
}

static bool may_show(struct pc_watch *w)
{
	struct pc_protect *p = w->protect;
	uint64_t now = pc_boot_ns();

	if (now - p->second_ns >= NS_PER_SECOND) {
		p->second_ns = now;
		p->shown = 0;
	}
	if (p->shown == SHOWN_A_SECOND) {
		p->suppressed++;
		w->counters.warnings_suppressed++;
		return false;
	}
	p->shown++;
	return true;
}

static void show(struct pc_watch *w, struct pc_warning *warning)
{
	pc_warning_advise(warning);
	warning->suppressed = w->protect->suppressed;
	w->protect->suppressed = 0;
	w->counters.warnings++;
	pc_emit_warning(w, warning);
	pc_warning_clear(warning);
}

static void warn(struct pc_watch *w, const struct pc_claim *c, const struct pc_endpoints *e)
{
	const struct pc_gone *gone = missed(w, c);
	struct pc_netns_settings other = { 0 };
	struct pc_warning warning = {
		.claim = *c,
		.endpoints = e,
		.listed = pc_ports_has(w->protect->listed, c->port),
		.monitor_netns = w->netns,
	};
	struct pc_gone listener;

	w->counters.protected_claims[c->proto == PC_PROTO_UDP][c->how]++;
	if (!may_show(w))
		return;
	pc_resolve_party(w, &c->process, c->comm, &warning.client);
	warning.client.tid = c->tid;
	if (gone) {
		listener = *gone;
		listener.party.running =
			gone->party.who && pc_procfs_is(PROC, &gone->party.who->key);
		warning.listener = &listener;
	}
	warning.settings = settings_of(w, &warning, &other);
	show(w, &warning);
}

/* A server has the port again, or another process by number: the kernel gives it to nobody. */
static void on_bind(struct pc_watch *w, const struct pc_claim *c)
{
	if (c->netns == w->netns && c->proto == PC_PROTO_TCP &&
	    pc_gone_drop(w->protect->gone, c->port))
		forget(w, c->port);
}

static void mark_warned(struct pc_watch *w, uint64_t cookie)
{
	const struct pc_entry *e = pc_ledger_find(w->ledger, cookie);
	struct pc_entry own;

	if (!e)
		return;
	own = *e;
	own.flags |= PC_ENTRY_WARNED;
	pc_ledger_put(w->ledger, &own);
}

void pc_protect_claim(struct pc_watch *w, const struct pc_claim *c)
{
	struct pc_protect *p = w->protect;

	if (p && c->how == PC_HOW_BIND)
		on_bind(w, c);
	if (!p || !concerns(w, c))
		return;
	mark_warned(w, c->cookie);
	if (p->waiting_count == WAITING_MAX)
		pc_protect_flush(w);
	p->waiting[p->waiting_count++] = *c;
}

void pc_protect_flush(struct pc_watch *w)
{
	struct pc_protect *p = w->protect;
	uint16_t port;

	if (!p)
		return;
	for (unsigned i = 0; i < p->waiting_count; i++)
		warn(w, &p->waiting[i], NULL);
	p->waiting_count = 0;
	while ((port = pc_gone_expire(p->gone, pc_boot_ns())))
		forget(w, port);
}

static bool was_waiting(struct pc_watch *w, const struct pc_endpoints *e)
{
	struct pc_protect *p = w->protect;

	for (unsigned i = 0; i < p->waiting_count; i++) {
		struct pc_claim c = p->waiting[i];

		if (c.cookie != e->cookie)
			continue;
		p->waiting[i] = p->waiting[--p->waiting_count];
		warn(w, &c, e);
		return true;
	}
	return false;
}

/* Its claim came without a port (PC_CLAIM_PORT_LATER), and is in the ledger. */
static void on_port_known(struct pc_watch *w, const struct pc_endpoints *e)
{
	const struct pc_entry *entry = pc_ledger_find(w->ledger, e->cookie);
	const struct pc_identity *who;
	struct pc_claim c;

	if (!entry || entry->flags & (PC_ENTRY_OLDER | PC_ENTRY_WARNED))
		return;
	who = pc_processes_get(w->processes, entry->process);
	c = (struct pc_claim){
		.time_ns = entry->time_ns,
		.cookie = e->cookie,
		.tid = entry->tid,
		.netns = e->own_netns ? w->netns :
			 who	      ? who->netns :
					0,
		.port = e->lport,
		.how = entry->how,
		.proto = entry->how == PC_HOW_CONNECT ? PC_PROTO_TCP : PC_PROTO_UDP,
		.family = e->family,
	};
	if (who) {
		c.process = who->key;
		memcpy(c.comm, who->comm, sizeof(c.comm));
	}
	if (!concerns(w, &c))
		return;
	mark_warned(w, e->cookie);
	warn(w, &c, e);
}

static void on_listener_ended(struct pc_watch *w, const struct pc_endpoints *e)
{
	const struct pc_netns_settings *s = own_settings(w->protect, NS_PER_SECOND);
	const struct pc_entry *entry = pc_ledger_find(w->ledger, e->cookie);
	struct pc_gone gone = { .gone_ns = pc_boot_ns(), .port = e->lport, .family = e->family };
	struct pc_offer offer;
	int forgotten;

	if (s)
		offer = (struct pc_offer){ s->low, s->high, s->reserved };
	if (!s || w->protect->off || !pc_port_exposed(&offer, e->lport)) {
		forget(w, e->lport);
		return;
	}
	memcpy(gone.local, e->local, sizeof(gone.local));
	if (entry)
		pc_resolve_index(w, entry->process, &gone.party);
	forgotten = pc_gone_put(w->protect->gone, &gone);
	if (forgotten > 0)
		forget(w, (uint16_t)forgotten);
	/* It is, unless a bind() before this one ended was read only now. */
	pc_monitor_protect(w->monitor, e->lport, true);
}

void pc_protect_endpoints(struct pc_watch *w, const struct pc_endpoints *e)
{
	if (!w->protect)
		return;
	if (e->closed)
		on_listener_ended(w, e);
	else if (!was_waiting(w, e))
		on_port_known(w, e);
}
