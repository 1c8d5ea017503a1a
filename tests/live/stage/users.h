/* SPDX-License-Identifier: GPL-2.0-only */
/* A user namespace, as `unshare --user --map-root-user` gives it to anybody. */
#ifndef LIVE_STAGE_USERS_H
#define LIVE_STAGE_USERS_H

#include "stage/puppet.h"

/* Makes the puppet, which is root, the root of a new user namespace: outside it is the user `uid`, with no
 * capability. Root makes the namespace, because AppArmor can keep programs that it does not know from that. Skips the
 * scenario where there are no user namespaces. */
void users_enter(struct puppet *p, uid_t uid);

#endif
