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

	if (pc_identity_from_record(record, &who))
		return;
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

/* A claim seen at a send can be of a socket that has long had its port: what is known of it
 * already, be it a claim or that it is older than portclash, stands. */
static bool adds_nothing(const struct pc_watch *w, const struct pc_claim *c)
{
	return c->flags & PC_CLAIM_MAYBE_OLD && pc_ledger_find(w->ledger, c->cookie);
}

static void to_ledger(struct pc_watch *w, const struct pc_claim *c)
{
	struct pc_entry e = {
		.cookie = c->cookie,
		.time_ns = c->time_ns,
		.process = process_of(w, c),
		.tid = c->tid,
		.port = c->port,
		.how = c->how,
	};

	/* Until the first pass over all sockets was over, such a socket may be older. */
	if (c->flags & PC_CLAIM_MAYBE_OLD && c->time_ns < w->started_ns)
		e.flags = PC_ENTRY_MAYBE_OLD;
	if (pc_ledger_put(w->ledger, &e))
		w->counters.ledger_refused++;
}

static void print_claim(struct pc_watch *w, struct pc_claim_event *c)
{
	struct pc_clock clock;

	if (w->sink_gone)
		return;
	pc_resolve_party(w, &c->claim.process, c->claim.comm, &c->party);
	c->party.tid = c->claim.tid;
	if (!pc_filter_claim(w, c))
		return;
	pc_clock_now(&clock);
	pc_sink_result(w, w->options.sink->claim(w->options.log, &clock, c));
}

static struct pc_claim_event *pending_at(struct pc_watch *w, unsigned i)
{
	return &w->pending[(w->pending_first + i) % PC_CLAIMS_PENDING_MAX];
}

/* Drops printed claims (cookie 0) from the front. */
static void pending_trim(struct pc_watch *w)
{
	while (w->pending_count && !pending_at(w, 0)->claim.cookie) {
		w->pending_first = (w->pending_first + 1) % PC_CLAIMS_PENDING_MAX;
		w->pending_count--;
	}
}

static void print_pending(struct pc_watch *w, struct pc_claim_event *c)
{
	print_claim(w, c);
	c->claim.cookie = 0;
	pending_trim(w);
}

static void wait_for_endpoints(struct pc_watch *w, const struct pc_claim *record)
{
	struct pc_claim_event *c;

	if (w->pending_count == PC_CLAIMS_PENDING_MAX)
		print_pending(w, pending_at(w, 0));
	c = pending_at(w, w->pending_count++);
	memset(c, 0, sizeof(*c));
	c->claim = *record;
}

void pc_claims_flush(struct pc_watch *w)
{
	while (w->pending_count)
		print_pending(w, pending_at(w, 0));
}

static void on_claim(void *context, const struct pc_claim *c)
{
	struct pc_watch *w = context;

	if (adds_nothing(w, c))
		return;
	w->counters.claims[c->how]++;
	to_ledger(w, c);
	if (w->options.with_claims)
		wait_for_endpoints(w, c);
}

/* The newest waiting claim of this socket: a socket that connects again claims again. */
static void on_endpoints(void *context, const struct pc_endpoints *e)
{
	struct pc_watch *w = context;

	for (unsigned i = w->pending_count; i-- > 0;) {
		struct pc_claim_event *c = pending_at(w, i);

		if (c->claim.cookie != e->cookie)
			continue;
		c->endpoints = *e;
		print_pending(w, c);
		return;
	}
}

static bool wanted(const struct pc_watch *w, const struct pc_refusal *r)
{
	const struct pc_filter *f = &w->options.filter;

	return (!f->has_ports || pc_ports_has(f->ports, r->wanted_port)) &&
	       (!f->proto || f->proto == r->proto) && (!f->pid || f->pid == r->process.tgid) &&
	       (!f->tree || r->descendant);
}

bool pc_filter_claim(const struct pc_watch *w, const struct pc_claim_event *c)
{
	const struct pc_filter *f = &w->options.filter;
	uint16_t port = c->endpoints.header.type ? c->endpoints.lport : c->claim.port;

	return (!f->has_ports || pc_ports_has(f->ports, port)) &&
	       (!f->proto || f->proto == c->claim.proto) &&
	       (!f->pid || f->pid == c->claim.process.tgid) &&
	       (!f->tree || (c->party.who && c->party.who->descendant));
}

static void take_holders(struct pc_verdict *v)
{
	for (int i = 0; i < PC_HOLDERS_MAX; i++) {
		if (!(v->refusal.holders[i].flags & PC_SOCKET_PRESENT))
			continue;
		v->holders[v->holders_count].socket = v->refusal.holders[i];
		v->holders[v->holders_count++].peer.fd = -1;
	}
}

static void on_refusal(void *context, const struct pc_refusal *r)
{
	struct pc_watch *w = context;
	struct pc_verdict *v;

	if (!wanted(w, r))
		return;
	if (w->batch_count == PC_BATCH_MAX)
		pc_batch_finish(w);
	v = &w->batch[w->batch_count++];
	memset(v, 0, sizeof(*v));
	v->refusal = *r;
	take_holders(v);
	/* At once: a refused server is often about to exit. */
	pc_resolve_party(w, &r->process, r->comm, &v->requester);
	v->requester.tid = r->tid;
}

const struct pc_record_handler pc_ingest = {
	.process = on_process,
	.claim = on_claim,
	.endpoints = on_endpoints,
	.refusal = on_refusal,
};
