/* SPDX-License-Identifier: GPL-2.0-only */
/* The guard as a part of the agent: `guard` in its configuration. */
#ifndef PORTCLASH_AGENT_GUARD_H
#define PORTCLASH_AGENT_GUARD_H

#include "cmd/outlets.h"
#include "core/config/settings.h"
#include "guard/guarding.h"

struct pc_agent_guard {
	struct pc_guarding *guarding; /* NULL: the agent is no guard */
	struct pc_outlets *outlets;   /* where it tells what it did */
	uint64_t protect[PC_PORT_WORDS];
};

/* Becomes the guard if the settings want one. What fails is said on standard error, and the agent
 * watches on. To be called before privileges are dropped. */
void pc_agent_guard_open(struct pc_agent_guard *g, const struct pc_settings *settings,
			 struct pc_outlets *outlets);
void pc_agent_guard_close(struct pc_agent_guard *g);

/* For pc_wait(); -1: no guard. */
int pc_agent_guard_fd(const struct pc_agent_guard *g);
void pc_agent_guard_run(struct pc_agent_guard *g);

/* Can these settings be taken now? A guard that is wanted only now has to wait for the next start. */
bool pc_agent_guard_can(const struct pc_agent_guard *g, const struct pc_settings *settings);

/* After a reload. */
void pc_agent_guard_set(struct pc_agent_guard *g, const struct pc_settings *settings);

void pc_agent_guard_count(struct pc_agent_guard *g, struct pc_metrics_guard *out);

#endif
