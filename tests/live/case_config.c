// SPDX-License-Identifier: GPL-2.0-only
/* `portclash agent --config`: what the file sets and the command line overrides, what a reload
 * takes and what it leaves, and an agent that does not start with half a configuration. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cases.h"
#include "logfile.h"
#include "monitor.h"
#include "space.h"
#include "stage.h"
#include "warning.h"

#define PATH_LEN 128

struct cast {
	char config[PATH_LEN];
	char log[PATH_LEN];
	char log2[PATH_LEN];
	char prom[PATH_LEN];
	char prom2[PATH_LEN];
};

static struct cast cast_of(struct test *t)
{
	struct cast c;

	test_path(t, "portclash.yaml", c.config, PATH_LEN);
	test_path(t, "a.jsonl", c.log, PATH_LEN);
	test_path(t, "b.jsonl", c.log2, PATH_LEN);
	test_path(t, "a.prom", c.prom, PATH_LEN);
	test_path(t, "b.prom", c.prom2, PATH_LEN);
	return c;
}

/* In place of what was there; `more` are lines. */
static void write_config(struct test *t, const struct cast *c, const char *log, const char *prom,
			 const char *more)
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

static void expect_said(struct test *t, const char *const *argv, int status, const char *want)
{
	char *said = run_to_end(t, argv, status);

	if (strcmp(said, want))
		test_fail(t, "expected \"%s\", got \"%s\"", want, said);
	free(said);
}

/* The whole output: other programs read these lines. */
static void check_config(struct test *t)
{
	struct cast c = cast_of(t);
	const char *argv[] = { "agent", "--check-config", "--config", c.config, NULL };
	const char *none[] = { "agent", "--check-config", "--config", "none", NULL };
	const char *option[] = { "agent", "--check-config", "--config", c.config, "--interval", "0",
				 NULL };
	char want[1024];

	write_config(t, &c, c.log, c.prom, "interval: 5m\n");
	snprintf(want, sizeof(want), "%s: OK\n|", c.config);
	expect_said(t, argv, 0, want);
	expect_said(t, none, 0,
		    "no configuration file: every key is as the command line or the default has "
		    "it\n|");
	free(run_to_end(t, option, 2));

	write_config(t, &c, "log", c.prom, "intervall: 5\nprotect:\n  - 80\n  - \u202e\n");
	snprintf(want, sizeof(want),
		 "|%s:1:6: `log` takes a path that starts with /, because it is not said where "
		 "portclash is started, not \"log\"\n"
		 "%s:3:1: there is no key `intervall`; is `interval` meant?\n"
		 "%s:6:5: `protect` takes ports, ranges and services from 1 to 65535 like "
		 "30000-32767,10250,https, not \"\\xe2\\x80\\xae\"\n",
		 c.config, c.config, c.config);
	expect_said(t, argv, 2, want);

	unlink(c.config);
	snprintf(want, sizeof(want), "|%s: cannot be read: No such file or directory\n", c.config);
	expect_said(t, argv, 2, want);
	mkdir(c.config, 0700);
	snprintf(want, sizeof(want), "|%s: cannot be read: Is a directory\n", c.config);
	expect_said(t, argv, 2, want);
	rmdir(c.config);
}

static void check_foreign(struct test *t)
{
	struct cast c = cast_of(t);
	const char *argv[] = { "agent", "--check-config", "--config", c.config, NULL };
	char *said;

	write_config(t, &c, c.log, c.prom, "");
	if (chmod(c.config, 0666))
		test_abort(t, "stage: chmod");
	said = run_to_end(t, argv, 0);
	if (!strstr(said, "warning: others can change it (owner uid 0, mode 0666)"))
		test_fail(t, "expected a warning, got \"%s\"", said);
	free(said);
}

/* A service with half of what was asked for would look as if it did all. */
static void refuses_to_start(struct test *t)
{
	struct cast c = cast_of(t);
	const char *argv[] = { "agent", "--config", c.config, NULL };
	char want[1024];

	write_config(t, &c, c.log, c.prom, "interval: soon\nprotect: http s\n");
	snprintf(
		want, sizeof(want),
		"|portclash: %s:3:11: `interval` takes seconds from 0.1 to 86400, or a number with "
		"a unit (ms, s, m, h, d), not \"soon\"\n"
		"portclash: %s:4:10: `protect` names a service \"http s\" that is not in "
		"/etc/services\n"
		"portclash: not started: the configuration cannot be used\n",
		c.config, c.config);
	expect_said(t, argv, 2, want);
	if (!access(c.log, F_OK) || !access(c.prom, F_OK))
		test_fail(t, "expected no files of an agent that did not start");
}

