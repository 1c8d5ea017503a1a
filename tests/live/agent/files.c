// SPDX-License-Identifier: GPL-2.0-only
/* `portclash agent`: its log, its textfile, its signals, and its messages when it cannot write. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge/verdict.h"
#include "monitor/logfile.h"
#include "monitor/monitor.h"
#include "run/cases.h"

#define PATH_LEN 128

struct cast {
	struct puppet *api;
	struct puppet *web;
	char log[PATH_LEN];
	char old[PATH_LEN];
	char prom[PATH_LEN];
};

static struct cast agent_cast(struct test *t)
{
	struct cast c = { .api = puppet_start(t, "api"), .web = puppet_start(t, "web") };

	test_path(t, "agent.log", c.log, PATH_LEN);
	test_path(t, "agent.log.1", c.old, PATH_LEN);
	test_path(t, "metrics.prom", c.prom, PATH_LEN);
	stage_listener(c.api, 0, "127.0.0.1", 8080);
	return c;
}

static void refuse_web(struct cast *c, unsigned times)
{
	while (times--)
		stage_refused(c->web, 0, "127.0.0.1", 8080, EADDRINUSE);
}

/* Counts the lines of the log that have all three texts. */
static unsigned count_lines(const char *path, const char *a, const char *b, const char *c)
{
	char *text = logfile_read(path), *line, *save = NULL;
	unsigned count = 0;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		count += strstr(line, a) && strstr(line, b) && strstr(line, c);
	free(text);
	return count;
}

static unsigned refusals_of_web(const struct cast *c, const char *path)
{
	char requester[64];

	snprintf(requester, sizeof(requester), "\"requester\":{\"pid\":%d,", c->web->pid);
	return count_lines(path, "\"type\":\"refusal\"", requester, "\"cause\":\"listener\"");
}

static void await_textfile_refusals(struct test *t, const struct cast *c, const char *path,
				    unsigned count)
{
	int64_t until = deadline_in(t, 10);

	while (refusals_of_web(c, path) < count && !deadline_over(until))
		sleep_ms(5);
	if (refusals_of_web(c, path) != count)
		test_fail(t, "expected %u, got %u refusals in %s", count, refusals_of_web(c, path),
			  path);
}

static void expect_agent_end(struct test *t, struct monitor *m, int status, const char *says)
{
	int have = monitor_stop(t, m, SIGTERM, 10);
	char *said = monitor_text(m->err);

	if (have != status)
		test_fail(t, "expected %d, got %d as exit status", status, have);
	if (says ? !strstr(said, says) : *said)
		test_fail(t, "expected \"%s\", got \"%s\" on standard error", says ? says : "",
			  said);
	free(said);
}

static void scenario_agent_log(struct test *t)
{
	struct cast c = agent_cast(t);
	const char *argv[] = { "agent", "--log", c.log, "--repeat-interval", "0", NULL };
	struct monitor *m = logfile_agent(t, argv, c.log);

	refuse_web(&c, 2);
	await_textfile_refusals(t, &c, c.log, 2);
	rename(c.log, c.old);
	refuse_web(&c, 1);
	await_textfile_refusals(t, &c, c.old, 3);
	kill(m->pid, SIGHUP);
	for (int64_t until = deadline_in(t, 10); access(c.log, F_OK) && !deadline_over(until);)
		sleep_ms(5);
	refuse_web(&c, 1);
	await_textfile_refusals(t, &c, c.log, 1);
	await_textfile_refusals(t, &c, c.old, 3);
	expect_agent_end(t, m, 0, NULL);
	logfile_expect(t, c.log, "\"type\":\"summary\"");
}

/* The counter counts the whole machine; when the agent has ended, it equals the log's lines of this
 * kind. */
static void expect_counter(struct test *t, const struct cast *c)
{
	char line[256];
	unsigned count =
		count_lines(c->log, "\"proto\":\"tcp\",",
			    "\"op\":\"bind\",\"errno\":\"EADDRINUSE\"", "\"cause\":\"listener\"");

	snprintf(
		line, sizeof(line),
		"portclash_refusals_total{cause=\"listener\",operation=\"bind\",protocol=\"tcp\",errno=\"EADDRINUSE\"} %u\n",
		count);
	logfile_expect(t, c->prom, line);
}

