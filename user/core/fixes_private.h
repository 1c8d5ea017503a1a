/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the fixes*.c only: each fixer adds what is true for its cause in this very case. */
#ifndef PORTCLASH_FIXES_PRIVATE_H
#define PORTCLASH_FIXES_PRIVATE_H

#include "core/fixes.h"

/* Takes over both strings; either may be NULL only for want of memory or by intent. */
void pc_fix_add(struct pc_verdict *v, enum pc_when when, char *what, char *command);
char *pc_fix_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Keeps the kernel from choosing the port again; it frees nothing now. */
void pc_fix_reserve(struct pc_verdict *v);
void pc_fix_other_port(struct pc_verdict *v);

/* True only when every holder in the way has set it already and none of them listens; and
 * that is known only when all of them could be described. */
void pc_fix_reuseaddr(struct pc_verdict *v);
void pc_fix_stop(struct pc_verdict *v, const struct pc_holder *h, const char *or_wait);

/* "" in portclash's own namespace, "nsenter -t PID -n " for another one. */
void pc_fix_enter_netns(const struct pc_verdict *v, char *out, size_t size);

/* fixes_server.c, and fixes_kernel.c for the last: of the causes that are about servers. */
void pc_fix_listener(struct pc_verdict *v, const struct pc_holder *h);
void pc_fix_duplicate(struct pc_verdict *v, const struct pc_holder *h);
void pc_fix_inherited(struct pc_verdict *v, const struct pc_holder *h);
void pc_fix_reuseport_mismatch(struct pc_verdict *v, const struct pc_holder *h);
void pc_fix_wildcard(struct pc_verdict *v, const struct pc_holder *h);
void pc_fix_dual_stack(struct pc_verdict *v, const struct pc_holder *h);
void pc_fix_listen_race(struct pc_verdict *v, const struct pc_holder *h);
void pc_fix_kernel_socket(struct pc_verdict *v, const struct pc_holder *h);

/* fixes_errno.c: of the causes without a holder. */
void pc_fix_privileged(struct pc_verdict *v, const struct pc_holder *h);
void pc_fix_not_local(struct pc_verdict *v, const struct pc_holder *h);

/* Whatever the cause: what no restart of a container ends. */
void pc_fix_place(struct pc_verdict *v, const struct pc_holder *h);

#endif
