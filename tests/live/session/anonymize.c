// SPDX-License-Identifier: GPL-2.0-only
/* `trace --record` tells what the file holds; `replay --anonymize` makes one without names, which tells the same. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/logfile.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/theft.h"

#define PATH_LEN 160

static int run_replay(struct test *t, const char *const *argv, char **out, char **err)
{
	struct monitor *m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	int status = monitor_stop(t, m, 0, 20);

	*out = monitor_text(m->out);
	*err = monitor_text(m->err);
	return status;
}

/* The refusals in JSON lines, each as "PORT CAUSE PID", one a line. */
static char *refusals_of(struct test *t, const char *path)
{
	const char *const argv[] = { "replay", "--json", "--all", path, NULL };
	char *out, *err, *text = NULL;
	size_t len;
	FILE *list = open_memstream(&text, &len);

	if (run_replay(t, argv, &out, &err) != 3)
		test_fail(t, "expected 3 from replay of %s, which said \"%s\"", path, err);
	for (char *save = NULL, *at = strtok_r(out, "\n", &save); at;
	     at = strtok_r(NULL, "\n", &save)) {
		json_t *line = json_loads(at, 0, NULL), *wanted, *who;
		const char *cause = json_string_value(json_object_get(line, "cause"));

		wanted = json_object_get(json_object_get(line, "requested"), "port");
		who = json_object_get(json_object_get(line, "requester"), "pid");
		if (cause)
			fprintf(list, "%lld %s %lld\n", (long long)json_integer_value(wanted),
				cause, (long long)json_integer_value(who));
		json_decref(line);
	}
	fclose(list);
	free(out);
	free(err);
	return text;
}

/* None of these bytes is in the file. */
static void expect_without(struct test *t, const char *path, const char *what)
{
	FILE *in = fopen(path, "re");
	char *data = malloc(1 << 24);
	size_t size = in && data ? fread(data, 1, 1 << 24, in) : 0;

	if (!size)
		test_abort(t, "stage: cannot read %s", path);
	if (memmem(data, size, what, strlen(what)))
		test_fail(t, "\"%s\" is still in %s", what, path);
	fclose(in);
	free(data);
}

static void record_theft(struct test *t, const char *path)
{
	const char *const argv[] = { "trace", "--record", path, NULL };
	struct monitor *m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	struct theft o;
	char *said;

	if (!monitor_await_text(t, m->out, "Watching", 20))
		test_abort(t, "trace did not start");
	o = theft_cast(t);
	theft_listen(&o, 0);
	theft_connect(&o, 0);
	theft_refuse(&o);
	stage_refused(puppet_start_as(t, &(struct puppet_spec){ .name = "kunde-geheim",
								.argument = "--token=geheim" }),
		      0, "127.0.0.1", o.out.look.local.port, EADDRINUSE);
	sleep_ms(500);
	monitor_stop(t, m, SIGINT, 20);
	said = monitor_text(m->err);
	if (!strstr(said, "holds command lines") || !strstr(said, "again: portclash replay /") ||
	    !strstr(said, path))
		test_fail(t, "expected a sentence about what the recording holds, got \"%s\"",
			  said);
	free(said);
}

static void expect_replay(struct test *t, const char *const *argv, int status, const char *sentence)
{
	char *out, *err;
	int have = run_replay(t, argv, &out, &err);

	if (have != status || !strstr(err, sentence))
		test_fail(t, "expected %d and \"%s\", got %d and \"%s\"", status, sentence, have,
			  err);
	free(out);
	free(err);
}

/* No option is ignored, and a recording that ends early is not passed on in silence. */
static void check_refused_and_cut(struct test *t, const char *path)
{
	char new[PATH_LEN];
	struct stat st;

	test_path(t, "second.pcrec", new, sizeof(new));
	expect_replay(t,
		      (const char *const[]){ "replay", path, "--anonymize", new, "-p", "1", NULL },
		      2, "leave the filters");
	expect_replay(t,
		      (const char *const[]){ "replay", path, "--json", "--anonymize", new, NULL },
		      2, "leave the filters");
	expect_replay(
		t, (const char *const[]){ "replay", path, "--anonymize", new, "--uid", "1", NULL },
		2, "leave the filters");
	expect_replay(t, (const char *const[]){ "replay", path, "--anonymize", "-", NULL }, 2,
		      "name of a new file");
	if (!stat(new, &st))
		test_fail(t, "expected no file after a wrong command line");
	if (stat(path, &st) || truncate(path, st.st_size - 1))
		test_abort(t, "stage: the recording cannot be cut");
	expect_replay(t, (const char *const[]){ "replay", path, "--anonymize", new, NULL }, 0,
		      "ends early");
}

static void scenario_record_anonymize(struct test *t)
{
	char path[PATH_LEN], new[PATH_LEN];
	const char *const argv[] = { "replay", path, "--anonymize", new, NULL };
	char *before, *after, *out, *err;
	struct stat st;

	test_path(t, "incident.pcrec", path, sizeof(path));
	test_path(t, "to-send.pcrec", new, sizeof(new));
	record_theft(t, path);
	if (run_replay(t, argv, &out, &err) || *err || !strstr(out, "pseudonyms"))
		test_fail(t, "expected 0 and a sentence, got \"%s\" and \"%s\"", out, err);
	free(out);
	free(err);
	before = refusals_of(t, path);
	after = refusals_of(t, new);
	if (logfile_count(before, "\n") < 2 || strcmp(before, after) != 0)
		test_fail(t, "expected the same refusals, got\n%sand\n%s", before, after);
	expect_without(t, new, "geheim");
	expect_without(t, new, "--command");
	expect_without(t, new, t->folder + strlen("/tmp/"));
	if (stat(new, &st) || (st.st_mode & 0777) != 0600)
		test_fail(t, "expected mode 0600, got %o", st.st_mode & 0777);
	if (run_replay(t, argv, &out, &err) != 1 || !strstr(err, "exists: name another"))
		test_fail(t, "expected that a file is not overwritten, got \"%s\"", err);
	free(out);
	free(err);
	free(before);
	free(after);
	check_refused_and_cut(t, path);
}

const struct scenario cases_session_anonymize[] = {
	{ .name = "record-anonymize", .run = scenario_record_anonymize, .watch = WATCH_OWN },
	{ 0 },
};
