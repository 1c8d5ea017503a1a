// SPDX-License-Identifier: GPL-2.0-only
/* A recording in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/base/array.h"
#include "tape.h"

static int write_tape(void *context, const void *data, size_t size)
{
	struct tape *t = context;

	if (++t->writes == t->fail_at)
		return -ENOSPC;
	assert_int_equal(pc_array_reserve(&t->data, &t->room, t->size + size, 1), 0);
	memcpy(t->data + t->size, data, size);
	t->size += size;
	return 0;
}

static void wrap_recorder(void *context, struct pc_join_options *options,
			  struct pc_join_kernel *kernel, struct pc_join_host *host)
{
	struct tape *t = context;

	t->recorder = pc_recorder_new(options, kernel, host, 4711, write_tape, t);
	assert_non_null(t->recorder);
}

struct fake *tape_start(struct tape *t, const struct pc_join_options *options)
{
	return fake_new_wrapped(options, wrap_recorder, t);
}

void tape_stop(struct tape *t, struct fake *f)
{
	fake_free(f);
	pc_recorder_free(t->recorder);
	t->recorder = NULL;
}

void tape_free(struct tape *t)
{
	free(t->data);
	*t = (struct tape){ 0 };
}

uint64_t tape_play(const struct tape *t, size_t size, const struct pc_join_output *output,
		   struct pc_counters *counters)
{
	/* A copy that ends where the recording does: a sanitizer sees what is read behind it. */
	uint8_t *copy = memcpy(malloc(size), t->data, size);
	char sentence[PC_RECORDING_SENTENCE] = "";
	struct pc_playback_counts counts;
	struct pc_playback *p = NULL;
	uint64_t unanswered;

	if (pc_playback_open(copy, size, &p, sentence))
		fail_msg("%zu bytes of a recording: %s", size, sentence);
	assert_int_equal(pc_playback_run(p, &(struct pc_playback_view){ 0 }, output, &counts), 0);
	if (counters)
		*counters = counts.counters;
	unanswered = pc_playback_unanswered(p);
	pc_playback_free(p);
	free(copy);
	return unanswered;
}

const struct pc_recorded *tape_entry(const struct tape *t, size_t at)
{
	return (const void *)(t->data + at);
}

size_t tape_next(const struct tape *t, size_t at)
{
	return at + sizeof(struct pc_recorded) + ((tape_entry(t, at)->size + 7) & ~(size_t)7);
}
