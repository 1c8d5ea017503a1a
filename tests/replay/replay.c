// SPDX-License-Identifier: GPL-2.0-only
/* Play recordings back through the product's own join, and compare every verdict with what was staged
 * when they were made (NAME.expect beside NAME.pcrec). Then damage each recording, bit by bit and by
 * cutting it: whatever comes of that, nothing crashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/names.h"
#include "core/recording/recording.h"
#include "core/verdict/advice.h"
#include "core/verdict/causes.h"

/* Bytes of damaged copies that are tried of one stream: all bits of the small ones. An emulated processor is given
 * fewer, as the second argument. */
static size_t budget = 10000000;

/* Tests of each recording. */
#define KINDS 4

/* Questions that the last recording had no answer to. */
static uint64_t unanswered;

struct file {
	char *data;
	size_t size;
};

static struct file replay_read_file(const char *path)
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
static void replay_print_verdict(void *context, struct pc_verdict *v)
{
	const struct pc_holder *h = v->primary < 0 ? NULL : &v->holders[v->primary];
	const struct pc_identity *who = h ? h->claimer.who : NULL;
	unsigned blocking = 0;

	for (unsigned i = 0; i < v->holders_count; i++)
		blocking += v->holders[i].blocking;
	fprintf(context, "%u %s ", v->request.wanted_port, pc_cause_name(v->cause));
	if (who)
		fprintf(context, "%u %.15s ", who->key.tgid, who->comm);
	else
		fprintf(context, "- - ");
	fprintf(context, "%s %u\n", h ? pc_how_name(h->how) : "-", blocking);
	assert_in_range(v->cause, PC_CAUSE_INVALID + 1, PC_CAUSE_COUNT - 1);
	assert_int_equal(pc_advise(v), 0);
	assert_true(v->explanation && *v->explanation);
}

/* PORT outcome KIND STATUS. */
static void replay_print_outcome(void *context, const struct pc_outcome *o)
{
	fprintf(context, "%u outcome %s %d\n", o->request.wanted_port, pc_outcome_name(o->kind),
		o->status);
	assert_in_range(o->kind, PC_OUTCOME_INVALID + 1, PC_OUTCOME_COUNT - 1);
}

/* The verdicts, or one line that begins with "error: ". */
static char *replay(const void *data, size_t size)
{
	char sentence[PC_RECORDING_SENTENCE], *text = NULL;
	struct pc_playback *p = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	const struct pc_join_output output = { .context = out,
					       .verdict = replay_print_verdict,
					       .outcome = replay_print_outcome };

	if (pc_playback_open(data, size, &p, sentence))
		fprintf(out, "error: %s\n", sentence);
	else
		assert_int_equal(pc_playback_run(p, &(struct pc_playback_view){ 0 }, &output, NULL),
				 0);
	if (p && pc_playback_cut(p))
		fprintf(out, "cut: %lu\n", (unsigned long)pc_playback_cut(p));
	/* Only a whole recording has all answers. */
	unanswered = p && !pc_playback_cut(p) ? pc_playback_unanswered(p) : 0;
	pc_playback_free(p);
	fclose(out);
	return text;
}

static char *expectation(const char *path, size_t *len)
{
	char expect[4096], *text = NULL;
	struct file f;
	FILE *out;

	snprintf(expect, sizeof(expect), "%.*s.expect", (int)(strrchr(path, '.') - path), path);
	f = replay_read_file(expect);
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
	struct file f = replay_read_file(path);
	char *got = replay(f.data, f.size);
	size_t len;
	char *want = expectation(path, &len);
	bool same = len > 0 && !strcmp(got, want) && !unanswered;

	if (!same)
		print_error("%s:\nstaged:\n%sreplayed:\n%s%lu questions without an answer\n", path,
			    want, got, (unsigned long)unanswered);
	free(want);
	free(got);
	free(f.data);
	assert_true(same);
}

static int replay_keep(void *context, const void *data, size_t size)
{
	return fwrite(data, 1, size, context) == size ? 0 : -EIO;
}

/* The recording with pseudonyms; without data: it cannot be opened. */
static struct file anonymize(const struct file *f)
{
	char sentence[PC_RECORDING_SENTENCE];
	struct pc_playback *p = NULL;
	struct file to = { 0 };
	FILE *out;

