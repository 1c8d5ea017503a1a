// SPDX-License-Identifier: GPL-2.0-only
/* A batch of refusals becomes verdicts: one pass over the processes' descriptors says which have the
 * holders open now, the ledger which made the claims, core/verdict what the cause is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/join/decode.h"
#include "core/join/join_private.h"
#include "core/verdict/advice.h"
#include "core/verdict/decide.h"
#include "core/verdict/foreign.h"
#include "core/verdict/holder_owners.h"

#define BATCH_KEYS_MAX (PC_BATCH_MAX * PC_HOLDER_OWNERS_KEYS)
_Static_assert(BATCH_KEYS_MAX <= PC_WANTED_MAX, "a batch's sockets fit in one pass");

int pc_batch_open(struct pc_batch *b)
{
	b->list = calloc(PC_BATCH_MAX, sizeof(*b->list));
	return b->list ? 0 : -ENOMEM;
}

void pc_batch_close(struct pc_batch *b)
{
	free(b->list);
}

void pc_batch_add(struct pc_join *j, const struct pc_header *record)
{
	struct pc_verdict *v = &j->batch.list[j->batch.count++];

	if (record->type == PC_RECORD_FOREIGN) {
		pc_foreign_begin(j, (const void *)record, v);
	} else {
		pc_verdict_decode((const void *)record, v);
		pc_look_for(j, v->request.uid, &v->requester.key);
	}
	/* A refused server is often about to exit, so its identity is looked up at once. */
	pc_identify_party(j, &v->requester);
	/* The advice asks whether its file is the host's. */
	if (v->request.error == EACCES)
		pc_places_find_one(j, &v->requester);
	v->looks_missed = j->looks_missed;
}

/* A requester can be gone when its refusal is read, and its process record come later. */
static void identify_late(struct pc_join *j)
{
	for (unsigned i = 0; i < j->batch.count; i++)
		if (!j->batch.list[i].requester.who)
			pc_identify_party(j, &j->batch.list[i].requester);
}

static bool name_owner(void *context, const struct pc_open_socket *o, struct pc_party *out)
{
	struct pc_party party = { .key = o->process, .fd = -1 };

	memcpy(party.comm, o->comm, sizeof(party.comm));
	pc_identify_party(context, &party);
	if (!party.who)
		return false;
	*out = party;
	return true;
}

static void give_open_socket(void *context, const struct pc_owner_record *record)
{
	struct pc_join *j = context;
	struct pc_open_socket o;

	pc_open_socket_decode(record, &o);
	for (unsigned i = 0; i < j->batch.count; i++) {
		struct pc_verdict *v = &j->batch.list[i];

		if (pc_request_is_foreign(&v->request))
			pc_foreign_give(v, &o, name_owner, j);
		else
			pc_holder_owners_give(v, &o, name_owner, j);
	}
}

static void set_owners_seen(struct pc_batch *b, bool seen)
{
	for (unsigned i = 0; i < b->count; i++)
		b->list[i].owners_seen = seen;
}

static void find_holder_owners(struct pc_join *j)
{
	uint64_t *keys = malloc(BATCH_KEYS_MAX * sizeof(*keys));
	struct pc_wanted wanted = { .keys = keys };

	if (!keys)
		return;
	for (unsigned i = 0; i < j->batch.count; i++) {
		const struct pc_verdict *v = &j->batch.list[i];
		bool foreign = pc_request_is_foreign(&v->request);

		wanted.count += foreign ? pc_foreign_keys(v, keys + wanted.count) :
					  pc_holder_owners_keys(v, keys + wanted.count);
		wanted.with_unix |= foreign;
	}
	set_owners_seen(&j->batch, wanted.count);
	if (wanted.count && j->kernel.owners(j->kernel.context, &wanted, give_open_socket, j))
		set_owners_seen(&j->batch, false);
	free(keys);
}

/* False: there was no time for a look. */
static bool look_for_space(struct pc_join *j, uint32_t netns, uint32_t *pid)
{
	uint64_t took_ns = 0;

	if (!pc_look_begin(j, PC_LOOK_NETNS))
		return false;
	*pid = j->host.netns_pid(j->host.context, netns, &took_ns);
	pc_look_end(j, PC_LOOK_NETNS, took_ns);
	return true;
}