/* The option wins at the start and after a reload; what it does not name is the file's. */
static void overrides(struct test *t)
{
	struct cast c = cast_of(t);
	const char *argv[] = { "agent", "--config",   c.config, "--log",
			       c.log2,	"--interval", "0.1",	NULL };
	struct monitor *m;

	write_config(t, &c, c.log, c.prom, "interval: 1h\n");
	m = logfile_agent(t, argv, c.log2);
	logfile_expect(t, c.prom, "portclash_up 1\n");
	unlink(c.prom);
	logfile_expect(t, c.prom, "portclash_up 1\n"); /* not an hour later */

	write_config(t, &c, c.log, c.prom2, "interval: 2h\n");
	kill(m->pid, SIGHUP);
	logfile_expect(t, c.prom2, "portclash_up 1\n");
	unlink(c.prom2);
	logfile_expect(t, c.prom2, "portclash_up 1\n");
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0 as exit status");
	logfile_expect(t, c.log2, "\"type\":\"summary\"");
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

/* Nothing of a bad file is taken, and a good one mends it. */
static void bad_reload(struct test *t)
{
	struct cast c = cast_of(t);
	const char *argv[] = { "agent", "--config", c.config, NULL };
	struct monitor *m;

	write_config(t, &c, c.log, c.prom, "interval: 100ms\n");
	m = logfile_agent(t, argv, c.log);
	logfile_expect(t, c.prom, "portclash_config_last_reload_successful 1\n");
	logfile_expect(t, c.prom, "portclash_config_errors_total 0\n");

	write_config(t, &c, c.log2, c.prom2, "interval: 1h\nverbos: yes\nx: y\n");
	kill(m->pid, SIGHUP);
	logfile_await_said(t, m,
			   "portclash.yaml:4:1: there is no key `verbos`; is `verbose` meant?");
	logfile_await_said(t, m, "the one before stays in use");
	logfile_expect(t, c.prom, "portclash_config_last_reload_successful 0\n");
	say_more(t, m, c.prom, "portclash_config_errors_total 2\n");

	/* A log that cannot be opened is a mistake, too. */
	write_config(t, &c, "/no/such/folder/x.jsonl", c.prom2, "");
	kill(m->pid, SIGHUP);
	logfile_await_said(t, m, "cannot open /no/such/folder/x.jsonl for writing");
	say_more(t, m, c.prom, "portclash_config_errors_total 3\n");

	unlink(c.config);
	kill(m->pid, SIGHUP);
	logfile_await_said(t, m, "cannot be read");
	say_more(t, m, c.prom, "portclash_config_errors_total 4\n");
	if (!access(c.log2, F_OK) || !access(c.prom2, F_OK))
		test_fail(t, "expected no files of a configuration that was not taken");

	write_config(t, &c, c.log, c.prom, "interval: 200ms\n");
	kill(m->pid, SIGHUP);
	logfile_await_said(t, m, "`interval` has changed");
	logfile_expect(t, c.prom, "portclash_config_last_reload_successful 1\n");
	logfile_expect(t, c.prom, "portclash_config_errors_total 4\n");
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0 as exit status");
	logfile_expect(t, c.log, "\"type\":\"summary\"");
}

/* Each key: what is taken, and what waits for the next start. */
static void good_reload(struct test *t)
{
	struct cast c = cast_of(t);
	const char *argv[] = { "agent", "--config", c.config, NULL };
	struct monitor *m;

	write_config(t, &c, c.log, c.prom, "interval: 100ms\nverbose: no\n");
	m = logfile_agent(t, argv, c.log);
	logfile_expect(t, c.prom, "portclash_up 1\n");
	write_config(t, &c, c.log2, c.prom2, "interval: 150ms\nverbose: yes\nprotect: " LIST "\n");
	kill(m->pid, SIGHUP);
	logfile_await_said(t, m, "portclash: `log` has changed\n");
	logfile_await_said(t, m, "portclash: `textfile` has changed\n");
	logfile_await_said(t, m, "portclash: `interval` has changed\n");
	logfile_await_said(t, m,
			   "portclash: `protect` has changed, which takes effect when "
			   "portclash is started again\n");
	logfile_await_said(t, m,
			   "portclash: `verbose` has changed, which takes effect when "
			   "portclash is started again\n");
	logfile_expect(t, c.prom2, "portclash_config_last_reload_successful 1\n");
	if (!access(c.prom, F_OK))
		test_fail(t, "expected no second textfile with the same metrics");
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0 as exit status");
	logfile_expect(t, c.log2, "\"type\":\"summary\"");
	logfile_expect(t, c.prom2, "portclash_up 0\n");
}

/* From one port to another, to none, and back. The interval is so long that the textfile is what a
 * reload has written. */
static void protect_reload(struct test *t)
{
	static const struct {
		const char *list;
		unsigned claims; /* that were told of when it is taken */
	} steps[] = {
		{ "protect: [9001]\n", 1 },
		{ "protect: none\n", 1 },
		{ "protect: " LIST "\n", 1 },
		{ "", 2 },
	};
	struct puppet *api = puppet_start(t, "api"), *client = puppet_start(t, "client");
	struct cast c = cast_of(t);
	const char *argv[] = { "agent", "--config", c.config, "--interval", "1h", NULL };
	char counted[128];
	struct monitor *m;

	write_config(t, &c, c.log, c.prom, "protect: " LIST "\n");
	m = logfile_agent(t, argv, c.log);
	logfile_expect(t, c.prom, "portclash_up 1\n");
	space_set("ipv4/ip_local_port_range", RANGE);
	stage_listener(api, 0, "127.0.0.1", SERVER_PORT);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct prop out = stage_client(client, 0, "127.0.0.1", SERVER_PORT);

		unlink(c.prom);
		write_config(t, &c, c.log, c.prom, steps[i].list);
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

const struct scenario cases_config[] = {
	{ .name = "config-check", .run = check_config, .where = ONCE },
	{ .name = "config-check-foreign", .run = check_foreign, .where = ONCE },
	{ .name = "config-refused", .run = refuses_to_start, .where = ONCE },
	{ .name = "config-override", .run = overrides, .where = ONCE },
	{ .name = "config-reload-bad", .run = bad_reload, .where = ONCE },
	{ .name = "config-reload", .run = good_reload, .where = ONCE },
	{ .name = "config-reload-protect", .run = protect_reload, .where = ONCE },
	{ 0 },
};
