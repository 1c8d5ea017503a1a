// SPDX-License-Identifier: GPL-2.0-only
/* Record a storm and play it back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "taped_storm.h"

void taped_storm_make(struct taped_storm *t, uint64_t seed, unsigned rounds, unsigned fail_at,
		      int *error)
{
	uint64_t ports[PC_PORT_WORDS];
	const struct pc_join_options options = storm_options(seed, ports);
	struct fake *f;
	size_t len;
	FILE *out;

	*t = (struct taped_storm){ .tape.fail_at = fail_at };
	out = open_memstream(&t->text, &len);
	f = tape_start(&t->tape, &options);
	f->output = dump_output(out);
	storm_run(&t->storm, f, seed, rounds);
	t->counters = *pc_join_counters(f->join);
	*error = pc_recorder_error(t->tape.recorder);
	tape_stop(&t->tape, f);
	dump_counters(out, &t->counters);
	fclose(out);
}

void taped_storm_free(struct taped_storm *t)
{
	tape_free(&t->tape);
	free(t->text);
}

char *taped_storm_play(const struct taped_storm *t, size_t size, uint64_t *unanswered,
		       struct pc_counters *counters)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	const struct pc_join_output output = dump_output(out);

	*unanswered = tape_play(&t->tape, size, &output, counters);
	dump_counters(out, counters);
	fclose(out);
	return text;
}

void taped_storm_assert_same(const char *text, const char *other)
{
	size_t at = 0;

	while (text[at] && text[at] == other[at])
		at++;
	if (text[at] != other[at])
		fail_msg("not the same after %zu bytes:\n%.200s\n%.200s", at, text + at,
			 other + at);
}
