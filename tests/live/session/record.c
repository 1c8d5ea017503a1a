// SPDX-License-Identifier: GPL-2.0-only
/* `trace --record`, and `replay` of what it wrote: the same lines. A killed writer, a full disk, changed bytes
 * and a file that exists already are each said. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge/truth.h"
#include "monitor/logfile.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/theft.h"

#define RECORDING_HEADER 32

struct recording {
	struct test *t;
	char path[160];
};

static struct recording recording_named(struct test *t, const char *name)
{
	struct recording r = { .t = t };

	test_path(t, name, r.path, sizeof(r.path));
	return r;
}

static long recording_size(const struct recording *r)
{
	struct stat st;

	if (stat(r->path, &st))
		test_abort(r->t, "stage: %s: %s", r->path, strerror(errno));
	return (long)st.st_size;
}

static struct monitor *replay_it(const struct recording *r, int status, const char *says)
{
	const char *argv[] = { "replay", "--json", "--all", r->path, NULL };
	struct monitor *m = monitor_spawn(r->t, &(struct monitor_spec){ .argv = argv });
	int have = monitor_stop(r->t, m, 0, 20);
	char *said = monitor_text(m->err);

	if (have != status)
		test_fail(r->t, "expected %d, got %d as exit status of replay; it said \"%s\"",
			  status, have, said);
	if (says ? !strstr(said, says) : *said)
		test_fail(r->t, "expected \"%s\", got \"%s\" from replay", says ? says : "", said);
	free(said);
	if (!have || have == 3)
		monitor_read(r->t, m);
	return m;
}

static bool is_about(const json_t *line, const char *type)
{
	const char *have = json_string_value(json_object_get(line, "type"));

	return have && !strcmp(have, type);
}

static bool has_line(const struct monitor *m, json_t *line)
{
	for (size_t i = 0; i < m->count; i++)
		if (json_equal(m->lines[i], line))
			return true;
	return false;
}

/* Costs, and looks that took too long, are those of the process that prints them. */
static void drop_cost(struct monitor *m)
{
	for (size_t i = 0; i < m->count; i++) {
		json_object_del(m->lines[i], "cost");
		json_object_del(m->lines[i], "looks_skipped");
		/* A recording has no count of the calls whose end no program saw. The kernel may leave one out at any time. */
		json_object_del(m->lines[i], "calls_missed");
	}
}

static size_t compare_lines(struct test *t, struct monitor *live, struct monitor *replayed,
			    const char *type)
{
	size_t count = 0;

	for (size_t i = 0; i < live->count; i++) {
		if (!is_about(live->lines[i], type))
			continue;
		count++;
		if (has_line(replayed, live->lines[i]))
			continue;
		test_fail(t, "expected the same %s line from replay", type);
		note_line(t, live->lines[i]);
	}
	return count;
}

/* A theft, a listener in the way, and a server that ends without its port. */
static struct theft collide_twice(struct test *t)
{
	struct theft c = theft_cast(t);
	struct puppet *api = puppet_start(t, "api"), *late = puppet_start(t, "late");
	struct prop listener;

	theft_listen(&c, 0);
	theft_connect(&c, 0);
	theft_refuse(&c);
	truth_check_client(t, &c.attempt, &c.out, c.backend);
	listener = stage_listener(api, 0, "127.0.0.1", 8080);
	c.attempt = stage_refused(late, 0, "127.0.0.1", 8080, EADDRINUSE);
	truth_check_listener(t, &c.attempt, &listener);
	return c;
}

static void watch_recorded(const struct recording *r)
{
	monitor_watch(r->t, (const char *const[]){ "--record", r->path, "--all", NULL });
}

/* A copy of the recording's first `size` bytes, one of them changed if `flip` is not 0. */
static struct recording recording_part(const struct recording *r, const char *name, long size,
				       long flip)
{
	struct recording part = recording_named(r->t, name);
	FILE *in = fopen(r->path, "re"), *out = fopen(part.path, "we");

	if (!in || !out)
		test_abort(r->t, "stage: cannot copy %s: %s", r->path, strerror(errno));
	for (long i = 0; i < size; i++)
		fputc(fgetc(in) ^ (flip && i == flip ? 0x10 : 0), out);
	fclose(in);
	fclose(out);
	return part;
}

static void scenario_record_replay(struct test *t)
{
	struct recording r = recording_named(t, "incident.pcrec"), part;
	struct monitor *replayed;
	struct stat st;

	watch_recorded(&r);
	collide_twice(t);
	monitor_stop(t, t->monitor, SIGINT, 20);
	monitor_read(t, t->monitor);
	replayed = replay_it(&r, 3, NULL);
	drop_cost(t->monitor);
	drop_cost(replayed);
	if (compare_lines(t, t->monitor, replayed, "refusal") < 2)
		test_fail(t, "expected two refusals");
	compare_lines(t, t->monitor, replayed, "outcome");
	compare_lines(t, t->monitor, replayed, "ready");
	compare_lines(t, t->monitor, replayed, "summary");
	part = recording_part(&r, "flipped.pcrec", recording_size(&r), recording_size(&r) / 2);
	replay_it(&part, 1, "cannot replay");
	if (stat(r.path, &st) || (st.st_mode & 0777) != 0600)
		test_fail(t, "expected mode 0600, got %o", st.st_mode & 0777);
}

