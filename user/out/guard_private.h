/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the guard's output. */
#ifndef PORTCLASH_OUT_GUARD_PRIVATE_H
#define PORTCLASH_OUT_GUARD_PRIVATE_H

#include "out/guard.h"
#include "out/json_parts.h"

json_t *pc_guard_who_json(const struct pc_guard_who *who);

#endif
