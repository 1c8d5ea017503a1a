/* SPDX-License-Identifier: GPL-2.0-only */
/* What makes two verdicts the same collision. Pure. */
#ifndef PORTCLASH_REPEAT_KEY_H
#define PORTCLASH_REPEAT_KEY_H

#include "core/model.h"

/* A text that is equal for the same collision and for no other: who asked (the program where it
 * runs, not the process), for what, with which options and settings, what stood in the way, and
 * by whom it is held (the socket and the process). malloc'd; NULL: no memory. */
char *pc_repeat_key(const struct pc_verdict *v);

#endif