/* --quiet leaves lines out of the output, and nothing out of the recording. */
static void scenario_record_quiet(struct test *t)
{
	struct recording r = recording_named(t, "quiet.pcrec");
	const char *argv[] = { "trace", "--json", "--all", "--quiet", "--record", r.path, NULL };
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct monitor *m, *replayed;
	int64_t until = deadline_in(t, 20);
	size_t lines = 0;

	stage_listener(api, 0, "127.0.0.1", 8080);
	m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	while (!monitor_await_text(t, m->out, "\"type\":\"refusal\"", 0.2) && !deadline_over(until))
		stage_refused(web, 0, "127.0.0.1", 8080, EADDRINUSE);
	monitor_stop(t, m, SIGINT, 20);
	monitor_read(t, m);
	replayed = replay_it(&r, 3, NULL);
	if (compare_lines(t, m, m, "ready") || compare_lines(t, m, m, "summary"))
		test_fail(t, "expected neither ready nor summary with --quiet");
	if (!compare_lines(t, m, replayed, "refusal"))
		test_fail(t, "expected a refusal");
	for (size_t i = 0; i < replayed->count; i++)
		lines += is_about(replayed->lines[i], "ready") ||
			 is_about(replayed->lines[i], "summary");
	if (lines != 2)
		test_fail(t, "expected ready and summary from replay, got %zu lines", lines);
}

static void expect_refuses_to_record(const struct recording *r, const char *says)
{
	const char *argv[] = { "trace", "--record", r->path, "--for", "1", NULL };
	struct monitor *m = monitor_spawn(r->t, &(struct monitor_spec){ .argv = argv });
	int status = monitor_stop(r->t, m, 0, 20);
	char *said = monitor_text(m->err);

	if (status != 1 || !strstr(said, says))
		test_fail(r->t, "expected 1 and \"%s\", got %d and \"%s\"", says, status, said);
	free(said);
}

/* Killed, the recorder leaves all rounds but the last; each damage is said. */
static void scenario_record_damaged(struct test *t)
{
	struct recording r = recording_named(t, "killed.pcrec"), part;
	struct recording nowhere = recording_named(t, "no-folder/new.pcrec");
	struct monitor *replayed, *killed;
	int64_t until = deadline_in(t, 10);
	long size, told;

	watch_recorded(&r);
	collide_twice(t);
	told = recording_size(&r);
	while (recording_size(&r) < told + 200 && !deadline_over(until))
		sleep_ms(50); /* the round that told is written, and one more */
	killed = t->monitor;
	monitor_stop(t, killed, SIGKILL, 10);
	monitor_read(t, killed);
	t->monitor = NULL;
	size = recording_size(&r);
	part = recording_part(&r, "cut.pcrec", size - 1, 0);
	replayed = replay_it(&part, 3, "ends early");
	if (compare_lines(t, killed, replayed, "refusal") < 2)
		test_fail(t, "expected two refusals");
	part = recording_part(&r, "header.pcrec", RECORDING_HEADER - 1, 0);
	replay_it(&part, 1, "not a recording");
	expect_refuses_to_record(&r, "exists");
	expect_refuses_to_record(&nowhere, "No such file");
	if (recording_size(&r) != size)
		test_fail(t, "expected that an existing file is left as it is");
}

/* The disk fills up: trace goes on, says that the recording stopped, and fails at its end. */
static void scenario_record_disk_full(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct recording r = recording_named(t, "disk/full.pcrec");
	const char *argv[] = { "trace", "--json", "--all", "--record", r.path, NULL };
	char disk[128];
	struct monitor *m;
	int64_t until = deadline_in(t, 30);
	int status;

	logfile_disk(t, "size=64k", disk, sizeof(disk));
	stage_listener(api, 0, "127.0.0.1", 8080);
	m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	if (!monitor_await_text(t, m->out, "\"type\":\"ready\"", 20))
		test_abort(t, "trace did not start");
	while (!monitor_await_text(t, m->err, "the recording stopped", 0.2) &&
	       !deadline_over(until))
		stage_refused(web, 0, "127.0.0.1", 8080, EADDRINUSE);
	stage_refused(web, 0, "127.0.0.1", 8080, EADDRINUSE);
	status = monitor_stop(t, m, SIGINT, 20);
	if (status != 1)
		test_fail(t, "expected 1, got %d as exit status", status);
	replay_it(&r, 3, "ends early");
}

const struct scenario cases_session_record[] = {
	{ .name = "record-replay",
	  .run = scenario_record_replay,
	  .where = EACH_KERNEL,
	  .watch = WATCH_OWN },
	{ .name = "record-quiet", .run = scenario_record_quiet, .where = ONCE },
	{ .name = "record-damaged",
	  .run = scenario_record_damaged,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ .name = "record-disk-full", .run = scenario_record_disk_full, .where = ONCE },
	{ 0 },
};
