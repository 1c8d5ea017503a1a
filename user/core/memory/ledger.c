// SPDX-License-Identifier: GPL-2.0-only
/* The ledger: an open-addressing table keyed by socket cookie, of any size, at most 3/4 full. Only
 * the sweep deletes, and passes over all of it then, so there are no traces of what was deleted.
 * It stays as large as it was, but for more than twice what it will need: else each sweep would be
 * followed by growing again, and fresh pages are dearer than all the rest. */
#include "core/memory/ledger.h"

#include <errno.h>
#include <stdlib.h>

#define SLOTS_MIN 1024

struct pc_ledger {
	struct pc_entry *slots;
	size_t size;
	size_t used;
	size_t sweep_at;
	size_t since; /* new claims since the last sweep, those refused included */
};

/* Cookies are consecutive numbers: Fibonacci hashing spreads them over 32 bits, the product
 * with the size brings those into range without a division. */
static size_t slot_of(uint64_t cookie, size_t size)
{
	return (size_t)(((cookie * 0x9e3779b97f4a7c15ULL) >> 32) * size >> 32);
}

static struct pc_entry *probe(struct pc_entry *slots, size_t size, uint64_t cookie)
{
	size_t i = slot_of(cookie, size);

	while (slots[i].cookie && slots[i].cookie != cookie)
		i = i + 1 < size ? i + 1 : 0;
	return &slots[i];
}

static size_t size_for(size_t count)
{
	size_t size = count + count / 3 + 1;

	return size > SLOTS_MIN ? size : SLOTS_MIN;
}

static void sweep_later(struct pc_ledger *l)
{
	size_t at = l->used + (l->used > PC_LEDGER_SWEEP_MIN ? l->used : PC_LEDGER_SWEEP_MIN);

	l->sweep_at = at < PC_LEDGER_MAX ? at : PC_LEDGER_MAX;
	l->since = 0;
}

struct pc_ledger *pc_ledger_new(void)
{
	struct pc_ledger *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->slots = calloc(SLOTS_MIN, sizeof(*l->slots));
	if (!l->slots) {
		free(l);
		return NULL;
	}
	l->size = SLOTS_MIN;
	sweep_later(l);
	return l;
}

void pc_ledger_free(struct pc_ledger *l)
{
	if (!l)
		return;
	free(l->slots);
	free(l);
}

static int resize(struct pc_ledger *l, size_t size)
{
	struct pc_entry *slots = calloc(size, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < l->size; i++)
		if (l->slots[i].cookie)
			*probe(slots, size, l->slots[i].cookie) = l->slots[i];
	free(l->slots);
	l->slots = slots;
	l->size = size;
	return 0;
}

/* Doubled, but to no more than will be needed before the next sweep; which may be late. */
static int ledger_grow(struct pc_ledger *l)
{
	size_t wanted = 2 * l->used;

	if (wanted > l->sweep_at)
		wanted = l->used < l->sweep_at ? l->sweep_at : l->used + l->used / 4;
	return resize(l, size_for(wanted < PC_LEDGER_MAX ? wanted : PC_LEDGER_MAX));
}

/* Adds an entry to the free slot that its cookie has, or to another one after the table has grown. */
static int ledger_add(struct pc_ledger *l, struct pc_entry *slot, const struct pc_entry *entry)
{
	int err;

	l->since++;
	if (l->used >= PC_LEDGER_MAX)
		return -ENOSPC;
	if (l->used * 4 >= l->size * 3) {
		err = ledger_grow(l);
		if (err)
			return err;
		slot = probe(l->slots, l->size, entry->cookie);
	}
	l->used++;
	*slot = *entry;
	return 0;
}

/* Adds the entry, or replaces the one of its cookie, unless a newer one of another port is to stay. */
static int ledger_store(struct pc_ledger *l, const struct pc_entry *entry, bool newer_stays)
{
	struct pc_entry *slot;

	if (!entry->cookie)
		return -EINVAL;
	slot = probe(l->slots, l->size, entry->cookie);
	if (!slot->cookie)
		return ledger_add(l, slot, entry);
	if (!newer_stays || slot->time_ns <= entry->time_ns || slot->port == entry->port)
		*slot = *entry;
	return 0;
}

int pc_ledger_put(struct pc_ledger *l, const struct pc_entry *entry)
{
	return ledger_store(l, entry, false);
}

int pc_ledger_put_newer(struct pc_ledger *l, const struct pc_entry *entry)
{
	return ledger_store(l, entry, true);
}

const struct pc_entry *pc_ledger_find(const struct pc_ledger *l, uint64_t cookie)
{
	const struct pc_entry *slot;

	if (!cookie)
		return NULL;
	slot = probe(l->slots, l->size, cookie);
	return slot->cookie ? slot : NULL;
}

void pc_ledger_learn_port(struct pc_ledger *l, uint64_t cookie, uint16_t port)
{
	struct pc_entry *slot = probe(l->slots, l->size, cookie);

	if (slot->cookie && !slot->port)
		slot->port = port;
}

size_t pc_ledger_count(const struct pc_ledger *l)
{
	return l->used;
}

size_t pc_ledger_bytes(const struct pc_ledger *l)
{
	return l->size * sizeof(*l->slots);
}

bool pc_ledger_wants_sweep(const struct pc_ledger *l)
{
	return l->used >= l->sweep_at && l->since >= PC_LEDGER_SWEEP_MIN;
}

void pc_ledger_mark(struct pc_ledger *l, uint64_t cookie)
{
	struct pc_entry *slot;

	if (!cookie)
		return;
	slot = probe(l->slots, l->size, cookie);
	if (slot->cookie)
		slot->flags |= PC_ENTRY_MARKED;
}

static bool survives(const struct pc_entry *e, uint64_t started_ns)
{
	return e->flags & PC_ENTRY_MARKED || e->time_ns >= started_ns;
}

/* Takes out what was dropped and puts the others back, each where it was or nearer to where it
 * belongs: from behind a free slot on, so that no run of taken ones is entered in its middle. */
static void ledger_drop(struct pc_ledger *l, uint64_t started_ns,
			void (*keep)(void *context, const struct pc_entry *entry), void *context)
{
	size_t i = 0;

	while (l->slots[i].cookie)
		i++;
	for (size_t left = l->size; left; left--) {
		struct pc_entry e = l->slots[i];

		l->slots[i].cookie = 0;
		if (e.cookie && survives(&e, started_ns)) {
			e.flags &= ~PC_ENTRY_MARKED & 0xf;
			*probe(l->slots, l->size, e.cookie) = e;
			if (keep)
				keep(context, &e);
		} else {
			l->used -= e.cookie != 0;
		}
		i = i + 1 < l->size ? i + 1 : 0;
	}
}

size_t pc_ledger_sweep(struct pc_ledger *l, uint64_t started_ns,
		       void (*keep)(void *context, const struct pc_entry *entry), void *context)
{
	size_t before = l->used, size;

	ledger_drop(l, started_ns, keep, context);
	sweep_later(l);
	size = size_for(l->sweep_at);
	if (size < l->size / 2)
		resize(l, size);
	return before - l->used;
}

void pc_ledger_sweep_failed(struct pc_ledger *l)
{
	for (size_t i = 0; i < l->size; i++)
		l->slots[i].flags &= ~PC_ENTRY_MARKED & 0xf;
	sweep_later(l);
}
