/* SPDX-License-Identifier: GPL-2.0-only */
/* Several causes share these fixes. Each call adds its fix only where it is true in this case. */
#ifndef PORTCLASH_ADVICE_FIXES_H
#define PORTCLASH_ADVICE_FIXES_H

#include "core/verdict/advice_builder.h"

/* Stop all processes that have a blocker open, each by the means that harm nothing else, and cut the
 * connections that no process has open any more. `or_wait` continues the text. The fixes are to be typed
 * in this order. */
void pc_advice_fix_stop(struct pc_advice *a, const char *or_wait);

/* The same of a connection, which may also end by itself. */
void pc_advice_fix_end(struct pc_advice *a);

/* The same of a connection that the kernel gave its port at connect(): `portclash free` comes first, which ends the
 * connection and leaves its process alone. */
void pc_advice_fix_cut_or_end(struct pc_advice *a);

/* The same of a socket that its maker left to others. */
void pc_advice_fix_heirs(struct pc_advice *a);

/* Try again when the last TIME_WAIT has ended, or end them. */
void pc_advice_fix_time_wait(struct pc_advice *a);

/* Set SO_REUSEADDR on the refused socket. True only when every holder in the way has set it and
 * none of them listens, and only when portclash could describe all of them. */
void pc_advice_fix_reuseaddr(struct pc_advice *a);

/* Reserve the port by `portclash reserve`: the kernel never chooses it again, but it is not free now. */
void pc_advice_fix_reserve(struct pc_advice *a);

/* Listen outside the ephemeral range. */
void pc_advice_fix_other_port(struct pc_advice *a);

/* Share the port by SO_REUSEPORT. */
void pc_advice_fix_share(struct pc_advice *a);

/* Give one of the two another port or address. */
void pc_advice_fix_apart(struct pc_advice *a);

#endif
