// SPDX-License-Identifier: GPL-2.0-only
/* Logs that are rotated, truncated or on a full disk while refusals come as fast as can be. Each
 * refusal is in one of the files or counted as lost, and no line is torn. Each has an address of
 * its own, by which the scenario knows it again. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/logfile.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/march.h"
#include "stage/stage.h"

#define PATH_LEN 160
#define PORT 8080

/* Rotations in three seconds: twice as many as a logger makes on a busy day. */
#define ROTATIONS 50

/* Refusals for each collision of --burst, which is smaller on an emulated machine: for 1,000, about
 * as many as the agent can report in three seconds. */
#define REFUSALS_PER_BURST 8
#define REFUSALS_MAX 60000
#define MARCH_MS 2500

/* The address of one more refusal, by itself. */
#define LAST_ADDRESS "127.2.0.1"

#define ERRORS "\nportclash_sink_errors_total "

struct scene {
	struct test *t;
	struct puppet *web;
	struct monitor *m;
	struct io_march march;
	char log[PATH_LEN];
	unsigned refusals_max;
	unsigned char *seen;	/* by number, how often */
	unsigned found;		/* refusals of web */
	unsigned long refusals; /* refusals of all processes */
	unsigned long verdicts; /* by the summary */
	unsigned long not_read; /* refusals that the summary says were lost */
};

static void rotated_begin(struct test *t, struct scene *s)
{
	*s = (struct scene){ .t = t, .web = puppet_start(t, "web") };
	test_path(t, "agent.log", s->log, PATH_LEN);
	stage_listener(puppet_start(t, "api"), 0, "0.0.0.0", PORT);
	s->refusals_max = (unsigned)t->settings->burst * REFUSALS_PER_BURST;
	if (s->refusals_max > REFUSALS_MAX)
		s->refusals_max = REFUSALS_MAX;
	s->seen = calloc(s->refusals_max, 1);
}

static void start_logging(struct scene *s, const char *textfile)
{
	const char *argv[] = { "agent",	 "--log",
			       s->log,	 "--repeat-interval",
			       "0",	 textfile ? "--textfile" : NULL,
			       textfile, "--interval",
			       "0.1",	 NULL };

	s->m = logfile_agent(s->t, argv, s->log);
}

static void march(struct scene *s, unsigned count, unsigned ms)
{
	s->march = (struct io_march){ .port = PORT,
				      .count = count,
				      .pause_ms = ms * MARCH_TOGETHER / count };
	puppet_begin(s->web, act_march, &s->march, sizeof(s->march));
}

static void arrive(struct scene *s)
{
	puppet_end(s->web, &s->march, sizeof(s->march), 40);
	if (s->march.error)
		test_abort(s->t, "stage: bind(): %s", strerror(s->march.error));
}

static void take_summary(struct scene *s, json_t *line)
{
	json_t *lost = json_object_get(line, "lost");

	s->verdicts = (unsigned long)json_integer_value(json_object_get(line, "verdicts_total"));
	s->not_read = (unsigned long)json_integer_value(json_object_get(lost, "refusals"));
}

static void take_refusal(struct scene *s, json_t *line)
{
	json_t *requester = json_object_get(line, "requester");
	json_t *requested = json_object_get(line, "requested");
	const char *text = json_string_value(json_object_get(requested, "address"));
	struct in_addr address = { 0 };
	unsigned number;

	s->refusals++;
	if (json_integer_value(json_object_get(requester, "pid")) != s->web->pid)
		return;
	inet_pton(AF_INET, text ? text : "", &address);
	number = ntohl(address.s_addr) - MARCH_FIRST_ADDRESS;
	if (!strcmp(text ? text : "", LAST_ADDRESS))
		s->found++;
	else if (number >= s->refusals_max)
		test_fail(s->t, "expected an address of this test, got %s", text);
	else if (s->seen[number]++)
		test_fail(s->t, "expected each refusal once, got %s again", text);
	else
		s->found++;
}

static void log_rotated_take_line(struct scene *s, const char *line, size_t len, const char *path)
{
	json_t *json = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *type = json_string_value(json_object_get(json, "type"));

	if (!json)
		test_fail(s->t, "expected whole lines, got \"%.*s\" in %s",
			  len < 200 ? (int)len : 200, line, path);
	else if (!strcmp(type, "refusal"))
		take_refusal(s, json);
	else if (!strcmp(type, "summary"))
		take_summary(s, json);
	json_decref(json);
}

