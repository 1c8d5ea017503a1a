/* SPDX-License-Identifier: GPL-2.0-only */
/* A recorded storm, all that the join made of it, and all that it makes of the recording. */
#ifndef PORTCLASH_TESTS_TAPED_STORM_H
#define PORTCLASH_TESTS_TAPED_STORM_H

#include "storm.h"
#include "tape.h"

struct taped_storm {
	struct tape tape;
	struct storm storm;
	struct pc_counters counters; /* at the end */
	char *text;		     /* dump.h; owned */
};

/* Records so many rounds. `fail_at`: see struct tape; `error` is the recorder's in the end. */
void taped_storm_make(struct taped_storm *t, uint64_t seed, unsigned rounds, unsigned fail_at,
		      int *error);
void taped_storm_free(struct taped_storm *t);

/* The same text of what the first `size` bytes of the recording make; malloc'd. */
char *taped_storm_play(const struct taped_storm *t, size_t size, uint64_t *unanswered,
		       struct pc_counters *counters);

/* Fails where the two differ first. */
void taped_storm_assert_same(const char *text, const char *other);

#endif
