/* SPDX-License-Identifier: GPL-2.0-only */
/* A recording in memory of a join on a fake side, made by the product's recorder. */
#ifndef PORTCLASH_TESTS_TAPE_H
#define PORTCLASH_TESTS_TAPE_H

#include "core/recording/recording.h"
#include "fake_side.h"

struct tape {
	uint8_t *data; /* owned; aligned to 8 */
	size_t size;
	size_t room;
	unsigned writes;
	unsigned fail_at; /* the write that fails, counted from 1; 0: none */
	struct pc_recorder *recorder;
};

/* A join on a fake side that is recorded; and the end of both, after which the recording stays. */
struct fake *tape_start(struct tape *t, const struct pc_join_options *options);
void tape_stop(struct tape *t, struct fake *f);
void tape_free(struct tape *t);

/* Plays a recording: its first `size` bytes. All that the join makes of it goes to `output`. Returns the
 * number of questions without an answer. */
uint64_t tape_play(const struct tape *t, size_t size, const struct pc_join_output *output,
		   struct pc_counters *counters);

/* The entry at that byte, and the byte behind it. */
const struct pc_recorded *tape_entry(const struct tape *t, size_t at);
size_t tape_next(const struct tape *t, size_t at);

#endif
