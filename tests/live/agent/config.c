// SPDX-License-Identifier: GPL-2.0-only
/* `portclash agent --config`: values from the file, options that override them, reloads, and files
 * with mistakes, with which the agent does not start. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge/warning.h"
#include "monitor/logfile.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/space.h"
#include "stage/stage.h"

#define PATH_LEN 128

struct cast {
	char config[PATH_LEN];
	char log[PATH_LEN];
	char log2[PATH_LEN];
	char prom[PATH_LEN];
	char prom2[PATH_LEN];
};

static struct cast config_cast(struct test *t)
{
	struct cast c;

	test_path(t, "portclash.yaml", c.config, PATH_LEN);
	test_path(t, "a.jsonl", c.log, PATH_LEN);
	test_path(t, "b.jsonl", c.log2, PATH_LEN);
	test_path(t, "a.prom", c.prom, PATH_LEN);
	test_path(t, "b.prom", c.prom2, PATH_LEN);
	return c;
}

/* Replaces the configuration file; `more` are further lines of it. */
static void write_agent_config(struct test *t, const struct cast *c, const char *log,
			       const char *prom, const char *more)
{
	FILE *file = fopen(c->config, "we");

	if (!file)
		test_abort(t, "stage: %s cannot be written", c->config);
	fprintf(file, "log: %s\ntextfile: %s\n%s", log, prom, more);
	fclose(file);
}

static char *run_to_end(struct test *t, const char *const *argv, int status)
{
	struct monitor *m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	int have = monitor_stop(t, m, 0, 20);
	char *out = monitor_text(m->out), *err = monitor_text(m->err), *both = NULL;

	if (have != status)
		test_fail(t, "expected %d, got %d as exit status", status, have);
	if (asprintf(&both, "%s|%s", out, err) < 0)
		test_abort(t, "stage: no memory");
	free(out);
	free(err);
	return both;
}

static void expect_agent_says(struct test *t, const char *const *argv, int status, const char *want)
{
	char *said = run_to_end(t, argv, status);

	if (strcmp(said, want))
		test_fail(t, "expected \"%s\", got \"%s\"", want, said);
	free(said);
}

/* The whole output is compared, because other programs read these lines. */
static void scenario_config_check(struct test *t)
{
	struct cast c = config_cast(t);
	const char *argv[] = { "agent", "--check-config", "--config", c.config, NULL };
	const char *none[] = { "agent", "--check-config", "--config", "none", NULL };
	const char *option[] = { "agent", "--check-config", "--config", c.config, "--interval", "0",
				 NULL };
	char want[1024];

	write_agent_config(t, &c, c.log, c.prom, "interval: 5m\n");
	snprintf(want, sizeof(want), "%s: OK\n|", c.config);
	expect_agent_says(t, argv, 0, want);
	expect_agent_says(t, none, 0,
			  "no configuration file: the command line and the defaults apply\n|");
	free(run_to_end(t, option, 2));

	write_agent_config(t, &c, "log", c.prom, "intervall: 5\nprotect:\n  - 80\n  - \u202e\n");
	snprintf(
		want, sizeof(want),
		"|%s:1:6: `log`: expected a path that starts with /, not \"log\"\n"
		"%s:3:1: unknown key `intervall`; did you mean `interval`?\n"
		"%s:6:5: `protect`: expected PORT, PORT/tcp or PORT/udp, not \"\\xe2\\x80\\xae\"\n",
		c.config, c.config, c.config);
	expect_agent_says(t, argv, 2, want);

	unlink(c.config);
	snprintf(want, sizeof(want), "|%s: cannot be read: No such file or directory\n", c.config);
	expect_agent_says(t, argv, 2, want);
	mkdir(c.config, 0700);
	snprintf(want, sizeof(want), "|%s: cannot be read: Is a directory\n", c.config);
	expect_agent_says(t, argv, 2, want);
	rmdir(c.config);
}

static void scenario_config_check_foreign(struct test *t)
{
	struct cast c = config_cast(t);
	const char *argv[] = { "agent", "--check-config", "--config", c.config, NULL };
	char *said;

	write_agent_config(t, &c, c.log, c.prom, "");
	if (chmod(c.config, 0666))
		test_abort(t, "stage: chmod");
	said = run_to_end(t, argv, 0);
	if (!strstr(said, "warning: others can change this file (uid 0, mode 0666)"))
		test_fail(t, "expected a warning, got \"%s\"", said);
	free(said);
}

