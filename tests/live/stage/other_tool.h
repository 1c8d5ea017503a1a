/* SPDX-License-Identifier: GPL-2.0-only */
/* Another tool works on a map of its own, without end: meanwhile the kernel runs no program on a tracepoint or
 * kprobe on that processor. */
#ifndef LIVE_STAGE_OTHER_TOOL_H
#define LIVE_STAGE_OTHER_TOOL_H

#include "stage/puppet.h"

/* Has a child of this puppet be the tool. */
void other_tool_begin(struct puppet *by);

/* Ends the tool. The scenario fails if the tool could not use its map. */
void other_tool_end(struct puppet *by);

#endif
