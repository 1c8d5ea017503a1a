/* SPDX-License-Identifier: GPL-2.0-only */
/* Holders that differ in nothing a person asks for: they can be one line with a count. */
#ifndef PORTCLASH_CORE_ALIKE_H
#define PORTCLASH_CORE_ALIKE_H

#include "core/base/model.h"

/* Have both processes the same name, user, executable, command line and place? */
bool pc_parties_alike(const struct pc_party *a, const struct pc_party *b);

/* Have both holders the same local address and state, and owners with the same name, user, executable and
 * command line? The processes themselves and the other ends of connections may differ. */
bool pc_holders_alike(const struct pc_holder *a, const struct pc_holder *b);

#endif
