/* SPDX-License-Identifier: GPL-2.0-only */
/* One look at what this machine lets portclash do. */
#ifndef PORTCLASH_LOOK_FEATURES_H
#define PORTCLASH_LOOK_FEATURES_H

#include "core/config/features.h"

/* Tries every back end; nothing stays attached. `btf`: a file of the kernel's type information, or NULL. `verbose`:
 * libbpf's own messages go to standard error. Returns whether any back end works. */
bool pc_features_look(const char *btf, bool verbose, struct pc_features *out);

#endif
