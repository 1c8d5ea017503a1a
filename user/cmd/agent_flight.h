/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent's flight recorder: opened before the agent gives up its privileges, and said on standard error where that
 * fails. The agent watches without it then. */
#ifndef PORTCLASH_CMD_AGENT_FLIGHT_H
#define PORTCLASH_CMD_AGENT_FLIGHT_H

#include "core/config/settings.h"
#include "core/flight/flight.h"
#include "host/flight_file.h"
#include "out/metrics.h"

struct pc_agent_flight {
	struct pc_flight *recorder; /* NULL: there is none */
	struct pc_flight_file file;
	const char *path;
	bool told; /* that the file is broken */
};

void pc_agent_flight_open(struct pc_agent_flight *f, const struct pc_settings *settings);

/* Says once that the file is broken. */
void pc_agent_flight_report(struct pc_agent_flight *f);

void pc_agent_flight_count(const struct pc_agent_flight *f, struct pc_metrics_flight *out);

void pc_agent_flight_close(struct pc_agent_flight *f);

#endif
