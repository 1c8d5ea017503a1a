// SPDX-License-Identifier: GPL-2.0-only
/* Families of users and how many warnings of each are shown. */
#include "core/memory/warned_quota.h"

#include "core/base/time.h"

static uint64_t warned_since(uint64_t now_ns, uint64_t then_ns)
{
	return now_ns > then_ns ? now_ns - then_ns : 0;
}

static bool is_warned_free(const struct pc_warned_family *f, uint64_t now_ns)
{
	return !f->used || warned_since(now_ns, f->second_ns) >= PC_WARNED_IDLE_NS;
}

static struct pc_warned_family *warned_family_of(struct pc_warned_quota *q,
						 const struct pc_family *family, uint64_t now_ns)
{
	struct pc_warned_family *list = q->families;

	for (unsigned i = 0; i < PC_WARNED_FAMILIES; i++)
		if (list[i].used && pc_family_same(&list[i].family, family))
			return &list[i];
	for (unsigned i = 0; i < PC_WARNED_FAMILIES - 1; i++) {
		if (!is_warned_free(&list[i], now_ns))
			continue;
		list[i] = (struct pc_warned_family){ .used = true, .family = *family };
		return &list[i];
	}
	return &list[PC_WARNED_FAMILIES - 1];
}

bool pc_warned_quota_may(struct pc_warned_quota *q, const struct pc_family *family, uint64_t now_ns,
			 unsigned long *suppressed)
{
	struct pc_warned_family *f = warned_family_of(q, family, now_ns);

	if (!f->second_ns || warned_since(now_ns, f->second_ns) >= PC_NS_PER_SECOND) {
		f->second_ns = now_ns;
		f->shown = 0;
	}
	if (f->shown == PC_WARNED_A_SECOND) {
		f->suppressed++;
		return false;
	}
	f->shown++;
	*suppressed = f->suppressed;
	f->suppressed = 0;
	return true;
}
