// SPDX-License-Identifier: GPL-2.0-only
/* Lists in arrays: a slot's links are numbers of slots. */
#include "core/flight/shares.h"

#include <stdbool.h>
#include <stdlib.h>

#include "core/flight/flight.h"

struct share {
	struct pc_flight_user user;
	uint32_t count; /* 0: nobody's */
	uint32_t oldest;
	uint32_t newest;
};

struct slot_links {
	uint64_t cookie; /* 0: not found by one */
	uint32_t newer;	 /* of the same user; of a free slot, the next free one */
	uint32_t older;
	uint32_t same; /* in the bucket */
	uint32_t share;
};

struct pc_flight_shares {
	struct share shares[PC_FLIGHT_SHARES];
	struct slot_links *links;
	uint32_t *buckets;
	uint32_t slots;
	uint32_t mask;
	uint32_t free;
};

struct pc_flight_shares *pc_flight_shares_new(uint32_t slots)
{
	struct pc_flight_shares *s = calloc(1, sizeof(*s));
	uint32_t buckets = 1;

	if (!s)
		return NULL;
	while (buckets < slots)
		buckets *= 2;
	s->mask = buckets - 1;
	s->links = calloc(slots, sizeof(*s->links));
	s->buckets = malloc(buckets * sizeof(*s->buckets));
	if (!s->links || !s->buckets) {
		pc_flight_shares_free(s);
		return NULL;
	}
	for (uint32_t i = 0; i < buckets; i++)
		s->buckets[i] = PC_FLIGHT_NONE;
	for (uint32_t i = 0; i < slots; i++)
		s->links[i].share = PC_FLIGHT_NONE;
	s->free = PC_FLIGHT_NONE;
	s->slots = slots;
	return s;
}

void pc_flight_shares_ready(struct pc_flight_shares *s)
{
	for (uint32_t i = s->slots; i-- > 0;) {
		if (s->links[i].share != PC_FLIGHT_NONE)
			continue;
		s->links[i].newer = s->free;
		s->free = i;
	}
}

void pc_flight_shares_free(struct pc_flight_shares *s)
{
	if (!s)
		return;
	free(s->links);
	free(s->buckets);
	free(s);
}

uint32_t pc_flight_shares_free_slot(const struct pc_flight_shares *s)
{
	return s->free;
}

/* Cookies count upwards. */
static uint32_t *bucket_of(const struct pc_flight_shares *s, uint64_t cookie)
{
	return &s->buckets[cookie & s->mask];
}

uint32_t pc_flight_shares_find(const struct pc_flight_shares *s, uint64_t cookie)
{
	uint32_t slot = cookie ? *bucket_of(s, cookie) : PC_FLIGHT_NONE;

	while (slot != PC_FLIGHT_NONE && s->links[slot].cookie != cookie)
		slot = s->links[slot].same;
	return slot;
}

void pc_flight_shares_forget(struct pc_flight_shares *s, uint32_t slot)
{
	struct slot_links *l = &s->links[slot];
	uint32_t *at = bucket_of(s, l->cookie);

	if (!l->cookie)
		return;
	while (*at != slot)
		at = &s->links[*at].same;
	*at = l->same;
	l->cookie = 0;
}

/* A user for whom there is no place shares the last one with others. */
static uint32_t share_number(struct pc_flight_shares *s, const struct pc_flight_user *user)
{
	uint32_t unused = PC_FLIGHT_SHARES - 1;

	for (uint32_t i = PC_FLIGHT_SHARES - 1; i-- > 0;) {
		const struct share *one = &s->shares[i];

		if (!one->count)
			unused = i;
		else if (one->user.block == user->block && one->user.container == user->container)
			return i;
	}
	return unused;
}

void pc_flight_shares_take(struct pc_flight_shares *s, uint32_t slot,
			   const struct pc_flight_user *user, uint64_t cookie)
{
	uint32_t share = share_number(s, user);
	struct slot_links *l = &s->links[slot];
	struct share *to = &s->shares[share];

	if (s->free == slot)
		s->free = l->newer;
	*l = (struct slot_links){ cookie, PC_FLIGHT_NONE, PC_FLIGHT_NONE, PC_FLIGHT_NONE, share };
	if (to->count++) {
		l->older = to->newest;
		s->links[to->newest].newer = slot;
	} else {
		to->user = *user;
		to->oldest = slot;
	}
	to->newest = slot;
	if (cookie) {
		l->same = *bucket_of(s, cookie);
		*bucket_of(s, cookie) = slot;
	}
}

void pc_flight_shares_drop(struct pc_flight_shares *s, uint32_t slot)
{
	struct slot_links *l = &s->links[slot];
	struct share *from = &s->shares[l->share];

	pc_flight_shares_forget(s, slot);
	if (l->older != PC_FLIGHT_NONE)
		s->links[l->older].newer = l->newer;
	else
		from->oldest = l->newer;
	if (l->newer != PC_FLIGHT_NONE)
		s->links[l->newer].older = l->older;
	else
		from->newest = l->older;
	from->count--;
	l->newer = s->free;
	l->share = PC_FLIGHT_NONE;
	s->free = slot;
}

uint32_t pc_flight_shares_victim(const struct pc_flight_shares *s)
{
	const struct share *most = &s->shares[0];

	for (unsigned i = 1; i < PC_FLIGHT_SHARES; i++)
		if (s->shares[i].count > most->count)
			most = &s->shares[i];
	return most->oldest;
}

uint32_t pc_flight_shares_oldest(const struct pc_flight_shares *s, unsigned share)
{
	return s->shares[share].count ? s->shares[share].oldest : PC_FLIGHT_NONE;
}
