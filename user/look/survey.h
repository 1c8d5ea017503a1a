/* SPDX-License-Identifier: GPL-2.0-only */
/* One look at all network namespaces, for `audit`: find them, enter each, read, judge. */
#ifndef PORTCLASH_SURVEY_H
#define PORTCLASH_SURVEY_H

#include "core/audit/audit.h"
#include "host/netns.h"
#include "host/owners.h"

struct pc_survey {
	const char *which; /* "self", a name, a path, an inode number; NULL or "all": all */
	uint64_t protect[PC_PORT_WORDS];
	/* The answer. */
	struct pc_netns_list namespaces;
	struct pc_netns_audit *spaces;
	size_t count;
	struct pc_owners owners;
	uint32_t boot_netns; /* of the first process; 0: not known */
};

/* Fills the answer. The calling process, which has one thread, visits other namespaces and comes
 * back. 0; -ENOENT: there is no such namespace, or no /proc; or another errno. */
int pc_survey_run(struct pc_survey *s);
void pc_survey_free(struct pc_survey *s);

#endif
