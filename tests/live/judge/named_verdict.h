/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdict on a refused Unix socket. */
#ifndef LIVE_JUDGE_NAMED_VERDICT_H
#define LIVE_JUDGE_NAMED_VERDICT_H

#include <jansson.h>

#include "stage/puppet.h"

/* Returns the next refusal of this puppet; aborts the scenario if none comes. Where an emulated machine stood still while
 * portclash looked at the path, or other scenarios had used up the time for looks, the refusal is staged again. */
json_t *named_verdict_take(struct puppet *by);

#endif
