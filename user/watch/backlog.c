// SPDX-License-Identifier: GPL-2.0-only
/* Refusals that came faster than they can be looked into: taken from the ring at once, so that
 * reading it comes to an end however fast it is filled, and kept until their turn. */
#include <stdlib.h>
#include <string.h>

#include "watch/watch_private.h"

/* All that the ring can hold (1 MiB), and as much again. */
#define BACKLOG_BYTES (2 * 1024 * 1024)

struct pc_waiting {
	struct pc_waiting *next;
	size_t size; /* of what is in `refusal`: as many holders as it has */
	struct pc_refusal refusal;
};

void pc_backlog_put(struct pc_watch *w, const struct pc_refusal *r)
{
	size_t size = PC_REFUSAL_SIZE(r->holders_count);
	struct pc_waiting *entry = NULL;

	if (w->backlog_bytes + size <= BACKLOG_BYTES)
		entry = malloc(offsetof(struct pc_waiting, refusal) + size);
	if (!entry) {
		w->refusals_dropped++;
		return;
	}
	entry->next = NULL;
	entry->size = size;
	memcpy(&entry->refusal, r, size);
	if (w->backlog)
		w->backlog_last->next = entry;
	else
		w->backlog = entry;
	w->backlog_last = entry;
	w->backlog_bytes += size;
}

static void drop_first(struct pc_watch *w)
{
	struct pc_waiting *first = w->backlog;

	w->backlog = first->next;
	w->backlog_bytes -= first->size;
	free(first);
}

void pc_backlog_to_batch(struct pc_watch *w)
{
	while (w->backlog && w->batch_count < PC_BATCH_MAX) {
		pc_batch_add(w, &w->backlog->refusal);
		drop_first(w);
	}
}

void pc_backlog_mark(struct pc_watch *w)
{
	for (const struct pc_waiting *i = w->backlog; i; i = i->next) {
		const struct pc_refusal *r = &i->refusal;

		pc_processes_mark(w->processes, pc_processes_find(w->processes, &r->process));
		for (unsigned j = 0; j < r->holders_count; j++)
			pc_ledger_mark(w->ledger, pc_ledger_key(&r->holders[j]));
	}
}

void pc_backlog_drop(struct pc_watch *w)
{
	for (; w->backlog; w->refusals_dropped++)
		drop_first(w);
}
