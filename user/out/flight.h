/* SPDX-License-Identifier: GPL-2.0-only */
/* The answer of a flight recorder, as text or as JSON lines. */
#ifndef PORTCLASH_OUT_FLIGHT_H
#define PORTCLASH_OUT_FLIGHT_H

#include "core/flight/answer.h"
#include "out/sink.h"

struct pc_flight_view {
	const char *ports; /* as they were asked for */
	const char *path;
	const struct pc_flight_question *question;
	const struct pc_flight_answer *answer;
};

/* Each writes all of it. 0 or the negative errno of the write. Text has local times with their zone, JSON has UTC. */
int pc_flight_text(struct pc_log *log, const struct pc_flight_view *v);
int pc_flight_json(struct pc_log *log, const struct pc_clock *clock,
		   const struct pc_flight_view *v);

#endif
