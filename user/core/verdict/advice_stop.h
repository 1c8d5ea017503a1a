/* SPDX-License-Identifier: GPL-2.0-only */
/* The fixes that stop processes, and the sentences about whom a process works for. */
#ifndef PORTCLASH_ADVICE_STOP_H
#define PORTCLASH_ADVICE_STOP_H

#include "core/verdict/advice_builder.h"

/* The most processes that one call takes. */
#define PC_ADVICE_STOPS_MAX (2 * PC_OWNERS_MAX * PC_HOLDERS_MAX)

/* Stops all of these processes, each with `who` and none twice: a fix for each means, with all that it
 * concerns. `or_wait` continues the text. */
void pc_advice_fix_stop_all(struct pc_advice *a, const struct pc_party *const *parties,
			    unsigned count, const char *or_wait);

/* May each of them be ended by itself, by SIGTERM? */
bool pc_advice_all_plain(const struct pc_advice *a, const struct pc_party *const *parties,
			 unsigned count);

/* "; docker-proxy[12] holds it for a container, 172.17.0.2 port 80", "; pid 1 holds it for a socket unit" */
void pc_advice_explain_holder_for(struct pc_advice *a);

/* "; docker-proxy[12] asked for a container, 172.17.0.2 port 80" */
void pc_advice_explain_asked_for(struct pc_advice *a);

#endif
