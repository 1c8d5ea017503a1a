// SPDX-License-Identifier: GPL-2.0-only
/* The end of a trace: by time, by signal, with its command; its exit status and its summary. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"

/* A pid that no process has, so that the session reports nothing, whatever other processes do
 * meanwhile. */
#define NO_ONE "1" /* is refused nothing */

static void expect_status(struct test *t, struct monitor *m, int signal, int status)
{
	int have = monitor_stop(t, m, signal, 30);

	if (have != status)
		test_fail(t, "expected %d, got %d as exit status", status, have);
	monitor_read(t, m);
}

static void expect_summary(struct test *t, long long verdicts)
{
	json_t *line = monitor_line(t, "summary", 0, 0);
	struct spot s = spot_of(t, line);

	expect_int(&s, "verdicts_total", verdicts);
	if (monitor_line(t, "summary", 0, 0))
		test_fail(t, "expected one summary, got two");
}

static void scenario_end_by_time(struct test *t)
{
	int64_t before, took;

	monitor_watch(t, (const char *const[]){ "--for", "1.5", "--pid", NO_ONE, NULL });
	before = wall_ns();
	expect_status(t, t->monitor, 0, 0);
	took = wall_ns() - before;
	if (took < 1200000000 || took > (int64_t)(2500000000 * t->settings->patience))
		test_fail(t, "expected an end after 1.5 s, got one after %.3f s",
			  (double)took / 1e9);
	expect_summary(t, 0);
	t->monitor = NULL;
}

static void by_signal(struct test *t, int signal)
{
	monitor_watch(t, (const char *const[]){ "--pid", NO_ONE, NULL });
	expect_status(t, t->monitor, signal, 0);
	expect_summary(t, 0);
	t->monitor = NULL;
}

static void scenario_end_by_sigint(struct test *t)
{
	by_signal(t, SIGINT);
}

static void scenario_end_by_sigterm(struct test *t)
{
	by_signal(t, SIGTERM);
}

static void scenario_end_by_sighup(struct test *t)
{
	by_signal(t, SIGHUP);
}

/* The summary's counts of causes and claims agree with what was staged. */
static void scenario_summary(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct spot s, verdicts, claims;

	monitor_watch(t, (const char *const[]){ "--port", "80,8080,8090,8443", NULL });
	stage_listener(api, 0, "127.0.0.1", 8080);
	stage_bound(api, 0, "127.0.0.1", 8090);
	stage_bound(api, 0, "127.0.0.1", 0);
	stage_refused(web, 0, "127.0.0.1", 8080, EADDRINUSE);
	stage_refused(web, 0, "127.0.0.1", 8080, EADDRINUSE);
	stage_refused(web, 0, "127.0.0.1", 8090, EADDRINUSE);
	stage_refused(web, 0, "192.0.2.9", 8443, EADDRNOTAVAIL);
	for (int i = 0; i < 4; i++)
		if (!monitor_line(t, "refusal", web->pid, 5))
			test_fail(t, "expected four refusals, got %d", i);
	expect_status(t, t->monitor, SIGINT, 3);
	s = spot_of(t, monitor_line(t, "summary", 0, 0));
	verdicts = spot_below(&s, "verdicts");
	claims = spot_below(&s, "claims");
	expect_int(&s, "verdicts_total", 4);
	expect_int(&verdicts, "listener", 2);
	expect_int(&verdicts, "bound-not-listening", 1);
	expect_int(&verdicts, "address-not-local", 1);
	expect_int(&verdicts, "time-wait", 0);
	expect_int(&s, "lost_total", 0);
	/* Claims are those of the whole machine. */
	if (json_integer_value(json_object_get(claims.json, "bind")) < 2 ||
	    json_integer_value(json_object_get(claims.json, "bind-zero")) < 1)
		expected(&claims, "two claims by bind and one by bind-zero, at least");
	t->monitor = NULL;
}

static char *trace_text(struct test *t, const char *option)
{
	const char *argv[] = { "trace", "--for", "200ms", "--pid", NO_ONE, option, NULL };
	struct monitor *m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	int status = monitor_stop(t, m, 0, 20);

	if (status)
		test_fail(t, "expected 0, got %d as exit status", status);
	return monitor_text(m->out);
}

