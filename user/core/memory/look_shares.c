// SPDX-License-Identifier: GPL-2.0-only
/* Families of users and the time that their looks took. */
#include "core/memory/look_shares.h"

/* The family's place, or a free one, or else the last. */
static struct pc_look_share *look_share_of(struct pc_look_shares *s, const struct pc_family *family)
{
	struct pc_look_share *found = NULL;

	for (unsigned i = 0; i < PC_LOOK_FAMILIES; i++) {
		struct pc_look_share *share = &s->shares[i];

		if (share->ahead_ns && pc_family_same(&share->family, family))
			return share;
		if (!share->ahead_ns && !found)
			found = share;
	}
	return found ? found : &s->shares[PC_LOOK_FAMILIES - 1];
}

static unsigned look_shares_ahead(const struct pc_look_shares *s, uint64_t *least_ns)
{
	unsigned count = 0;

	for (unsigned i = 0; i < PC_LOOK_FAMILIES; i++) {
		uint64_t ahead_ns = s->shares[i].ahead_ns;

		if (!ahead_ns)
			continue;
		*least_ns = count && *least_ns < ahead_ns ? *least_ns : ahead_ns;
		count++;
	}
	return count;
}

/* Divides this time. What one family does not need goes to the others. */
static void look_shares_divide(struct pc_look_shares *s, uint64_t time_ns)
{
	uint64_t least_ns = 0;
	unsigned count;

	while ((count = look_shares_ahead(s, &least_ns))) {
		uint64_t each_ns = time_ns / count < least_ns ? time_ns / count : least_ns;

		if (!each_ns)
			return;
		for (unsigned i = 0; i < PC_LOOK_FAMILIES; i++)
			if (s->shares[i].ahead_ns)
				s->shares[i].ahead_ns -= each_ns;
		time_ns -= each_ns * count;
	}
}

static uint64_t look_shares_sum(const struct pc_look_shares *s)
{
	uint64_t sum_ns = 0;

	for (unsigned i = 0; i < PC_LOOK_FAMILIES; i++)
		sum_ns += s->shares[i].ahead_ns;
	return sum_ns;
}

bool pc_look_shares_may(struct pc_look_shares *s, const struct pc_look_limit *limit,
			const struct pc_family *family, uint64_t now_ns)
{
	uint64_t time_ns = now_ns > s->last_ns ? (now_ns - s->last_ns) / limit->part : 0;
	uint64_t most_ns = limit->at_once_ns;

	look_shares_divide(s, time_ns);
	s->last_ns += time_ns * limit->part;
	if (look_shares_sum(s) >= PC_LOOK_TOGETHER * limit->at_once_ns)
		most_ns /= PC_LOOK_LEAST;
	return look_share_of(s, family)->ahead_ns < most_ns;
}

void pc_look_shares_took(struct pc_look_shares *s, const struct pc_family *family, uint64_t took_ns)
{
	struct pc_look_share *share = look_share_of(s, family);

	if (!share->ahead_ns)
		share->family = *family;
	share->ahead_ns += took_ns;
}