/* Counts the lines of the file and removes it. `cut`: it is a copy that was made while the agent
 * wrote. */
static void take_file(struct scene *s, const char *path, bool cut)
{
	char *text = logfile_read(path), *line = text, *end;

	for (; line && (end = strchr(line, '\n')); line = end + 1)
		log_rotated_take_line(s, line, (size_t)(end - line), path);
	if (line && *line && !cut)
		test_fail(s->t, "expected a newline at the end of %s, got \"%.200s\"", path, line);
	free(text);
	unlink(path);
}

static const char *numbered_log(const struct scene *s, unsigned number, char *path)
{
	snprintf(path, PATH_LEN + 16, "%s.%u", s->log, number);
	return path;
}

static void await_file(struct scene *s)
{
	for (int64_t until = deadline_in(s->t, 10); access(s->log, F_OK);) {
		if (deadline_over(until))
			test_abort(s->t, "expected a new log after SIGHUP, got none");
		sleep_ms(1);
	}
}

/* Gives the agent time to report all: refusals that wait when it must end may be counted
 * instead. */
static void await_told(struct scene *s)
{
	int64_t until = deadline_in(s->t, 20);
	struct stat st = { 0 };
	off_t before;

	do {
		before = st.st_size;
		sleep_ms(500);
		if (stat(s->log, &st))
			return;
	} while (st.st_size != before && !deadline_over(until));
}

static void stop_logging(struct scene *s)
{
	if (monitor_stop(s->t, s->m, SIGTERM, 30))
		test_fail(s->t, "expected 0, got %#x as exit status", s->m->status);
}

/* Refusals in no file were not read in time, and the summary counts them. */
static void check_all_there(struct scene *s)
{
	unsigned missing = s->march.refused - s->found;

	test_note(s->t, "%u refusals, %u in the files, %lu counted as lost; %lu of others",
		  s->march.refused, s->found, s->not_read, s->refusals - s->found);
	if (s->found > s->march.refused || missing > s->not_read)
		test_fail(s->t, "expected %u refusals in the files, got %u, and %lu lost",
			  s->march.refused, s->found, s->not_read);
	if (s->found < s->march.refused / 2)
		test_fail(s->t, "expected most of %u refusals, got %u", s->march.refused, s->found);
	if (s->refusals != s->verdicts)
		test_fail(s->t, "expected %lu refusals, as the summary has them, got %lu",
			  s->verdicts, s->refusals);
}

static void scenario_log_rotated_under_load(struct test *t)
{
	char path[PATH_LEN + 16];
	struct scene s;

	rotated_begin(t, &s);
	start_logging(&s, NULL);
	march(&s, s.refusals_max, MARCH_MS);
	for (unsigned i = 1; i <= ROTATIONS; i++) {
		rename(s.log, numbered_log(&s, i, path));
		kill(s.m->pid, SIGHUP);
		await_file(&s);
		sleep_ms(20);
	}
	arrive(&s);
	await_told(&s);
	stop_logging(&s);
	for (unsigned i = 1; i <= ROTATIONS; i++)
		take_file(&s, numbered_log(&s, i, path), false);
	take_file(&s, s.log, false);
	check_all_there(&s);
}

/* logrotate's copytruncate: lines written between its two steps are lost to everybody, and the copy
 * can end in half a line. The log itself begins and goes on with whole lines, without a hole in
 * place of the old ones. */
static void copy_and_truncate(struct scene *s, const char *to)
{
	int in = open(s->log, O_RDWR | O_CLOEXEC), out;

	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (in < 0 || out < 0)
		test_abort(s->t, "stage: %s: %s", to, strerror(errno));
	while (sendfile(out, in, NULL, 1 << 20) > 0)
		;
	if (ftruncate(in, 0))
		test_abort(s->t, "stage: ftruncate(): %s", strerror(errno));
	close(in);
	close(out);
}

