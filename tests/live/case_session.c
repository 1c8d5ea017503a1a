// SPDX-License-Identifier: GPL-2.0-only
/* How a trace ends: by time, by signal, with its command; its exit status and its summary. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cases.h"
#include "monitor.h"
#include "verdict.h"

/* A pid that no one has: the session sees nothing whatever others do meanwhile. */
#define NO_ONE "1" /* is refused nothing */

static void expect_status(struct test *t, struct monitor *m, int signal, int status)
{
	int have = monitor_stop(t, m, signal, 10);

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

static void time_out(struct test *t)
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

static void interrupted(struct test *t)
{
	by_signal(t, SIGINT);
}

static void terminated(struct test *t)
{
	by_signal(t, SIGTERM);
}

static void hung_up(struct test *t)
{
	by_signal(t, SIGHUP);
}

/* Counts of each cause and of claims, beside what was staged. */
static void summary(struct test *t)
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

/* The text mode says zero too. */
static void text_summary(struct test *t)
{
	struct monitor *m = monitor_spawn(
		t,
		&(struct monitor_spec){ .argv = (const char *const[]){ "trace", "--for", "0.2",
								       "--pid", NO_ONE, NULL } });
	int status = monitor_stop(t, m, 0, 20);
	char *text = monitor_text(m->out);

	if (status)
		test_fail(t, "expected 0, got %d as exit status", status);
	if (!strstr(text, "is watching") || !strstr(text, "0 verdicts") ||
	    !strstr(text, "records lost: 0") || !strstr(text, " of CPU to start, "))
		test_fail(t, "expected a banner and a summary with zeros and cost, got \"%s\"",
			  text);
	free(text);
}

static void command_that_ends(struct test *t, const char *name, const char *field, int value)
{
	struct person self;
	const char *argv[] = { "trace", "--json", "--", self.exe, "--command", name, NULL };
	struct spot s;

	person_self(&self);
	t->monitor = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	expect_status(t, t->monitor, 0, 0);
	s = spot_of(t, monitor_line(t, "summary", 0, 0));
	expect_int(&s, field, value);
	t->monitor = NULL;
}

/* The statuses as a shell's user knows them, not as waitpid() packs them. */
static void command_fails(struct test *t)
{
	command_that_ends(t, "fail", "command_status", 41);
}

static void command_crashes(struct test *t)
{
	command_that_ends(t, "crash", "command_signal", SIGABRT);
}

/* A Ctrl-C is the command's, too: its status is waited for. */
static void command_interrupted(struct test *t)
{
	command_that_ends(t, "interrupt", "command_status", 42);
}

static void command_missing(struct test *t)
{
	struct monitor *m = monitor_spawn(
		t, &(struct monitor_spec){ .argv = (const char *const[]){
						   "trace", "--", "/no/such/command", NULL } });
	int status = monitor_stop(t, m, 0, 20);
	char *said = monitor_text(m->err);

	if (status != 1)
		test_fail(t, "expected 1, got %d as exit status", status);
	if (!strstr(said, "/no/such/command") || !strstr(said, "No such file"))
		test_fail(t, "expected a sentence about the command, got \"%s\"", said);
	free(said);
}

/* `portclash trace --json | head -1`: it ends once it has more to say. */
static void reader_gone(struct test *t)
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

const struct scenario cases_session[] = {
	{ .name = "end-by-time", .run = time_out, .where = ONCE },
	{ .name = "end-by-sigint", .run = interrupted, .where = ONCE },
	{ .name = "end-by-sigterm", .run = terminated, .where = ONCE },
	{ .name = "end-by-sighup", .run = hung_up, .where = ONCE },
	{ .name = "summary", .run = summary, .where = ONCE },
	{ .name = "summary-text", .run = text_summary, .where = ONCE },
	{ .name = "command-fails", .run = command_fails, .where = ONCE },
	{ .name = "command-interrupted", .run = command_interrupted, .where = ONCE },
	{ .name = "command-crashes", .run = command_crashes, .where = ONCE },
	{ .name = "command-missing", .run = command_missing, .where = ONCE },
	{ .name = "stdout-closed", .run = reader_gone, .where = ONCE },
	{ 0 },
};
