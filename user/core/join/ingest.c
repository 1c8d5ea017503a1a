// SPDX-License-Identifier: GPL-2.0-only
/* Read a ring: processes and claims go to their tables, refusals wait in the batch. */
#include <string.h>

#include "core/base/ports.h"
#include "core/join/decode.h"
#include "core/join/join_private.h"
#include "core/join/process_record.h"
#include "core/join/record.h"
#include "core/process/identity.h"

static void ingest_process(void *context, const struct pc_process_record *record)
{
	struct pc_join *j = context;
	struct pc_identity who;

	if (pc_identity_from_record(record, &who)) {
		j->records_bad++;
		return;
	}
	pc_identity_name_cgroup(&who);
	pc_processes_put(j->processes, &who);
}

/* A claim whose process record was lost still has a pid and comm, which are better than nothing. */
static uint32_t claimer_index(struct pc_join *j, const struct pc_claim_record *c)
{
	uint32_t index = pc_processes_find(j->processes, &c->process);
	struct pc_identity who = { .key = c->process, .netns = c->netns };
	long added;

	if (index)
		return index;
	memcpy(who.comm, c->comm, sizeof(who.comm));
	added = pc_processes_put(j->processes, &who);
	return added < 0 ? 0 : (uint32_t)added;
}

/* A claim seen at a send or listen() can be of a socket that has long had its port: what is known of
 * it already, be it a claim or that it is older than portclash, stands. But a socket on another port has given
 * the first one back, and a socket that listens has not got its port by the connect() that failed before. */
static bool adds_nothing(const struct pc_join *j, const struct pc_claim_record *c)
{
	const struct pc_entry *e;

	if (!(c->flags & (PC_CLAIM_MAYBE_OLD | PC_CLAIM_IF_NEW)))
		return false;
	e = pc_ledger_find(j->ledger, c->cookie);
	if (!e || (e->port && c->port && e->port != c->port))
		return false;
	if (c->flags & PC_CLAIM_IF_NEW)
		return e->how != PC_HOW_CONNECT || e->flags & PC_ENTRY_OLDER;
	return !(e->flags & PC_ENTRY_LATE);
}

static void to_ledger(struct pc_join *j, const struct pc_claim_record *c)
{
	struct pc_entry e = {
		.cookie = c->cookie,
		.time_ns = c->time_ns,
		.process = claimer_index(j, c),
		.tid = c->tid & 0x3fffff,
		.how = c->how & 0xf,
		.port = c->port,
	};

	/* Without its process, the claim would say that nobody made it. A claim that waited in the kernel side's log
	 * (bpf/claim_log.bpf.h) comes after those of the ring, of which one may be the same socket's next claim. */
	if (!e.process || pc_ledger_put_newer(j->ledger, &e))
		j->counters.ledger_refused++;
}

static void ingest_claim(void *context, const struct pc_claim_record *c)
{
	struct pc_join *j = context;

	/* The socket may have been the holder of a refusal that is read next. */
	if (c->flags & PC_CLAIM_ENDED) {
		if (!adds_nothing(j, c))
			to_ledger(j, c);
		pc_outcome_claim(j, c);
		return;
	}
	if (adds_nothing(j, c)) {
		pc_ledger_learn_port(j->ledger, c->cookie, c->port);
		return;
	}
	j->counters.claims[c->how]++;
	to_ledger(j, c);
	pc_protection_claim(j, c);
	pc_pending_add(j, c);
	pc_outcome_claim(j, c);
}

static void ingest_endpoints(void *context, const struct pc_endpoints_record *e)
{
	struct pc_join *j = context;
	struct pc_endpoints ends;

	pc_endpoints_decode(e, &ends);
	if (e->closed >= PC_ENDPOINTS_ENDED) {
		if (j->output.recorded_change)
			j->output.recorded_change(j->output.context, e->cookie, e->state,
						  e->closed);
		return;
	}
	if (!e->closed) {
		pc_outcome_ends(j, &ends);
		pc_pending_ends(j, &ends);
	}
	pc_protection_ends(j, e);
}