	if (pc_playback_open(f->data, f->size, &p, sentence))
		return to;
	out = open_memstream(&to.data, &to.size);
	assert_int_equal(pc_recording_anonymize(p, replay_keep, out), 0);
	fclose(out);
	pc_playback_free(p);
	return to;
}

/* Takes the name out of a verdict's line, into `comm` (16 bytes). */
static void cut_name(char *line, char *comm)
{
	unsigned port;
	char cause[64], pid[32];
	int from = 0, to = 0;

	*comm = '\0';
	if (sscanf(line, "%u %63s %31s %n%15s%n", &port, cause, pid, &from, comm, &to) == 4 &&
	    strcmp(cause, "outcome"))
		memmove(line + from, line + to, strlen(line + to) + 1);
	else
		*comm = '\0';
}

/* The same verdicts line by line, but for names, of which none is in the other recording. */
static void compare_anonymized(char *before, char *after, const struct file *bytes)
{
	char *rest_before = NULL, *rest_after = NULL;
	char *a = strtok_r(before, "\n", &rest_before), *b = strtok_r(after, "\n", &rest_after);

	for (; a && b;
	     a = strtok_r(NULL, "\n", &rest_before), b = strtok_r(NULL, "\n", &rest_after)) {
		char comm[16], other[16];

		cut_name(a, comm);
		cut_name(b, other);
		assert_string_equal(a, b);
		if (strlen(comm) > 3)
			assert_null(memmem(bytes->data, bytes->size, comm, strlen(comm)));
	}
	assert_true(!a && !b);
}

static void anonymized(void **state)
{
	struct file f = replay_read_file(*state), to = anonymize(&f);
	char *before, *after;

	if (to.data) {
		before = replay(f.data, f.size);
		after = replay(to.data, to.size);
		/* A cut end is not copied; only a whole recording has all answers. */
		if (strstr(before, "cut: "))
			*strstr(before, "cut: ") = '\0';
		else
			assert_int_equal(unanswered, 0);
		compare_anonymized(before, after, &to);
		free(before);
		free(after);
	}
	free(to.data);
	free(f.data);
}

static void bit_flips(void **state)
{
	struct file f = replay_read_file(*state);
	size_t bits = f.size * 8, step = bits * f.size / budget + 1;

	for (size_t bit = 0; bit < bits; bit += step) {
		f.data[bit / 8] ^= (char)(1 << bit % 8);
		free(replay(f.data, f.size));
		f.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	free(f.data);
}

/* Cut anywhere but between two entries, it says so. */
static void cuts(void **state)
{
	struct file f = replay_read_file(*state);
	size_t step = f.size * f.size / budget + 1;

	for (size_t size = 0; size < f.size; size += step) {
		char *cut = memcpy(malloc(size ? size : 1), f.data, size);
		char *got = replay(cut, size);

		if (size % 8)
			assert_true(strstr(got, "cut: ") || !strncmp(got, "error: ", 7));
		free(got);
		free(cut);
	}
	free(f.data);
}

static struct CMUnitTest *tests_of(const glob_t *paths)
{
	static const struct CMUnitTest kinds[] = {
		cmocka_unit_test(as_staged),
		cmocka_unit_test(anonymized),
		cmocka_unit_test(bit_flips),
		cmocka_unit_test(cuts),
	};
	struct CMUnitTest *tests = calloc(paths->gl_pathc * KINDS, sizeof(*tests));

	for (size_t i = 0; i < paths->gl_pathc * KINDS; i++) {
		char *path = paths->gl_pathv[i / KINDS], *name;

		tests[i] = kinds[i % KINDS];
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

	snprintf(pattern, sizeof(pattern), "%s/*.pcrec", argc > 1 ? argv[1] : "tests/replay");
	if (argc > 2)
		budget = strtoul(argv[2], NULL, 10);
	if (glob(pattern, 0, NULL, &paths)) {
		fprintf(stderr, "replay: no streams in %s\n", pattern);
		return 2;
	}
	tests = tests_of(&paths);
	failed = _cmocka_run_group_tests("replay", tests, paths.gl_pathc * KINDS, NULL, NULL);
	for (size_t i = 0; i < paths.gl_pathc * KINDS; i++)
		free((char *)tests[i].name);
	free(tests);
	globfree(&paths);
	return failed;
}
