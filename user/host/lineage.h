/* SPDX-License-Identifier: GPL-2.0-only */
/* These functions say how two processes are related, by parent and session as they are now. `root`
 * is that of procfs.h. */
#ifndef PORTCLASH_LINEAGE_H
#define PORTCLASH_LINEAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/model.h"

/* Did this process leave the session of `claimer`, which started it, as daemon(3) does? Yes if it
 * leads a session of its own. Yes also if another process than the claimer led its session and has
 * ended. That is the end of a double fork(), or of a terminal: the two cannot be told apart, and a
 * verdict says less about a daemon. */
bool pc_lineage_is_daemon(const char *root, uint32_t pid, uint32_t claimer);

/* The process's parent, or the process that took the place of one that has ended; 0: it has ended. */
uint32_t pc_lineage_parent(const char *root, uint32_t pid);

/* Are these processes of one server: parent and child, or children of one parent that runs the file
 * of `a` too? False when one of them has ended. */
bool pc_lineage_is_kin(const char *root, const struct pc_identity *a, const struct pc_identity *b);

#endif
