// SPDX-License-Identifier: GPL-2.0-only
/* Read a ring: processes go to their table, claims are taken (claims.c), refusals wait in the batch. */
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

static void ingest_claim(void *context, const struct pc_claim_record *c)
{
	pc_claims_take(context, c);
}

static void ingest_logged(void *context, const struct pc_logged_claim *claims, size_t count)
{
	const struct pc_record_handler *handler = context;

	pc_claims_take_logged(handler->context, claims, count);
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
	const struct pc_taker taker = { &handler, ingest_record, ingest_logged };

	j->kernel.read(j->kernel.context, ring, &taker);
}
