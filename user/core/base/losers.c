// SPDX-License-Identifier: GPL-2.0-only
/* A short list is searched from its beginning: few users ever lose claims. */
#include "core/base/losers.h"

#include "core/base/subuid.h"

static bool is_user(const struct pc_loser *loser, uint32_t uid)
{
	return pc_subuid_first(loser->uid) == pc_subuid_first(uid);
}

void pc_losers_add(struct pc_losers *losers, uint32_t uid, uint64_t lost)
{
	uint64_t i = 0;

	while (i < losers->count && !is_user(&losers->users[i], uid))
		i++;
	if (i == PC_LOSERS_MAX) {
		losers->others += lost;
		return;
	}
	if (i == losers->count)
		losers->users[losers->count++].lost = 0;
	losers->users[i].lost += lost;
	losers->users[i].uid = uid;
}

/* A user keeps its place. */
void pc_losers_since(const struct pc_losers *losers, const struct pc_losers *then,
		     struct pc_losers *out)
{
	struct pc_losers since = { .others = losers->others - then->others };

	for (uint64_t i = 0; i < losers->count; i++) {
		const struct pc_loser *l = &losers->users[i];
		uint64_t before = i < then->count ? then->users[i].lost : 0;

		if (l->lost > before)
			since.users[since.count++] = (struct pc_loser){ l->lost - before, l->uid };
	}
	*out = since;
}

bool pc_losers_have(const struct pc_losers *losers, uint32_t uid)
{
	for (uint64_t i = 0; i < losers->count; i++)
		if (is_user(&losers->users[i], uid))
			return true;
	return losers->others;
}