/* The agent must not start with half of the settings: it would look as if it used all. */
static void scenario_config_refused(struct test *t)
{
	struct cast c = config_cast(t);
	const char *argv[] = { "agent", "--config", c.config, NULL };
	char want[1024];

	write_agent_config(t, &c, c.log, c.prom, "interval: soon\nprotect: http s\n");
	snprintf(
		want, sizeof(want),
		"|portclash: %s:3:11: `interval`: expected seconds from 0.1 to 86400, or a number with ms, s, m, h or d, not \"soon\"\n"
		"portclash: %s:4:10: `protect`: expected PORT, PORT/tcp or PORT/udp, not \"http s\"\n"
		"portclash: not started: correct the configuration first\n",
		c.config, c.config);
	expect_agent_says(t, argv, 2, want);
	if (!access(c.log, F_OK) || !access(c.prom, F_OK))
		test_fail(t, "expected no files of an agent that did not start");
}

/* An option of the command line wins at the start and after a reload; the file sets the rest. */
static void scenario_config_override(struct test *t)
{
	struct cast c = config_cast(t);
	const char *argv[] = { "agent", "--config",   c.config, "--log",
			       c.log2,	"--interval", "0.1",	NULL };
	struct monitor *m;

	write_agent_config(t, &c, c.log, c.prom, "interval: 1h\n");
	m = logfile_agent(t, argv, c.log2);
	logfile_expect(t, c.prom, "portclash_up 1\n");
	unlink(c.prom);
	logfile_expect(t, c.prom, "portclash_up 1\n"); /* not an hour later */

	write_agent_config(t, &c, c.log, c.prom2, "interval: 2h\n");
	kill(m->pid, SIGHUP);
	logfile_expect(t, c.prom2, "portclash_up 1\n");
	unlink(c.prom2);
	logfile_expect(t, c.prom2, "portclash_up 1\n");
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0 as exit status");
	logfile_expect(t, c.log2, "\"type\":\"summary\"");
	logfile_expect(t, c.log2, "\"verdicts_total\":0");
	if (!access(c.log, F_OK))
		test_fail(t, "expected no log where the file says, got one in spite of --log");
}

static void say_more(struct test *t, struct monitor *m, const char *path, const char *line)
{
	char *said = monitor_text(m->err);

	if (strstr(said, "has changed"))
		test_fail(t, "expected nothing to change, got \"%s\"", said);
	free(said);
	logfile_expect(t, path, line);
}

/* The agent takes no setting of a file with a mistake, and all of the mended file. */
static void scenario_config_reload_bad(struct test *t)
{
	struct cast c = config_cast(t);
	const char *argv[] = { "agent", "--config", c.config, NULL };
	struct monitor *m;

	write_agent_config(t, &c, c.log, c.prom, "interval: 100ms\n");
	m = logfile_agent(t, argv, c.log);
	logfile_expect(t, c.prom, "portclash_config_last_reload_successful 1\n");
	logfile_expect(t, c.prom, "portclash_config_errors_total 0\n");

	write_agent_config(t, &c, c.log2, c.prom2, "interval: 1h\nverbos: yes\nx: y\n");
	kill(m->pid, SIGHUP);
	logfile_await_said(t, m,
			   "portclash.yaml:4:1: unknown key `verbos`; did you mean `verbose`?");
	logfile_await_said(t, m, "the previous one stays in use");
	logfile_expect(t, c.prom, "portclash_config_last_reload_successful 0\n");
	say_more(t, m, c.prom, "portclash_config_errors_total 2\n");

	/* A log that cannot be opened counts as a mistake, too. */
	write_agent_config(t, &c, "/no/such/folder/x.jsonl", c.prom2, "");
	kill(m->pid, SIGHUP);
	logfile_await_said(t, m, "cannot open /no/such/folder/x.jsonl for writing");
	say_more(t, m, c.prom, "portclash_config_errors_total 3\n");

	unlink(c.config);
	kill(m->pid, SIGHUP);
	logfile_await_said(t, m, "cannot be read");
	say_more(t, m, c.prom, "portclash_config_errors_total 4\n");
	if (!access(c.log2, F_OK) || !access(c.prom2, F_OK))
		test_fail(t, "expected no files of a configuration that was not taken");

	write_agent_config(t, &c, c.log, c.prom, "interval: 200ms\n");
	kill(m->pid, SIGHUP);
	logfile_await_said(t, m, "`interval` has changed");
	logfile_expect(t, c.prom, "portclash_config_last_reload_successful 1\n");
	logfile_expect(t, c.prom, "portclash_config_errors_total 4\n");
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0 as exit status");
	logfile_expect(t, c.log, "\"type\":\"summary\"");
}