uint32_t pc_batch_space_pid(struct pc_join *j, uint32_t netns)
{
	uint32_t pid = 0;

	look_for_space(j, netns, &pid);
	return pid;
}

/* The host looks at every process for this: once for a batch and namespace. */
static uint32_t find_space(struct pc_join *j, uint32_t netns)
{
	struct pc_batch *b = &j->batch;
	uint32_t pid = 0;

	if (!netns || netns == j->options.netns)
		return 0;
	for (unsigned i = 0; i < b->spaces_count; i++)
		if (b->spaces[i].netns == netns)
			return b->spaces[i].pid;
	if (!look_for_space(j, netns, &pid))
		return 0;
	b->spaces[b->spaces_count].netns = netns;
	b->spaces[b->spaces_count++].pid = pid;
	return pid;
}

/* Without a look the refused process stands for the namespace, if it was in it: a socket can be passed on, and a process
 * can move. */
static uint32_t batch_netns_pid(struct pc_join *j, const struct pc_verdict *v)
{
	uint32_t pid = find_space(j, v->request.netns);
	const struct pc_party *p = &v->requester;

	if (!pid && v->request.netns != j->options.netns && p->who && p->running &&
	    v->request.in_netns)
		pid = p->who->key.tgid;
	if (pid)
		j->looks_missed &= ~PC_LOOK_BIT(PC_LOOK_NETNS);
	return pid;
}

/* The kernel side is asked once for verdicts of one namespace: a copy has 8 KiB. NULL: not known. */
static const uint64_t *batch_reserved(struct pc_join *j, uint64_t netns_key)
{
	struct pc_batch *b = &j->batch;

	if (b->reserved_known && b->reserved_of == netns_key)
		return b->reserved;
	b->reserved_known = !j->kernel.reserved(j->kernel.context, netns_key, b->reserved);
	b->reserved_of = netns_key;
	return b->reserved_known ? b->reserved : NULL;
}

static void finish_verdict(struct pc_join *j, struct pc_verdict *v)
{
	pc_look_for(j, v->request.uid, &v->requester.key);
	if (v->settings.known)
		v->settings.reserved = batch_reserved(j, v->request.netns_key);
	v->monitor_netns = j->options.netns;
	v->monitor_boots = j->options.boots;
	v->netns_pid = batch_netns_pid(j, v);
	pc_address_look_find(j, v);
	pc_evidence_complete(j, v);
	pc_tunnels_find(j, v);
	v->range_use = pc_range_look_use(j, v);
	v->looks_missed |= j->looks_missed;
	v->incomplete = pc_evidence_missing(v);
	if (!v->incomplete)
		v->incomplete = pc_protection_missing(j, v);
	j->counters.verdicts++;
	j->counters.refusals[v->cause]++;
	pc_outcome_verdict(j, v);
	pc_verdict_clear(v);
}

bool pc_passes_whose(const struct pc_join *j, const struct pc_request *r,
		     const struct pc_party *requester)
{
	return pc_whose_passes(&j->options.filter.whose, requester->who, r->uid,
			       &(struct pc_whose_netns){ r->netns, r->netns_key });
}

/* Not when the record is read: the requester's unit may be known only now. */
static void leave_out_others(struct pc_join *j)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < j->batch.count; i++) {
		struct pc_verdict *v = &j->batch.list[i];

		if (!pc_passes_whose(j, &v->request, &v->requester)) {
			j->counters.left_out++;
			pc_verdict_clear(v);
		} else if (i != kept++) {
			j->batch.list[kept - 1] = *v;
		}
	}
	j->batch.count = kept;
}

void pc_batch_finish(struct pc_join *j)
{
	if (!j->batch.count)
		return;
	/* The claims that explain these refusals can have come after the last reading. */
	pc_ingest_read(j, PC_RING_CLAIMS);
	pc_identify_begin(j);
	identify_late(j);
	leave_out_others(j);
	pc_join_counters(j);
	find_holder_owners(j);
	for (unsigned i = 0; i < j->batch.count; i++)
		finish_verdict(j, &j->batch.list[i]);
	j->batch.count = 0;
	j->batch.spaces_count = 0;
	j->batch.reserved_known = false;
}

void pc_batch_drop(struct pc_join *j)
{
	j->refusals_dropped += j->batch.count;
	j->batch.count = 0;
}