/* Is a filtered port wanted by the refused call, or, for a connect() that names its destination, the
 * client's own port? */
static bool concerns_ports(const struct pc_refusal_record *r, const uint64_t *ports)
{
	if (pc_ports_has(ports, r->wanted_port))
		return true;
	for (unsigned i = 0; i < r->holders_count; i++)
		if (pc_ports_has(ports, r->holders[i].lport))
			return true;
	return false;
}

static bool passes_filter(const struct pc_join *j, const struct pc_refusal_record *r)
{
	const struct pc_filter *f = &j->options.filter;

	return (!f->has_ports || concerns_ports(r, f->ports)) &&
	       (!f->proto || f->proto == r->proto) && (!f->pid || f->pid == r->process.tgid) &&
	       (!f->tree || r->marks & PC_MARK_DESCENDANT);
}

static void queue_refusal(struct pc_join *j, const struct pc_header *record)
{
	if (!pc_backlog_is_empty(j->backlog) || j->sweeping || j->batch.count == PC_BATCH_MAX)
		pc_backlog_put(j, record);
	else
		pc_batch_add(j, record);
}

static void ingest_refusal(void *context, const struct pc_refusal_record *r)
{
	struct pc_join *j = context;

	if (passes_filter(j, r))
		queue_refusal(j, &r->header);
	else
		j->counters.left_out++;
}

/* A refusal without a port is of no port and no protocol that a filter names. */
static void ingest_foreign(void *context, const struct pc_foreign_record *r)
{
	struct pc_join *j = context;
	const struct pc_filter *f = &j->options.filter;

	if (!f->has_ports && !f->proto && (!f->pid || f->pid == r->process.tgid) &&
	    (!f->tree || r->marks & PC_MARK_DESCENDANT))
		queue_refusal(j, &r->header);
	else
		j->counters.left_out++;
}

/* A count of more than one port passes a filter of ports: the filtered ones may be among them. */
static bool merged_passes(const struct pc_join *j, const struct pc_merged_record *m)
{
	const struct pc_filter *f = &j->options.filter;

	return (!f->has_ports || m->scope != PC_SCOPE_PORT ||
		pc_ports_has(f->ports, m->wanted_port)) &&
	       (!f->proto || m->scope != PC_SCOPE_PORT || f->proto == m->proto) &&
	       (!f->pid || m->scope >= PC_SCOPE_USER || f->pid == m->process.tgid) &&
	       (!f->tree || m->marks & PC_MARK_DESCENDANT);
}

static void ingest_merged(void *context, const struct pc_merged_record *record)
{
	struct pc_join *j = context;
	struct pc_merged m;

	pc_merged_decode(record, &m);
	pc_identify_party(j, &m.requester);
	if (!merged_passes(j, record) || !pc_passes_whose(j, &m.request, &m.requester)) {
		j->counters.left_out += m.count;
		return;
	}
	j->counters.merged += m.count;
	if (j->output.merged)
		j->output.merged(j->output.context, &m);
}

static void ingest_end(void *context, const struct pc_end_record *e)
{
	pc_identify_end(context, e);
	pc_outcome_end(context, e);
}

static void ingest_record(void *context, const void *data, size_t size)
{
	const struct pc_record_handler *handler = context;
	struct pc_join *j = handler->context;

	if (pc_record_dispatch(data, size, handler))
		j->records_bad++;
}

void pc_ingest_read(struct pc_join *j, enum pc_ring ring)
{
	struct pc_record_handler handler = {
		.context = j,
		.process = ingest_process,
		.claim = ingest_claim,
		.endpoints = ingest_endpoints,
		.refusal = ingest_refusal,
		.foreign = ingest_foreign,
		.merged = ingest_merged,
		.end = ingest_end,
	};

	j->kernel.read(j->kernel.context, ring, ingest_record, &handler);
}
