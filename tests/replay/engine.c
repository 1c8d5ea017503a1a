// SPDX-License-Identifier: GPL-2.0-only
/* From records to verdicts with the pure part alone. */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/advice.h"
#include "core/decide.h"
#include "core/identity.h"
#include "core/ledger.h"
#include "core/processes.h"
#include "core/record.h"

/* Refusals that wait for the records of who has their sockets open. */
#define WAITING_MAX 8

struct engine {
	struct pc_ledger *ledger;
	struct pc_processes *processes;
	struct pc_verdict *waiting;
	unsigned count;
	bool refused; /* a refusal was seen: owners are no longer those of the start */
	void (*verdict)(void *context, const struct pc_verdict *v);
	void *context;
};

static struct pc_party party(struct engine *e, uint32_t index, const char *comm)
{
	struct pc_party p = { .who = pc_processes_get(e->processes, index), .fd = -1 };

	if (comm)
		memcpy(p.comm, comm, sizeof(p.comm));
	return p;
}

/* The index of a process of which at least key and comm are known. */
static uint32_t process_of(struct engine *e, const struct pc_process_key *key, const char *comm)
{
	uint32_t index = pc_processes_find(e->processes, key);
	struct pc_identity who = { .key = *key };
	long added;

	if (index)
		return index;
	memcpy(who.comm, comm, sizeof(who.comm));
	added = pc_processes_put(e->processes, &who);
	return added < 0 ? 0 : (uint32_t)added;
}

static void on_process(void *context, const struct pc_process *record)
{
	struct engine *e = context;
	struct pc_identity who;

	if (pc_identity_from_record(record, &who))
		return;
	pc_identity_name_cgroup(&who);
	pc_processes_put(e->processes, &who);
}

static void on_claim(void *context, const struct pc_claim *c)
{
	struct engine *e = context;
	struct pc_entry entry = {
		.cookie = c->cookie,
		.time_ns = c->time_ns,
		.tid = c->tid & 0x3fffff,
		.how = c->how & 0xf,
	};

	if (c->flags & PC_CLAIM_MAYBE_OLD && pc_ledger_find(e->ledger, c->cookie))
		return;
	entry.process = process_of(e, &c->process, c->comm);
	pc_ledger_put(e->ledger, &entry);
}

static void on_endpoints(void *context, const struct pc_endpoints *record)
{
	(void)context, (void)record;
}

static void on_refusal(void *context, const struct pc_refusal *r)
{
	struct engine *e = context;
	struct pc_verdict *v;

	if (e->count == WAITING_MAX)
		engine_finish(e);
	e->refused = true;
	v = &e->waiting[e->count++];
	pc_verdict_begin(v, r);
	v->requester = party(e, process_of(e, &r->process, r->comm), r->comm);
}

static void give_owner(struct pc_holder *h, const struct pc_owner *o, struct pc_party p)
{
	if (!h->socket.inode || h->socket.inode != o->socket.inode ||
	    h->owners_count == PC_OWNERS_MAX)
		return;
	p.fd = (int)o->fd;
	h->owners[h->owners_count++] = p;
}

static void on_owner(struct engine *e, const struct pc_owner *o)
{
	uint32_t process = process_of(e, &o->process, o->comm);
	struct pc_entry older = {
		.cookie = o->socket.cookie,
		.process = process,
		.flags = PC_ENTRY_OLDER,
	};

	if (!e->refused && !pc_ledger_find(e->ledger, older.cookie))
		pc_ledger_put(e->ledger, &older);
	for (unsigned i = 0; i < e->count; i++)
		for (unsigned j = 0; j < e->waiting[i].holders_count; j++)
			give_owner(&e->waiting[i].holders[j], o, party(e, process, o->comm));
}

static void from_ledger(struct engine *e, struct pc_holder *h)
{
	const struct pc_entry *entry = pc_ledger_find(e->ledger, h->socket.cookie);

	if (!entry)
		return;
	h->maker = party(e, entry->process, NULL);
	h->older = entry->flags & PC_ENTRY_OLDER;
	if (h->older)
		return;
	h->how = entry->how;
	h->since_ns = entry->time_ns;
}

static void decide(struct engine *e, struct pc_verdict *v)
{
	v->monitor_netns = v->refusal.netns;
	for (unsigned i = 0; i < v->holders_count; i++)
		from_ledger(e, &v->holders[i]);
	pc_decide(v);
	for (unsigned i = 0; i < v->holders_count; i++)
		if (!v->holders[i].maker.who && v->holders[i].owners_count)
			v->holders[i].maker = v->holders[i].owners[0];
	pc_advise(v);
	e->verdict(e->context, v);
	pc_verdict_clear(v);
}

void engine_finish(struct engine *e)
{
	for (unsigned i = 0; i < e->count; i++)
		decide(e, &e->waiting[i]);
	e->count = 0;
}

/* A copy of exactly its size, so that a sanitizer sees what is read behind its end. */
static int take(const struct pc_record_handler *handler, struct engine *e, const void *record,
		size_t size)
{
	const struct pc_header *h;
	void *copy = malloc(size);
	int err;

	if (!copy)
		return -ENOMEM;
	h = memcpy(copy, record, size);
	if (h->type == PC_RECORD_OWNER) {
		err = pc_record_check_owner(copy, size);
		if (!err && e)
			on_owner(e, copy);
	} else {
		err = pc_record_dispatch(copy, size, handler);
	}
	free(copy);
	return err;
}

int engine_record(struct engine *e, const void *record, size_t size)
{
	const struct pc_record_handler handler = {
		.context = e,
		.process = on_process,
		.claim = on_claim,
		.endpoints = on_endpoints,
		.refusal = on_refusal,
	};
	uint32_t type = ((const struct pc_header *)record)->type;

	if (type == PC_RECORD_PROCESS || type == PC_RECORD_CLAIM)
		engine_finish(e);
	return take(&handler, e, record, size);
}

static void check_process(void *context, const struct pc_process *record)
{
	(void)context, (void)record;
}

static void check_claim(void *context, const struct pc_claim *record)
{
	(void)context, (void)record;
}

static void check_refusal(void *context, const struct pc_refusal *record)
{
	(void)context, (void)record;
}

int engine_check(const void *record, size_t size)
{
	const struct pc_record_handler handler = {
		.process = check_process,
		.claim = check_claim,
		.endpoints = on_endpoints,
		.refusal = check_refusal,
	};

	return take(&handler, NULL, record, size);
}

struct engine *engine_new(void (*verdict)(void *context, const struct pc_verdict *v), void *context)
{
	struct engine *e = calloc(1, sizeof(*e));

	e->ledger = pc_ledger_new();
	e->processes = pc_processes_new();
	e->waiting = calloc(WAITING_MAX, sizeof(*e->waiting));
	e->verdict = verdict;
	e->context = context;
	return e;
}

void engine_free(struct engine *e)
{
	pc_ledger_free(e->ledger);
	pc_processes_free(e->processes);
	free(e->waiting);
	free(e);
}
