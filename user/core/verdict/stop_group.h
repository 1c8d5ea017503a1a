/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes that one fix stops. Private to advice_stop.c and advice_stop_process.c. */
#ifndef PORTCLASH_STOP_GROUP_H
#define PORTCLASH_STOP_GROUP_H

#include "core/verdict/advice_stop.h"
#include "core/verdict/stopping.h"

/* Processes of one means, of one unit or one container. */
struct pc_stop_group {
	const struct pc_party *parties[PC_ADVICE_STOPS_MAX];
	unsigned count;
	struct pc_stopping how; /* of the first */
};

/* Room for pc_stop_pids() */
#define PC_STOP_PIDS (12 * PC_ADVICE_STOPS_MAX)

/* "12", "12, 13 and 14" */
void pc_stop_pids(const struct pc_stop_group *g, char *out, size_t size);

/* "s" for several processes, else "" */
const char *pc_stop_plural(const struct pc_stop_group *g);

/* The fixes for processes that are stopped by themselves; that must be looked at first; and that must not be stopped. */
void pc_stop_process(struct pc_advice *a, const struct pc_stop_group *g, const char *or_wait);
void pc_stop_unseen_process(struct pc_advice *a, const struct pc_stop_group *g);
void pc_stop_never(struct pc_advice *a, const struct pc_stop_group *g);

#endif
