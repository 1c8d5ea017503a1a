/* SPDX-License-Identifier: GPL-2.0-only */
/* Servers that share one address and port by SO_REUSEPORT: the kernel gives each a part of the
 * connections, and no call fails. Between a master and its workers that is meant, between strangers a
 * mistake. Pure. */
#ifndef PORTCLASH_AUDIT_SHARED_H
#define PORTCLASH_AUDIT_SHARED_H

#include "core/audit/audit.h"

/* Sets shared[i] for each server among the sockets whose address and port another one has, too; `shared`
 * has a flag for each socket. 0 or -ENOMEM. */
int pc_audit_find_shared(const struct pc_socket_list *sockets, bool *shared);

/* Are two running processes of one family: parent and child, or children of one parent? */
typedef bool (*pc_kin_fn)(void *context, const struct pc_identity *a, const struct pc_identity *b);

/* The owners are known now: marks the entries that share with strangers, counts their ports, and drops
 * entries that turned out to be worth no line. */
void pc_audit_judge_shared(struct pc_netns_audit *a, pc_kin_fn kin, void *context);

#endif
