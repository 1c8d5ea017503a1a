// SPDX-License-Identifier: GPL-2.0-only
/* The budget of the table of searches, by owner. */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "core/memory/outcomes_private.h"
#include "core/memory/process_budget.h"

/* The searches of one unit, container or user. */
struct pc_outcomes_share {
	UT_hash_handle hh;
	size_t bytes;
	char name[]; /* of the owner */
};

static struct pc_outcomes_share *outcomes_share_of(struct pc_outcomes *t, const char *name)
{
	size_t size = strlen(name) + 1;
	struct pc_outcomes_share *share;

	HASH_FIND_STR(t->shares, name, share);
	if (share)
		return share;
	share = calloc(1, sizeof(*share) + size);
	if (!share)
		return NULL;
	memcpy(share->name, name, size);
	HASH_ADD_KEYPTR(hh, t->shares, share->name, size - 1, share);
	return share;
}

static void share_drop_bytes(struct pc_outcomes *t, struct pc_outcomes_share *share, size_t bytes)
{
	t->bytes -= bytes;
	if (!share)
		return;
	share->bytes -= bytes;
	if (share->bytes)
		return;
	HASH_DEL(t->shares, share);
	free(share);
}

/* Each search counts its share's row, too: every owner may have one search only. The bytes counted before go last, so
 * that the row stays where the owner is the same. */
void pc_outcomes_join_share(struct pc_outcomes *t, struct pc_outcomes_entry *e, uint32_t uid)
{
	struct pc_outcomes_share *before = e->share;
	struct pc_identity who = e->search.requester;
	size_t bytes = e->bytes;
	char name[PC_BUDGET_NAME];

	who.uid = uid;
	pc_budget_name(&who, name);
	e->share = outcomes_share_of(t, name);
	e->bytes = sizeof(*e) + sizeof(*e->share) + strlen(name) + 1 + pc_budget_bytes(&who);
	t->bytes += e->bytes;
	if (e->share)
		e->share->bytes += e->bytes;
	share_drop_bytes(t, before, bytes);
}

void pc_outcomes_leave_share(struct pc_outcomes *t, struct pc_outcomes_entry *e)
{
	share_drop_bytes(t, e->share, e->bytes);
	e->share = NULL;
	e->bytes = 0;
}

/* The oldest search of the owner that has most. */
static struct pc_outcomes_entry *least_missed(const struct pc_outcomes *t)
{
	const struct pc_outcomes_share *largest = t->newest->share;

	for (const struct pc_outcomes_share *s = t->shares; s; s = s->hh.next)
		if (!largest || s->bytes > largest->bytes)
			largest = s;
	for (struct pc_outcomes_entry *e = t->oldest; e; e = e->next)
		if (e->share == largest)
			return e;
	return t->oldest;
}

void pc_outcomes_keep_to_budget(struct pc_outcomes *t)
{
	while (t->bytes > PC_OUTCOMES_BYTES) {
		struct pc_outcomes_entry *e = least_missed(t);

		t->counters.evicted += e->search.phase != PC_SEARCH_TOOK;
		pc_outcomes_drop(t, e);
	}
}
