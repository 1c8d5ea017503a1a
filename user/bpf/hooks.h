/* SPDX-License-Identifier: GPL-2.0-only */
/* These functions attach and detach the programs of a back end. */
#ifndef PORTCLASH_HOOKS_H
#define PORTCLASH_HOOKS_H

#include <stdbool.h>

#include "bpf/backend.h"

struct pc_monitor;

/* Attaches the programs of the monitor's back end that are due in its cases (`when`). Returns 0, or a
 * negative errno and the sentence (PC_SENTENCE bytes). */
int pc_hooks_attach(struct pc_monitor *m, char *sentence);

/* Attaches those of the cgroup programs that are due at `when` (PC_WHEN_FIRST or PC_WHEN_ALWAYS), all or
 * none. The monitor can do without them. */
bool pc_hooks_attach_cgroup(struct pc_monitor *m, enum pc_when when);

void pc_hooks_detach(struct pc_monitor *m);

#endif
