/* SPDX-License-Identifier: GPL-2.0-only */
/* A quota of written verdicts for each user: a flood of refusals that are all different must not fill the
 * disk, nor push the lines of others out of the log. Pure; the rule is in docs/json.md. */
#ifndef PORTCLASH_TOLD_QUOTA_H
#define PORTCLASH_TOLD_QUOTA_H

#include "core/base/model.h"

/* Lines of a user at once, and so many more each second. A line with many holders and owners counts as
 * several (PC_TOLD_PARTIES). */
#define PC_TOLD_BURST 1024
#define PC_TOLD_PER_SECOND 8

/* A verdict costs one line more for so many parties. */
#define PC_TOLD_PARTIES 4

/* Users whose quotas are remembered. One user may have many user ids (subuid(5)): they are one here. A user
 * for whom there is no place shares the last one with others. About 1 KiB each. */
#define PC_TOLD_USERS 32

struct pc_told_quota;

/* NULL: no memory. */
struct pc_told_quota *pc_told_quota_new(void);
void pc_told_quota_free(struct pc_told_quota *q);

/* May this verdict be written? If not, it is counted. Root's may, unless it is root in a container. */
bool pc_told_quota_may(struct pc_told_quota *q, const struct pc_verdict *v, uint64_t now_ns);

/* A count to be written now, of scope PC_SCOPE_UNWRITTEN and valid until the next call; NULL: none. Call it
 * until then, now and then. The first comes after a second, then one after ten, then one every minute.
 * `stop`: all that was counted, at the end. */
const struct pc_merged *pc_told_quota_next(struct pc_told_quota *q, uint64_t now_ns, bool stop);

#endif
