// SPDX-License-Identifier: GPL-2.0-only
/* A recording, from anybody's hands, is opened and played back through the product's own join. Whatever
 * is in it, each verdict can be printed, and nothing is read beyond its end. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/recording/recording.h"
#include "core/verdict/advice.h"
#include "out/sink.h"

static void recording_print_verdict(void *context, struct pc_verdict *v)
{
	const struct pc_clock clock = { 0, v->time_ns };
	unsigned *printed = context;
	struct pc_log log;
	char *text;

	FUZZ_CHECK(!pc_advise(v));
	FUZZ_CHECK(v->cause > PC_CAUSE_INVALID && v->cause < PC_CAUSE_COUNT);
	FUZZ_CHECK(v->explanation && *v->explanation && v->fixes_count <= PC_FIXES_MAX);
	if ((*printed)++ >= 4)
		return;
	fuzz_log_begin(&log);
	FUZZ_CHECK(!pc_sink_text.verdict(&log, &clock, v));
	text = fuzz_log_end(&log);
	fuzz_check_terminal(text);
	free(text);
}

static int recording_keep(void *context, const void *data, size_t size)
{
	FUZZ_CHECK(fwrite(data, 1, size, context) == size);
	return 0;
}

/* With pseudonyms it is a recording still, of which the same can be played. */
static void recording_anonymize(const struct pc_playback *p)
{
	char sentence[PC_RECORDING_SENTENCE] = "", *data = NULL;
	struct pc_playback *again = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&data, &size);

	FUZZ_CHECK(!pc_recording_anonymize(p, recording_keep, out));
	fclose(out);
	FUZZ_CHECK(!pc_playback_open(data, size, &again, sentence));
	pc_playback_free(again);
	free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy =
		memcpy(malloc(size ? size : 1), data, size); /* aligned, of exactly this size */
	char sentence[PC_RECORDING_SENTENCE] = "";
	struct pc_playback *p = NULL;
	unsigned printed = 0;
	const struct pc_join_output output = { .context = &printed,
					       .verdict = recording_print_verdict };

	if (pc_playback_open(copy, size, &p, sentence)) {
		FUZZ_CHECK(*sentence);
	} else {
		FUZZ_CHECK(!pc_playback_run(p, &(struct pc_playback_view){ 0 }, &output, NULL));
		recording_anonymize(p);
	}
	pc_playback_free(p);
	free(copy);
	return 0;
}
