// SPDX-License-Identifier: GPL-2.0-only
/* What each record from the kernel does: processes and claims go to their tables, refusals
 * wait in the batch. */
#include <errno.h>
#include <string.h>

#include "core/identity.h"
#include "core/ports.h"
#include "watch/watch_private.h"

static void on_process(void *context, const struct pc_process *record)
{
	struct pc_watch *w = context;
	struct pc_identity who;

	if (pc_identity_from_record(record, &who)) {
		w->processes_bad++;
		return;
	}
	pc_identity_name_cgroup(&who);
	pc_processes_put(w->processes, &who);
}

/* A claim whose process record was lost: its pid and comm are better than nothing. */
static uint32_t process_of(struct pc_watch *w, const struct pc_claim *c)
{
	uint32_t index = pc_processes_find(w->processes, &c->process);
	struct pc_identity who = { .key = c->process, .netns = c->netns };
	long added;

	if (index)
		return index;
	memcpy(who.comm, c->comm, sizeof(who.comm));
	added = pc_processes_put(w->processes, &who);
	return added < 0 ? 0 : (uint32_t)added;
}

/* A claim seen at a send or listen() can be of a socket that has long had its port: what is known of
 * it already, be it a claim or that it is older than portclash, stands. But a socket that listens has
 * not got its port by the connect() that failed before. */
static bool adds_nothing(const struct pc_watch *w, const struct pc_claim *c)
{
	const struct pc_entry *e;

	if (!(c->flags & (PC_CLAIM_MAYBE_OLD | PC_CLAIM_IF_NEW)))
		return false;
	e = pc_ledger_find(w->ledger, c->cookie);
	if (!e)
		return false;
	if (c->flags & PC_CLAIM_IF_NEW)
		return e->how != PC_HOW_CONNECT || e->flags & PC_ENTRY_OLDER;
	return !(e->flags & PC_ENTRY_LATE);
}

static void to_ledger(struct pc_watch *w, const struct pc_claim *c)
{
	struct pc_entry e = {
		.cookie = c->cookie,
		.time_ns = c->time_ns,
		.process = process_of(w, c),
		.tid = c->tid & 0x3fffff,
		.how = c->how & 0xf,
	};

	if (pc_ledger_put(w->ledger, &e))
		w->counters.ledger_refused++;
}

static void on_claim(void *context, const struct pc_claim *c)
{
	struct pc_watch *w = context;

	if (adds_nothing(w, c))
		return;
	w->counters.claims[c->how]++;
	to_ledger(w, c);
	pc_protect_claim(w, c);
	if (w->options.with_claims)
		pc_claims_add(w, c);
}

static void on_endpoints(void *context, const struct pc_endpoints *e)
{
	struct pc_watch *w = context;

	if (!e->closed)
		pc_claims_endpoints(w, e);
	pc_protect_endpoints(w, e);
}

/* The port that was asked for, or, where a connect() names its destination, the client's own. */
static bool is_about(const struct pc_refusal *r, const uint64_t *ports)
{
	if (pc_ports_has(ports, r->wanted_port))
		return true;
	for (unsigned i = 0; i < r->holders_count; i++)
		if (pc_ports_has(ports, r->holders[i].lport))
			return true;
	return false;
}

static bool wanted(const struct pc_watch *w, const struct pc_refusal *r)
{
	const struct pc_filter *f = &w->options.filter;

	return (!f->has_ports || is_about(r, f->ports)) && (!f->proto || f->proto == r->proto) &&
	       (!f->pid || f->pid == r->process.tgid) && (!f->tree || r->descendant);
}

static void on_refusal(void *context, const struct pc_refusal *r)
{
	struct pc_watch *w = context;

	if (!wanted(w, r))
		return;
	if (w->backlog || w->sweeping || w->batch_count == PC_BATCH_MAX)
		pc_backlog_put(w, r);
	else
		pc_batch_add(w, r);
}

const struct pc_record_handler pc_ingest = {
	.process = on_process,
	.claim = on_claim,
	.endpoints = on_endpoints,
	.refusal = on_refusal,
};
