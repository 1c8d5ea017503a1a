// SPDX-License-Identifier: GPL-2.0-only
/* Families of users. */
#include "core/process/family.h"

#include <stdio.h>
#include <string.h>

#include "core/base/subuid.h"

void pc_family_of(uint32_t uid, const struct pc_identity *who, struct pc_family *out)
{
	bool contained = who && who->container && who->container_word == PC_WORD_SYSTEM;

	out->users = (uint32_t)pc_subuid_first(uid);
	out->container[0] = '\0';
	if (contained)
		snprintf(out->container, sizeof(out->container), "%s", who->container);
}

uint32_t pc_family_user(const struct pc_identity *who)
{
	return who ? who->uid : UINT32_MAX;
}

void pc_family_of_process(const struct pc_identity *who, struct pc_family *out)
{
	pc_family_of(pc_family_user(who), who, out);
}

bool pc_family_same(const struct pc_family *a, const struct pc_family *b)
{
	return a->users == b->users && !strcmp(a->container, b->container);
}

bool pc_family_is_root(const struct pc_family *family)
{
	return !family->users && !family->container[0];
}
