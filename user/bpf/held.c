// SPDX-License-Identifier: GPL-2.0-only
/* Takes the claims that wait in the programs' memory. */
#include "bpf/held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void pc_held_open(struct pc_held *h, struct pc_held_claim *slots, const uint64_t *count,
		  const uint64_t *ended)
{
	h->taken = calloc(PC_HELD_SLOTS, sizeof(*h->taken));
	h->slots = h->taken ? slots : NULL;
	h->count = count;
	h->ended = ended;
}

void pc_held_close(struct pc_held *h)
{
	free(h->taken);
	h->taken = NULL;
	h->slots = NULL;
}

static uint64_t *held_word(struct pc_held *h, uint32_t tgid)
{
	return &h->processes[tgid / 64 % 64];
}

/* A program has a slot for some hundred instructions, unless it is preempted there. */
#define HELD_TRIES 64

/* Takes the slot for an instant, as a program does (bpf/held.bpf.h): what the reader copies now, no program drives out
 * into the ring as well. */
static bool held_enter(struct pc_held_claim *slot)
{
	for (int i = 0; i < HELD_TRIES; i++) {
		if (!__atomic_fetch_add(&slot->users, 1, __ATOMIC_SEQ_CST))
			return true;
		__atomic_fetch_sub(&slot->users, 1, __ATOMIC_SEQ_CST);
	}
	return false;
}

static void held_leave(struct pc_held_claim *slot)
{
	__atomic_fetch_sub(&slot->users, 1, __ATOMIC_SEQ_CST);
}

/* Gives the version of the claim that waits in the slot; 0: none. With `all`, one of a closed socket waits, too. */
static uint32_t held_waiting(const struct pc_held_claim *slot, bool all)
{
	uint32_t version = __atomic_load_n(&slot->version, __ATOMIC_ACQUIRE);
	bool ended = __atomic_load_n(&slot->ended, __ATOMIC_ACQUIRE) == version;

	return version & 1 || version == slot->taken || (ended && !all) ? 0 : version;
}

/* Takes the claim that waits in the slot. -EAGAIN: a program is there. */
static int held_take(struct pc_held_claim *slot, bool all, struct pc_claim_record *out)
{
	uint32_t version;

	if (!held_waiting(slot, all))
		return -ENOENT;
	if (!held_enter(slot))
		return -EAGAIN;
	version = held_waiting(slot, all);
	if (version) {
		*out = slot->claim;
		if (slot->ended == version)
			out->flags |= PC_CLAIM_ENDED;
		__atomic_store_n(&slot->taken, version, __ATOMIC_RELEASE);
	}
	held_leave(slot);
	return version ? 0 : -ENOENT;
}

static int held_order(const void *a, const void *b)
{
	const struct pc_claim_record *x = a, *y = b;

	return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

void pc_held_look(struct pc_held *h, bool all)
{
	uint64_t count;
	int err;

	if (!h->slots)
		return;
	count = *h->count;
	if (count == h->looked && !(all && h->ended_left))
		return;
	h->looked = count;
	h->ended_left = !all;
	memset(h->processes, 0, sizeof(h->processes));
	for (unsigned i = 0; i < PC_HELD_SLOTS && h->taken_count < PC_HELD_SLOTS; i++) {
		struct pc_claim_record *c = &h->taken[h->taken_count];

		err = held_take(&h->slots[i], all, c);
		if (err == -EAGAIN)
			h->looked = count - 1; /* the next look comes back */
		if (err)
			continue;
		*held_word(h, c->process.tgid) |= 1ULL << c->process.tgid % 64;
		h->taken_count++;
	}
	qsort(h->taken, h->taken_count, sizeof(*h->taken), held_order);
}

/* Hands over the claims of one process, or all. */
static void held_give(struct pc_held *h, const struct pc_process_key *of, pc_record_fn take,
		      void *to)
{
	unsigned left = 0;

	for (unsigned i = 0; i < h->taken_count; i++) {
		if (of && memcmp(of, &h->taken[i].process, sizeof(*of)))
			h->taken[left++] = h->taken[i];
		else
			take(to, &h->taken[i], sizeof(h->taken[i]));
	}
	h->taken_count = left;
}

void pc_held_before(struct pc_held *h, const void *record, pc_record_fn take, void *to)
{
	const struct pc_end_record *e = record;

	if (!h->taken_count || e->header.type != PC_RECORD_END ||
	    !(*held_word(h, e->process.tgid) >> e->process.tgid % 64 & 1))
		return;
	*held_word(h, e->process.tgid) &= ~(1ULL << e->process.tgid % 64);
	held_give(h, &e->process, take, to);
}

void pc_held_hand_over(struct pc_held *h, pc_record_fn take, void *to)
{
	held_give(h, NULL, take, to);
}

void pc_held_ended(const struct pc_held *h, uint64_t counts[PC_HOW_COUNT])
{
	for (int how = 0; how < PC_HOW_COUNT; how++)
		counts[how] = h->slots ? h->ended[how] : 0;
}
