/* SPDX-License-Identifier: GPL-2.0-only */
/* The cost of portclash's own process. */
#ifndef PORTCLASH_SELF_H
#define PORTCLASH_SELF_H

#include "core/base/cost.h"

/* User and system time of all threads, those that have ended too, and 0; or a negative errno. */
int pc_self_cpu(uint64_t *ns);

/* CPU time, memory, and whether the kernel counts runs of BPF programs; the rest of `out` is left
 * as it is. `proc` is "/proc", or a folder that looks like it. */
void pc_self_read(const char *proc, struct pc_cost *out);

#endif
