/* SPDX-License-Identifier: GPL-2.0-only */
/* `portclash history --at`: who had a port at some time, by the agent's flight recorder. */
#ifndef PORTCLASH_CMD_HISTORY_AT_H
#define PORTCLASH_CMD_HISTORY_AT_H

#include "cmd/history_options.h"

struct pc_history_at {
	uint64_t from_ns; /* wall clock; 0: nobody asks */
	uint64_t to_ns;
	bool json;
};

/* Reads the time of --at: one without a fraction means its whole second. */
void pc_history_at_parse(struct argp_state *state, struct pc_history_at *at, const char *text);

/* Answers from the file that was named, or from the configured one. Returns the exit status. */
int pc_history_at_run(struct pc_history_options *o, const struct pc_history_at *at);

#endif
