// SPDX-License-Identifier: GPL-2.0-only
/* Refusals that came faster than they become verdicts. The join takes them from the ring at once, so
 * that reading the ring comes to an end however fast it is filled, and keeps them until their turn. Users take
 * turns, so that nobody waits behind the flood of another. */
#include <stdlib.h>
#include <string.h>

#include "core/base/subuid.h"
#include "core/join/decode.h"
#include "core/join/join_private.h"

/* All that the ring can hold (1 MiB), and as much again. */
#define BACKLOG_BYTES (2 * 1024 * 1024)

struct waiting_refusal {
	struct waiting_refusal *next;
	size_t size; /* of the record */
	union {
		struct pc_header header;
		struct pc_refusal_record refusal; /* has as many holders as were described */
		struct pc_foreign_record foreign;
	} record;
};

/* The refusals of one user and its subordinate ids; at least one waits. */
struct backlog_queue {
	struct backlog_queue *next;
	uint64_t first_uid;
	struct waiting_refusal *oldest;
	struct waiting_refusal *newest;
	size_t bytes;
};

struct pc_backlog {
	struct backlog_queue *queues; /* the first has its turn; NULL: none waits */
	size_t bytes;
};

struct pc_backlog *pc_backlog_new(void)
{
	return calloc(1, sizeof(struct pc_backlog));
}

static void drop_oldest(struct pc_backlog *b, struct backlog_queue *q)
{
	struct waiting_refusal *oldest = q->oldest;

	q->oldest = oldest->next;
	q->bytes -= oldest->size;
	b->bytes -= oldest->size;
	free(oldest);
}

static void remove_if_empty(struct pc_backlog *b, struct backlog_queue *q)
{
	struct backlog_queue **at = &b->queues;

	if (q->oldest)
		return;
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	free(q);
}

/* The first queue has had its turn: it comes last, if more of it waits. */
static void end_turn(struct pc_backlog *b)
{
	struct backlog_queue *q = b->queues, **end = &b->queues;

	b->queues = q->next;
	q->next = NULL;
	while (*end)
		end = &(*end)->next;
	*end = q;
	remove_if_empty(b, q);
}

static void backlog_clear(struct pc_backlog *b)
{
	while (b->queues) {
		drop_oldest(b, b->queues);
		end_turn(b);
	}
}

void pc_backlog_free(struct pc_backlog *b)
{
	if (b)
		backlog_clear(b);
	free(b);
}

bool pc_backlog_is_empty(const struct pc_backlog *b)
{
	return !b->queues;
}

static size_t waiting_size(const struct pc_header *record)
{
	if (record->type == PC_RECORD_FOREIGN)
		return sizeof(struct pc_foreign_record);
	return PC_REFUSAL_SIZE(((const struct pc_refusal_record *)record)->holders_count);
}

static uint32_t waiting_uid(const struct pc_header *record)
{
	if (record->type == PC_RECORD_FOREIGN)
		return ((const struct pc_foreign_record *)record)->uid;
	return ((const struct pc_refusal_record *)record)->uid;
}

/* The user's queue, which may be empty and not be among the others yet. NULL: no memory. */
static struct backlog_queue *backlog_queue_of(struct pc_backlog *b, uint32_t uid)
{
	uint64_t first_uid = pc_subuid_first(uid);
	struct backlog_queue **at = &b->queues;

	while (*at && (*at)->first_uid != first_uid)
		at = &(*at)->next;
	if (!*at)
		*at = calloc(1, sizeof(**at));
	if (*at)
		(*at)->first_uid = first_uid;
	return *at;
}

/* Makes room for a refusal of a user who has so many bytes: the oldest of the user with most gives way, if that is
 * another one. */
static bool backlog_make_room(struct pc_join *j, size_t own_bytes, size_t size)
{
	struct pc_backlog *b = j->backlog;

	while (b->bytes + size > BACKLOG_BYTES) {
		struct backlog_queue *most = b->queues;

		for (struct backlog_queue *q = b->queues; q; q = q->next)
			if (q->bytes > most->bytes)
				most = q;
		if (!most || most->bytes <= own_bytes + size)
			return false;
		drop_oldest(b, most);
		remove_if_empty(b, most);
		j->refusals_dropped++;
	}
	return true;
}

static void queue_append(struct backlog_queue *q, struct waiting_refusal *w)
{
	if (q->oldest)
		q->newest->next = w;
	else
		q->oldest = w;
	q->newest = w;
	q->bytes += w->size;
}

static size_t backlog_bytes_of(const struct pc_backlog *b, uint32_t uid)
{
	uint64_t first_uid = pc_subuid_first(uid);

	for (const struct backlog_queue *q = b->queues; q; q = q->next)
		if (q->first_uid == first_uid)
			return q->bytes;
	return 0;
}

void pc_backlog_put(struct pc_join *j, const struct pc_header *record)
{
	uint32_t uid = waiting_uid(record);
	struct pc_backlog *b = j->backlog;
	size_t size = waiting_size(record);
	struct waiting_refusal *w = NULL;
	struct backlog_queue *q = NULL;

	if (backlog_make_room(j, backlog_bytes_of(b, uid), size))
		w = malloc(offsetof(struct waiting_refusal, record) + size);
	if (w)
		q = backlog_queue_of(b, uid);
	if (!q) {
		free(w);
		j->refusals_dropped++;
		return;
	}
	w->next = NULL;
	w->size = size;
	memcpy(&w->record, record, size);
	queue_append(q, w);
	b->bytes += size;
}

void pc_backlog_to_batch(struct pc_join *j)
{
	struct pc_backlog *b = j->backlog;

	while (b->queues && j->batch.count < PC_BATCH_MAX) {
		pc_batch_add(j, &b->queues->oldest->record.header);
		drop_oldest(b, b->queues);
		end_turn(b);
	}
}

static void backlog_mark_holders(struct pc_join *j, const struct pc_refusal_record *r)
{
	struct pc_socket s;

	for (unsigned i = 0; i < r->holders_count; i++) {
		pc_socket_decode(&r->holders[i], &s);
		pc_ledger_mark(j->ledger, pc_evidence_key(&s));
	}
}

static void backlog_mark_queue(struct pc_join *j, const struct backlog_queue *q)
{
	for (const struct waiting_refusal *w = q->oldest; w; w = w->next) {
		bool foreign = w->record.header.type == PC_RECORD_FOREIGN;
		const struct pc_process_key *process =
			foreign ? &w->record.foreign.process : &w->record.refusal.process;

		pc_processes_mark(j->processes, pc_processes_find(j->processes, process));
		if (!foreign)
			backlog_mark_holders(j, &w->record.refusal);
	}
}

void pc_backlog_mark(struct pc_join *j)
{
	for (const struct backlog_queue *q = j->backlog->queues; q; q = q->next)
		backlog_mark_queue(j, q);
}

void pc_backlog_drop(struct pc_join *j)
{
	for (const struct backlog_queue *q = j->backlog->queues; q; q = q->next)
		for (const struct waiting_refusal *w = q->oldest; w; w = w->next)
			j->refusals_dropped++;
	backlog_clear(j->backlog);
}