static void check_format(struct test *t, const char *path)
{
	char *text = logfile_read(path), *line, *save = NULL;

	if (!text || !*text || text[strlen(text) - 1] != '\n')
		test_fail(t, "expected a whole file, got one that does not end in a newline");
	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *value = strrchr(line, ' '), *end = NULL;

		if (!strncmp(line, "# HELP portclash_", 17) ||
		    !strncmp(line, "# TYPE portclash_", 17))
			continue;
		if (value)
			strtod(value + 1, &end);
		if (strncmp(line, "portclash_", 10) || !end || *end || end == value + 1)
			test_fail(t, "expected a sample, got \"%s\" in the textfile", line);
	}
	free(text);
}

/* The temporary file must be gone. */
static void check_no_rest(struct test *t, const struct cast *c)
{
	struct stat st;

	if (stat(c->prom, &st) || (st.st_mode & 0777) != 0644)
		test_fail(t, "expected mode 0644, got %#o of the textfile", st.st_mode & 0777);
	if (stat(t->folder, &st) || st.st_nlink != 2)
		test_fail(t, "expected no folders in the textfile's folder");
}

static void scenario_agent_textfile(struct test *t)
{
	struct cast c = agent_cast(t);
	const char *argv[] = { "agent", "--log",      c.log, "--textfile",
			       c.prom,	"--interval", "0.2", "--repeat-interval",
			       "0",	NULL };
	struct monitor *m = logfile_agent(t, argv, c.log);

	logfile_expect(t, c.prom, "portclash_up 1\n");
	refuse_web(&c, 5);
	await_textfile_refusals(t, &c, c.log, 5);
	logfile_expect(t, c.prom, "portclash_build_info{version=\"");
	logfile_expect(t, c.prom, "portclash_records_lost_total{record=\"claim\"} 0\n");
	logfile_expect(t, c.prom, "portclash_claims_total{how=\"bind\"} ");
	logfile_expect(t, c.prom, "portclash_ephemeral_range_low ");
	check_format(t, c.prom);
	expect_agent_end(t, m, 0, NULL);
	logfile_expect(t, c.prom, "portclash_up 0\n");
	expect_counter(t, &c);
	logfile_expect(t, c.log, "\"type\":\"summary\"");
	check_format(t, c.prom);
	check_no_rest(t, &c);
}

/* The agent reports the error once, not at every interval, and goes on writing verdicts. */
static void scenario_agent_textfile_unwritable(struct test *t)
{
	struct cast c = agent_cast(t);
	const char *argv[] = { "agent",	     "--log", c.log, "--textfile", "/no/such/folder/x.prom",
			       "--interval", "0.1",   NULL };
	struct monitor *m = logfile_agent(t, argv, c.log);
	char *said, *first;

	sleep_ms(500);
	refuse_web(&c, 1);
	await_textfile_refusals(t, &c, c.log, 1);
	expect_agent_end(t, m, 0, "/no/such/folder/x.prom");
	said = monitor_text(m->err);
	first = strstr(said, "/no/such/folder");
	if (first && strstr(first + 1, "/no/such/folder"))
		test_fail(t, "expected the sentence once, got \"%s\"", said);
	free(said);
}

static void scenario_agent_log_unwritable(struct test *t)
{
	static const char *const argv[] = { "agent", "--log", "/no/such/folder/x.log", NULL };
	struct monitor *m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	int status = monitor_stop(t, m, 0, 10);
	char *said = monitor_text(m->err);

	if (status != 1 || !strstr(said, "/no/such/folder/x.log"))
		test_fail(t, "expected 1 and a sentence, got %d and \"%s\"", status, said);
	free(said);
}

const struct scenario cases_agent_files[] = {
	{ .name = "agent-log", .run = scenario_agent_log, .where = ONCE, .watch = WATCH_OWN },
	{ .name = "agent-textfile",
	  .run = scenario_agent_textfile,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ .name = "agent-textfile-unwritable",
	  .run = scenario_agent_textfile_unwritable,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ .name = "agent-log-unwritable", .run = scenario_agent_log_unwritable, .where = ONCE },
	{ 0 },
};
