// SPDX-License-Identifier: GPL-2.0-only
/* Replays recorded streams through the pure part and compares every verdict with what was
 * staged when they were recorded (NAME.expect beside NAME.pcrec); then damages each stream,
 * bit by bit and by cutting it: whatever comes of that, nothing crashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "core/names.h"
#include "engine.h"
#include "stream.h"

/* Bytes of damaged copies that are tried of one stream: all bits of the small ones. */
#define BUDGET 10000000

struct file {
	char *data;
	size_t size;
};

static struct file read_file(const char *path)
{
	struct file f = { 0 };
	FILE *in = fopen(path, "re");
	long size;

	if (!in)
		fail_msg("%s: %s", path, strerror(errno));
	fseek(in, 0, SEEK_END);
	size = ftell(in);
	rewind(in);
	f.data = calloc(1, (size_t)size + 1);
	f.size = fread(f.data, 1, (size_t)size, in);
	fclose(in);
	return f;
}

/* PORT CAUSE PID COMM HOW BLOCKING; "-" for what there is none of. */
static void print_verdict(void *context, const struct pc_verdict *v)
{
	const struct pc_holder *h = v->primary < 0 ? NULL : &v->holders[v->primary];
	const struct pc_identity *who = h ? h->maker.who : NULL;
	unsigned blocking = 0;

	for (unsigned i = 0; i < v->holders_count; i++)
		blocking += v->holders[i].blocking;
	fprintf(context, "%u %s ", v->refusal.wanted_port, pc_cause_name(v->cause));
	if (who)
		fprintf(context, "%u %.15s ", who->key.tgid, who->comm);
	else
		fprintf(context, "- - ");
	fprintf(context, "%s %u\n", h ? pc_how_name(h->how) : "-", blocking);
	assert_in_range(v->cause, PC_CAUSE_INVALID + 1, PC_CAUSE_COUNT - 1);
	assert_true(v->explanation && *v->explanation);
}

/* The whole stream must be sound before any of it is believed. */
static int check(struct stream s, char *sentence)
{
	const void *record;
	size_t size, at = s.at;
	int n;

	while ((n = stream_next(&s, &record, &size, sentence)) > 0) {
		if (engine_check(record, size)) {
			snprintf(sentence, STREAM_SENTENCE,
				 "record %u, at byte %zu, holds an impossible value", s.count, at);
			return -EBADMSG;
		}
		at = s.at;
	}
	return n;
}

static void run(struct stream s, FILE *out)
{
	struct engine *e = engine_new(print_verdict, out);
	char sentence[STREAM_SENTENCE];
	const void *record;
	size_t size;

	while (stream_next(&s, &record, &size, sentence) > 0)
		engine_record(e, record, size);
	engine_finish(e);
	engine_free(e);
}

/* The verdicts, or one line that begins with "error: ". */
static char *replay(const void *data, size_t size)
{
	char sentence[STREAM_SENTENCE], *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct stream s;

	if (stream_open(&s, data, size, sentence) || check(s, sentence))
		fprintf(out, "error: %s\n", sentence);
	else
		run(s, out);
	fclose(out);
	return text;
}

static char *expectation(const char *path, size_t *len)
{
	char expect[4096], *text = NULL;
	struct file f;
	FILE *out;

	snprintf(expect, sizeof(expect), "%.*s.expect", (int)(strrchr(path, '.') - path), path);
	f = read_file(expect);
	out = open_memstream(&text, len);
	for (char *line = strtok(f.data, "\n"); line; line = strtok(NULL, "\n"))
		if (*line != '#')
			fprintf(out, "%s\n", line);
	fclose(out);
	free(f.data);
	return text;
}

static void as_staged(void **state)
{
	const char *path = *state;
	struct file f = read_file(path);
	char *got = replay(f.data, f.size);
	size_t len;
	char *want = expectation(path, &len);
	bool same = len > 0 && !strcmp(got, want);

	if (!same)
		print_error("%s:\nstaged:\n%sreplayed:\n%s", path, want, got);
	free(want);
	free(got);
	free(f.data);
	assert_true(same);
}

static void bit_flips(void **state)
{
	struct file f = read_file(*state);
	size_t bits = f.size * 8, step = bits * f.size / BUDGET + 1;

	for (size_t bit = 0; bit < bits; bit += step) {
		f.data[bit / 8] ^= (char)(1 << bit % 8);
		free(replay(f.data, f.size));
		f.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	free(f.data);
}

/* Cut anywhere but between two records, it is an error. */
static void cuts(void **state)
{
	struct file f = read_file(*state);
	size_t step = f.size * f.size / BUDGET + 1;

	for (size_t size = 0; size < f.size; size += step) {
		char *cut = memcpy(malloc(size ? size : 1), f.data, size);
		char *got = replay(cut, size);

		if (size % 8)
			assert_memory_equal(got, "error: ", 7);
		free(got);
		free(cut);
	}
	free(f.data);
}

static struct CMUnitTest *tests_of(const glob_t *paths)
{
	static const struct CMUnitTest kinds[] = {
		cmocka_unit_test(as_staged),
		cmocka_unit_test(bit_flips),
		cmocka_unit_test(cuts),
	};
	struct CMUnitTest *tests = calloc(paths->gl_pathc * 3, sizeof(*tests));

	for (size_t i = 0; i < paths->gl_pathc * 3; i++) {
		char *path = paths->gl_pathv[i / 3], *name;

		tests[i] = kinds[i % 3];
		tests[i].initial_state = path;
		if (asprintf(&name, "%s %s", tests[i].name, strrchr(path, '/') + 1) > 0)
			tests[i].name = name;
	}
	return tests;
}

int main(int argc, char **argv)
{
	char pattern[4096];
	struct CMUnitTest *tests;
	glob_t paths;
	int failed;

	snprintf(pattern, sizeof(pattern), "%s/*.pcrec", argc == 2 ? argv[1] : "tests/replay");
	if (glob(pattern, 0, NULL, &paths)) {
		fprintf(stderr, "replay: no streams in %s\n", pattern);
		return 2;
	}
	tests = tests_of(&paths);
	failed = _cmocka_run_group_tests("replay", tests, paths.gl_pathc * 3, NULL, NULL);
	for (size_t i = 0; i < paths.gl_pathc * 3; i++)
		free((char *)tests[i].name);
	free(tests);
	globfree(&paths);
	return failed;
}
