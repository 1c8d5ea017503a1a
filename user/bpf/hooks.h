/* SPDX-License-Identifier: GPL-2.0-only */
/* Attaching the programs of a back end. */
#ifndef PORTCLASH_HOOKS_H
#define PORTCLASH_HOOKS_H

#include <stdbool.h>

#include "bpf/backend.h"

struct pc_monitor;

/* The programs of the monitor's back end; `with_states`: also those that see both ends of a
 * connection. 0, or a negative errno and the sentence (PC_SENTENCE bytes). */
int pc_hooks_attach(struct pc_monitor *m, bool with_states, char *sentence);

/* Those of its cgroup programs that are attached so (PC_ATTACH_COOKIE, PC_ATTACH_CGROUP), all or
 * none. It can do without. */
bool pc_hooks_attach_cgroup(struct pc_monitor *m, enum pc_attach which);

void pc_hooks_detach(struct pc_monitor *m);

#endif
