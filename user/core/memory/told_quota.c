// SPDX-License-Identifier: GPL-2.0-only
/* Users and how many lines they have left. */
#include "core/memory/told_quota.h"

#include <stdlib.h>

#include "core/base/time.h"
#include "core/process/family.h"
#include "core/process/identity.h"

#define NS_PER_LINE (PC_NS_PER_SECOND / PC_TOLD_PER_SECOND)

struct told_user {
	bool used;
	struct pc_family family;
	uint64_t full_ns; /* when all lines will be left again */
	uint64_t last_ns; /* of the last verdict */
	uint64_t tell_ns; /* when the count is told */
	unsigned tellings;
	struct pc_merged count; /* verdicts that were not written since the count was told */
	struct pc_identity own; /* of its requester */
};

struct pc_told_quota {
	struct told_user users[PC_TOLD_USERS];
	struct pc_merged told;
};

struct pc_told_quota *pc_told_quota_new(void)
{
	return calloc(1, sizeof(struct pc_told_quota));
}

void pc_told_quota_free(struct pc_told_quota *q)
{
	for (size_t i = 0; q && i < PC_TOLD_USERS; i++)
		pc_identity_free(&q->users[i].own);
	free(q);
}

/* A user has a place until its lines are all there again and its count is told. */
static bool is_told_free(const struct told_user *u, uint64_t now_ns)
{
	return !u->used || (u->full_ns <= now_ns && !u->count.count);
}

static struct told_user *told_user_of(struct pc_told_quota *q, const struct pc_family *family,
				      uint64_t now_ns)
{
	struct told_user *unused = NULL;

	for (size_t i = 0; i < PC_TOLD_USERS; i++)
		if (q->users[i].used && pc_family_same(&q->users[i].family, family))
			return &q->users[i];
	for (size_t i = 0; i < PC_TOLD_USERS - 1 && !unused; i++)
		if (is_told_free(&q->users[i], now_ns))
			unused = &q->users[i];
	if (!unused)
		return &q->users[PC_TOLD_USERS - 1];
	pc_identity_free(&unused->own);
	*unused = (struct told_user){ .used = true, .family = *family };
	return unused;
}

static unsigned parties_of(const struct pc_verdict *v)
{
	unsigned parties = 0;

	for (unsigned i = 0; i < v->holders_count; i++)
		parties += v->holders[i].owners_count + (v->holders[i].claimer.who != NULL);
	return parties;
}

static void count_unwritten(struct told_user *u, const struct pc_verdict *v, uint64_t now_ns)
{
	struct pc_merged *m = &u->count;

	if (!m->count++) {
		m->first_ns = v->time_ns;
		if (!u->tell_ns)
			u->tell_ns = now_ns + PC_NS_PER_SECOND;
	}
	m->scope = PC_SCOPE_UNWRITTEN;
	m->last_ns = v->time_ns;
	m->request = v->request;
	pc_party_keep(&v->requester, &m->requester, &u->own);
}

bool pc_told_quota_may(struct pc_told_quota *q, const struct pc_verdict *v, uint64_t now_ns)
{
	uint64_t cost = NS_PER_LINE * (1 + parties_of(v) / PC_TOLD_PARTIES);
	struct pc_family family;
	struct told_user *u;

	pc_family_of(v->request.uid, v->requester.who, &family);
	if (pc_family_is_root(&family))
		return true;
	u = told_user_of(q, &family, now_ns);
	u->used = true;
	u->last_ns = now_ns;
	if (u->full_ns < now_ns)
		u->full_ns = now_ns;
	if (u->full_ns + cost <= now_ns + PC_TOLD_BURST * NS_PER_LINE) {
		u->full_ns += cost;
		return true;
	}
	count_unwritten(u, v, now_ns);
	return false;
}

static uint64_t next_telling(unsigned tellings)
{
	return (tellings > 1 ? 60 : 10) * PC_NS_PER_SECOND;
}

/* A user that keeps within the quota for a while is told of at once the next time. */
static bool told_user_due(struct told_user *u, uint64_t now_ns, bool stop)
{
	if (u->count.count)
		return stop || now_ns >= u->tell_ns;
	if (u->tell_ns && now_ns >= u->tell_ns)
		u->tell_ns = u->tellings = 0;
	return false;
}

const struct pc_merged *pc_told_quota_next(struct pc_told_quota *q, uint64_t now_ns, bool stop)
{
	for (size_t i = 0; i < PC_TOLD_USERS; i++) {
		struct told_user *u = &q->users[i];

		if (!told_user_due(u, now_ns, stop))
			continue;
		q->told = u->count;
		u->count.count = 0;
		u->tell_ns = now_ns + next_telling(++u->tellings);
		return &q->told;
	}
	return NULL;
}