/* For each key: whether a reload changes it at once or the next start does. */
static void scenario_config_reload(struct test *t)
{
	struct cast c = config_cast(t);
	const char *argv[] = { "agent", "--config", c.config, NULL };
	struct monitor *m;

	write_agent_config(t, &c, c.log, c.prom, "interval: 100ms\nverbose: no\n");
	m = logfile_agent(t, argv, c.log);
	logfile_expect(t, c.prom, "portclash_up 1\n");
	write_agent_config(t, &c, c.log2, c.prom2,
			   "interval: 150ms\nverbose: yes\nprotect: " LIST
			   "\nnetns: self\nignore: [uid:0, unit:none-such]\n");
	kill(m->pid, SIGHUP);
	logfile_await_said(t, m, "portclash: `netns` has changed\n");
	logfile_await_said(t, m, "portclash: `ignore` has changed\n");
	logfile_await_said(t, m, "portclash: `log` has changed\n");
	logfile_await_said(t, m, "portclash: `textfile` has changed\n");
	logfile_await_said(t, m, "portclash: `interval` has changed\n");
	logfile_await_said(t, m,
			   "portclash: `protect` has changed; restart portclash to apply it\n");
	logfile_await_said(t, m,
			   "portclash: `verbose` has changed; restart portclash to apply it\n");
	logfile_expect(t, c.prom2, "portclash_config_last_reload_successful 1\n");
	if (!access(c.prom, F_OK))
		test_fail(t, "expected no second textfile with the same metrics");
	/* The new filter holds from now on: root's refusal is counted, and has no line. */
	stage_listener(puppet_start(t, "api"), 0, "127.0.0.1", 8080);
	stage_refused(puppet_start(t, "web"), 0, "127.0.0.1", 8080, EADDRINUSE);
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0 as exit status");
	logfile_expect(t, c.log2, "\"type\":\"summary\"");
	logfile_expect(t, c.log2, "\"verdicts_total\":0");
	logfile_expect(t, c.prom2, "portclash_up 0\n");
}

/* `protect` changes from one port to another, to none, and back. The interval is so long that only
 * a reload writes the textfile. */
static void scenario_config_reload_protect(struct test *t)
{
	static const struct {
		const char *list;
		unsigned claims; /* claims reported by the time it applies */
	} steps[] = {
		{ "protect: [9001]\n", 1 },
		{ "protect: none\n", 1 },
		{ "protect: " LIST "\n", 1 },
		{ "", 2 },
	};
	struct puppet *api = puppet_start(t, "api"), *client = puppet_start(t, "client");
	struct cast c = config_cast(t);
	const char *argv[] = { "agent", "--config", c.config, "--interval", "1h", NULL };
	char counted[128];
	struct monitor *m;

	write_agent_config(t, &c, c.log, c.prom, "protect: " LIST "\n");
	m = logfile_agent(t, argv, c.log);
	logfile_expect(t, c.prom, "portclash_up 1\n");
	space_set("ipv4/ip_local_port_range", RANGE);
	stage_listener(api, 0, "127.0.0.1", SERVER_PORT);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct prop out = stage_client(client, 0, "127.0.0.1", SERVER_PORT);

		unlink(c.prom);
		write_agent_config(t, &c, c.log, c.prom, steps[i].list);
		kill(m->pid, SIGHUP);
		snprintf(counted, sizeof(counted),
			 "portclash_protected_claims_total{protocol=\"tcp\",how=\"connect\"} %u\n",
			 steps[i].claims);
		logfile_expect(t, c.prom, counted);
		stage_disconnect(&out);
		stage_close(&out);
	}
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0 as exit status");
}

const struct scenario cases_agent_config[] = {
	{ .name = "config-check", .run = scenario_config_check, .where = ONCE },
	{ .name = "config-check-foreign", .run = scenario_config_check_foreign, .where = ONCE },
	{ .name = "config-refused", .run = scenario_config_refused, .where = ONCE },
	{ .name = "config-override",
	  .run = scenario_config_override,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ .name = "config-reload-bad",
	  .run = scenario_config_reload_bad,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ .name = "config-reload",
	  .run = scenario_config_reload,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ .name = "config-reload-protect",
	  .run = scenario_config_reload_protect,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ 0 },
};
