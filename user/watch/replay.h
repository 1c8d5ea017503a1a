/* SPDX-License-Identifier: GPL-2.0-only */
/* A recorded session, told again: the lines are those that `trace` told, or could have told, on the machine of
 * the recording. */
#ifndef PORTCLASH_REPLAY_H
#define PORTCLASH_REPLAY_H

#include "core/recording/recording.h"
#include "out/sink.h"

struct pc_replay_options {
	struct pc_filter filter; /* `tree`: only the refusals of the recorded session's command, if it had one */
	bool each;		 /* every refusal has its line: hunts are told */
	uint64_t repeat_ns;	 /* as in struct pc_watch_options */
	const char *invitation; /* the first line of text; NULL: none */
	struct pc_outlet outlet;
};

/* Tells the session of the opened recording. 0, -ENOMEM, or the negative errno of the last line that could
 * not be written. `verdicts` gets the number of refusals. */
int pc_replay(struct pc_playback *p, const struct pc_replay_options *options, uint64_t *verdicts);

#endif