/* The text says that nothing was refused and nothing lost; --verbose tells the rest, --quiet nothing. */
static void scenario_summary_text(struct test *t)
{
	char *text = trace_text(t, NULL);

	if (strncmp(text, "Watching all ports of process ", 30) || strchr(text, '\033') ||
	    !strstr(text, " nothing was refused; ") || !strstr(text, "no record was lost") ||
	    strstr(text, " of CPU to start, "))
		test_fail(t, "expected an invitation and a summary without cost, got \"%s\"", text);
	free(text);
	text = trace_text(t, "--verbose");
	if (!strstr(text, "is watching with the ") || !strstr(text, " of CPU to start, "))
		test_fail(t, "expected a banner and the cost, got \"%s\"", text);
	free(text);
	text = trace_text(t, "--quiet");
	if (*text)
		test_fail(t, "expected nothing, got \"%s\"", text);
	free(text);
}

static void command_that_ends(struct test *t, const char *name, const char *field, int value,
			      int status)
{
	struct person self;
	const char *argv[] = { "trace", "--json", "--", self.exe, "--command", name, NULL };
	struct spot s;

	person_self(&self);
	t->monitor = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	expect_status(t, t->monitor, 0, status);
	s = spot_of(t, monitor_line(t, "summary", 0, 0));
	expect_int(&s, field, value);
	t->monitor = NULL;
}

/* Nothing is refused: the status is the command's own, as a shell has it, not waitpid()'s encoding. */
static void scenario_command_fails(struct test *t)
{
	command_that_ends(t, "fail", "command_status", 41, 41);
}

static void scenario_command_crashes(struct test *t)
{
	command_that_ends(t, "crash", "command_signal", SIGABRT, 128 + SIGABRT);
}

/* A Ctrl-C reaches the command, too, and portclash waits for the command's status. */
static void scenario_command_interrupted(struct test *t)
{
	command_that_ends(t, "interrupt", "command_status", 42, 42);
}

static void scenario_command_missing(struct test *t)
{
	struct monitor *m = monitor_spawn(
		t, &(struct monitor_spec){ .argv = (const char *const[]){
						   "trace", "--", "/no/such/command", NULL } });
	int status = monitor_stop(t, m, 0, 20);
	char *said = monitor_text(m->err);

	if (status != 127)
		test_fail(t, "expected 127, got %d as exit status", status);
	if (!strstr(said, "/no/such/command") || !strstr(said, "No such file"))
		test_fail(t, "expected a sentence about the command, got \"%s\"", said);
	free(said);
}

/* `portclash trace --json | head -1`: portclash ends when it has more to print. */
static void scenario_stdout_closed(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	char path[128], line[4096];
	struct monitor *m;
	FILE *fifo;
	char *said;

	test_path(t, "fifo", path, sizeof(path));
	if (mkfifo(path, 0600))
		test_abort(t, "stage: no fifo: %s", strerror(errno));
	m = monitor_spawn(
		t, &(struct monitor_spec){ .argv = (const char *const[]){ "trace", "--json", NULL },
					   .out_path = path });
	fifo = fopen(path, "re");
	do {
		if (!fifo || !fgets(line, sizeof(line), fifo))
			test_abort(t, "expected a ready line");
	} while (!strstr(line, "\"ready\""));
	fclose(fifo);
	stage_listener(api, 0, "127.0.0.1", 8080);
	stage_refused(web, 0, "127.0.0.1", 8080, EADDRINUSE);
	monitor_stop(t, m, 0, 10);
	said = monitor_text(m->err);
	if (*said)
		test_fail(t, "expected nothing on standard error, got \"%s\"", said);
	free(said);
}

const struct scenario cases_session_end[] = {
	{ .name = "end-by-time", .run = scenario_end_by_time, .where = ONCE, .watch = WATCH_OWN },
	{ .name = "end-by-sigint",
	  .run = scenario_end_by_sigint,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ .name = "end-by-sigterm",
	  .run = scenario_end_by_sigterm,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ .name = "end-by-sighup",
	  .run = scenario_end_by_sighup,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ .name = "summary", .run = scenario_summary, .where = ONCE, .watch = WATCH_OWN },
	{ .name = "summary-text", .run = scenario_summary_text, .where = ONCE },
	{ .name = "command-fails", .run = scenario_command_fails, .where = ONCE },
	{ .name = "command-interrupted", .run = scenario_command_interrupted, .where = ONCE },
	{ .name = "command-crashes", .run = scenario_command_crashes, .where = ONCE },
	{ .name = "command-missing", .run = scenario_command_missing, .where = ONCE },
	{ .name = "stdout-closed", .run = scenario_stdout_closed, .where = ONCE },
	{ 0 },
};
