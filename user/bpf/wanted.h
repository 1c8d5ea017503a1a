/* SPDX-License-Identifier: GPL-2.0-only */
/* The set of the sockets whose owners are wanted, in the programs' memory (bpf/owner.bpf.h). */
#ifndef PORTCLASH_BPF_WANTED_H
#define PORTCLASH_BPF_WANTED_H

#include "bpf/open_files.h"

/* Sets what is wanted. If no slot is free for a key, the programs report all sockets, more than the
 * caller wants. */
void pc_wanted_set(struct pc_open_files *o, const struct pc_wanted *wanted);

/* Empties the set again. */
void pc_wanted_clear(struct pc_open_files *o, const struct pc_wanted *wanted);

#endif