static void scenario_log_truncated_under_load(struct test *t)
{
	char path[PATH_LEN + 16];
	struct stat st;
	struct scene s;

	rotated_begin(t, &s);
	start_logging(&s, NULL);
	march(&s, s.refusals_max / 2, MARCH_MS);
	for (unsigned i = 1; i <= ROTATIONS / 5; i++) {
		sleep_ms(50);
		copy_and_truncate(&s, numbered_log(&s, i, path));
	}
	arrive(&s);
	await_told(&s);
	stop_logging(&s);
	if (stat(s.log, &st) || st.st_blocks * 512 < st.st_size)
		test_fail(t, "expected a log without a hole");
	take_file(&s, s.log, false);
	if (!s.found || !s.verdicts)
		test_fail(t, "expected refusals and the summary in the log after the last copy");
	for (unsigned i = 1; i <= ROTATIONS / 5; i++)
		take_file(&s, numbered_log(&s, i, path), true);
	test_note(t, "%u refusals, %u in the log and its copies", s.march.refused, s.found);
	if (s.found + s.not_read < s.march.refused / 2)
		test_fail(t, "expected most of %u refusals, got %u", s.march.refused, s.found);
}

/* Returns the number behind `what` in the file, or on standard error. */
static unsigned long number_behind(struct scene *s, char *text, const char *what)
{
	char *at = text ? strstr(text, what) : NULL;
	unsigned long number = at ? strtoul(at + strlen(what), NULL, 10) : 0;

	if (!at)
		test_fail(s->t, "expected \"%s\", got \"%s\"", what, text ? text : "nothing");
	free(text);
	return number;
}

/* Waits until no more lines are lost: the agent has reported all that it has read. */
static void await_quiet(struct scene *s, const char *prom)
{
	unsigned long before, now = 0;

	do {
		before = now;
		sleep_ms((unsigned)(1000 * s->t->settings->patience));
		now = number_behind(s, logfile_read(prom), ERRORS);
	} while (now != before);
}

/* The disk fills up in the middle. Then somebody who needs room removes the log, and the agent
 * knows all that was lost. */
static void scenario_log_disk_full_under_load(struct test *t)
{
	char prom[PATH_LEN], disk[PATH_LEN];
	unsigned long said, counted;
	struct scene s;

	rotated_begin(t, &s);
	logfile_disk(t, "size=256k", disk, PATH_LEN);
	test_path(t, "disk/agent.log", s.log, PATH_LEN);
	test_path(t, "x.prom", prom, PATH_LEN);
	start_logging(&s, prom);
	march(&s, s.refusals_max / 4, 0);
	logfile_await_said(t, s.m, "No space left on device");
	arrive(&s);
	await_quiet(&s, prom);
	take_file(&s, s.log, false);
	kill(s.m->pid, SIGHUP);
	await_file(&s);
	s.march.refused++;
	stage_refused(s.web, 0, LAST_ADDRESS, PORT, EADDRINUSE);
	logfile_await_said(t, s.m, "is written again; lines lost so far: ");
	stop_logging(&s);
	said = number_behind(&s, monitor_text(s.m->err), "lines lost so far: ");
	counted = number_behind(&s, logfile_read(prom), ERRORS);
	take_file(&s, s.log, false);
	test_note(t, "%lu refusals in the log, %lu lost", s.refusals, said);
	if (said != counted || !said)
		test_fail(t, "expected as many sink errors as lost lines, %lu, got %lu", said,
			  counted);
	if (s.refusals + said != s.verdicts)
		test_fail(t, "expected %lu refusals, got %lu in the log and %lu lost", s.verdicts,
			  s.refusals, said);
	if (s.found + said + s.not_read < s.march.refused)
		test_fail(t, "expected %u refusals of this test, got %u, %lu lost, %lu not read",
			  s.march.refused, s.found, said, s.not_read);
}

const struct scenario cases_output_log_rotated[] = {
	{ .name = "log-rotated-under-load",
	  .run = scenario_log_rotated_under_load,
	  .seconds = 90,
	  .load = true,
	  .where = NATIVE,
	  .watch = WATCH_OWN },
	{ .name = "log-truncated-under-load",
	  .run = scenario_log_truncated_under_load,
	  .seconds = 90,
	  .load = true,
	  .where = NATIVE,
	  .watch = WATCH_OWN },
	{ .name = "log-disk-full-under-load",
	  .run = scenario_log_disk_full_under_load,
	  .seconds = 90,
	  .load = true,
	  .where = NATIVE,
	  .watch = WATCH_OWN },
	{ 0 },
};
