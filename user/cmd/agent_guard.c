// SPDX-License-Identifier: GPL-2.0-only
/* The guard as a part of the agent. */
#include "cmd/agent_guard.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "core/base/ports.h"
#include "out/guard.h"

static void agent_tell_guard(void *context, const struct pc_guard_told *t)
{
	struct pc_agent_guard *g = context;
	struct pc_clock clock = pc_clock_read();

	for (unsigned i = 0; i < g->outlets->count; i++) {
		const struct pc_outlet *o = &g->outlets->list[i];

		if (o->sink == &pc_sink_journal)
			pc_guard_journal(o->to, t);
		else
			pc_guard_json(o->to, &clock, t, false);
	}
}

static struct pc_guarding_options guard_options_of(struct pc_agent_guard *g,
						   const struct pc_settings *settings)
{
	memcpy(g->protect, settings->protect, sizeof(g->protect));
	return (struct pc_guarding_options){
		.policy = settings->guard,
		.share_percent = settings->guard_share,
		.grace_ns = settings->guard_grace_ns,
		.protect = g->protect,
		.own_netns_only = !settings->enter_netns,
		.persist = pc_guarding_may_persist(NULL),
		.btf = settings->btf,
		.verbose = settings->verbose,
		.root = "",
		.state = PC_KEEP_FOLDER,
		.context = g,
		.tell = agent_tell_guard,
	};
}

void pc_agent_guard_open(struct pc_agent_guard *g, const struct pc_settings *settings,
			 struct pc_outlets *outlets)
{
	struct pc_guarding_options options;
	char sentence[PC_SENTENCE];
	const char *blind;

	g->outlets = outlets;
	if (!settings->guard.count)
		return;
	options = guard_options_of(g, settings);
	if (pc_guarding_open(&options, &g->guarding, sentence)) {
		fprintf(stderr, "portclash: the agent guards no ports: %s; it still watches\n",
			sentence);
		return;
	}
	blind = pc_guarding_blind(g->guarding);
	if (*blind)
		fprintf(stderr,
			"portclash: the guard restores ports that another program removes within a second, not at once: %s\n",
			blind);
}

void pc_agent_guard_close(struct pc_agent_guard *g)
{
	pc_guarding_close(g->guarding);
	g->guarding = NULL;
}

int pc_agent_guard_fd(const struct pc_agent_guard *g)
{
	return g->guarding ? pc_guarding_fd(g->guarding) : -1;
}

void pc_agent_guard_run(struct pc_agent_guard *g)
{
	if (g->guarding)
		pc_guarding_run(g->guarding);
}

bool pc_agent_guard_can(const struct pc_agent_guard *g, const struct pc_settings *settings)
{
	return g->guarding || !settings->guard.count;
}

void pc_agent_guard_set(struct pc_agent_guard *g, const struct pc_settings *settings)
{
	struct pc_guarding_options options;

	if (!g->guarding)
		return;
	options = guard_options_of(g, settings);
	pc_guarding_set(g->guarding, &options);
}

void pc_agent_guard_count(struct pc_agent_guard *g, struct pc_metrics_guard *out)
{
	out->active = g->guarding;
	if (g->guarding)
		out->counters = *pc_guarding_counters(g->guarding);
}
