// SPDX-License-Identifier: GPL-2.0-only
/* The options of `portclash free` and each of its exit statuses: how long the port stays reserved, a command
 * in its place, and what bad input gets. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "judge/free.h"
#include "run/cases.h"

#define NOBODY 65534

/* Other connections of the backend and new clients are not kept from anything: it is one port. */
static void scenario_free_until_taken(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct freed f = free_robbed(&r, NULL, 0);

	expect_string(&f.line, "reserved", "until-taken");
	free_expect_reserved(t, r.port, true);
	sleep_ms(300);
	free_expect_reserved(t, r.port, true);
	robbery_serve(&r);
	free_await_given_up(t, r.port);
}

static void scenario_free_wait_over(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct freed f = free_robbed(&r, (const char *const[]){ "--wait", "0.5", NULL }, 0);

	(void)f;
	free_expect_reserved(t, r.port, true);
	free_await_given_up(t, r.port);
}

static void scenario_free_no_reserve(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct freed f = free_robbed(&r, (const char *const[]){ "--no-reserve", NULL }, 0);

	expect_null(&f.line, "reserved");
	free_expect_reserved(t, r.port, false);
	robbery_serve(&r);
}

static int run_reserve(struct test *t, const char *option, const char *port)
{
	char folder[128];
	const char *const argv[] = {
		"reserve", option, port, "--state", test_path(t, "state", folder, sizeof(folder)),
		NULL
	};
	struct monitor *m =
		monitor_spawn(t, &(struct monitor_spec){ .argv = argv, .in_space = true });

	return monitor_stop(t, m, 0, 10);
}

/* For good, as by `portclash reserve`: which takes it back. */
static void scenario_free_reserve(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct freed f = free_robbed(&r, (const char *const[]){ "--reserve", NULL }, 0);
	struct prop server;

	expect_string(&f.line, "reserved", "until-reboot");
	server = robbery_serve(&r);
	sleep_ms(300);
	free_expect_reserved(t, r.port, true);
	stage_close(&server);
	if (run_reserve(t, "--remove", r.text))
		test_fail(t, "expected that reserve --remove succeeds");
	free_expect_reserved(t, r.port, false);
}

/* A port that an admin had reserved before stays reserved. */
static void scenario_free_reserved_before(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");

	audit_set(t, RESERVED, r.text);
	free_robbed(&r, (const char *const[]){ "--wait", "0.3", NULL }, 0);
	sleep_ms(800);
	free_expect_reserved(t, r.port, true);
}

/* While the reservation lasts, no client is given the port: not even where the range has no other. */
static void scenario_free_no_client_gets_it(struct test *t)
{
	struct robbery r = robbery_cast(t, 0, "127.0.0.1");
	struct io_name a = { .to = { "127.0.0.1", SERVER_PORT } };
	struct prop s;

	audit_set(t, RANGE, "45000 45000");
	robbery_connect(&r);
	free_robbed(&r, NULL, 0);
	s = stage_socket(r.backend, 0);
	a.fd = s.fd;
	puppet_call(r.backend, act_connect, &a, sizeof(a));
	if (a.error != EADDRNOTAVAIL)
		test_fail(t, "expected that no client is given the port, got \"%s\"",
			  strerror(a.error));
	robbery_serve(&r);
}

static void scenario_free_nothing(struct test *t)
{
	struct freed f = free_run(t, "35000", NULL, 4);

	free_expect_result(&f, "nothing", 0);
	expect_null(&f.line, "reserved");
	if (f.plan.json)
		test_fail(t, "expected no plan for a port that nobody holds");
	free_expect_reserved(t, 35000, false);
}

/* A dry run changes nothing. */
static void scenario_free_dry_run(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct freed f = free_robbed(&r, (const char *const[]){ "--dry-run", NULL }, 0);
	char folder[128];

	expect_bool(&f.line, "dry_run", true);
	free_expect_result(&f, "freed", 0);
	free_expect_socket(&f, &r, "end", "ESTABLISHED", r.client);
	robbery_expect_word(t, &r.out, &r.in, "the connection");
	robbery_expect_bystanders(&r);
	free_expect_reserved(t, r.port, false);
	if (!access(test_path(t, "state", folder, sizeof(folder)), F_OK))
		test_fail(t, "expected that a dry run makes no folder");
}

/* A command in portclash's place: it has its pid, and its status is the status. */
static void scenario_free_command(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	char folder[128];
	const char *const argv[] = { "free",
				     "--yes",
				     "--state",
				     test_path(t, "state", folder, sizeof(folder)),
				     r.text,
				     "--",
				     "/proc/self/exe",
				     "reserve",
				     "--list",
				     "--json",
				     NULL };
	struct monitor_spec spec = { .argv = argv, .in_space = true };
	struct monitor *m = monitor_spawn(t, &spec);
	char *out;

	if (monitor_stop(t, m, 0, 10))
		test_fail(t, "expected the command's exit status 0");
	out = monitor_text(m->out);
	if (!strstr(out, "1 socket ended") || !strstr(out, "\"exit_status\":0"))
		test_fail(t, "expected both outputs, got \"%s\"", out);
	free(out);
	free_expect_reserved(t, r.port, true);
	robbery_serve(&r);
	free_await_given_up(t, r.port);
}

/* The server itself as the command, by the shell that every kernel's guest has. */
static void scenario_free_command_serves(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	char folder[128];
	const char *const argv[] = {
		"free",	 "--yes", "--state",	      test_path(t, "state", folder, sizeof(folder)),
		r.text,	 "--",	  "/proc/self/fd/19", "--command",
		"serve", NULL
	};
	struct monitor_spec spec = { .argv = argv, .in_space = true };
	int self = open("/proc/self/exe", O_RDONLY), status;

	if (self < 0 || dup2(self, 19) < 0)
		test_abort(t, "stage: no descriptor of this program");
	setenv("LIVE_PORT", r.text, 1);
	status = monitor_stop(t, monitor_spawn(t, &spec), 0, 10);
	if (status != 43)
		test_fail(t, "expected 43, got %d as exit status of the server", status);
}

static void scenario_free_command_is_missing(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	char folder[128];
	const char *argv[] = {
		"free", "--yes", "--state",	    test_path(t, "state", folder, sizeof(folder)),
		r.text, "--",	 "/no/such/server", NULL
	};
	struct monitor_spec spec = { .argv = argv, .in_space = true };
	int status = monitor_stop(t, monitor_spawn(t, &spec), 0, 10);

	if (status != 127)
		test_fail(t, "expected 127, got %d for a missing command", status);
	argv[6] = "/proc/version";
	status = monitor_stop(t, monitor_spawn(t, &spec), 0, 10);
	if (status != 126)
		test_fail(t, "expected 126, got %d for what is no program", status);
}

/* A command does not run while a process is in the way. */
static void scenario_free_no_command(struct test *t)
{
	struct puppet *server = puppet_start(t, "server");
	char folder[128];
	const char *const argv[] = {
		"free",	 "--yes", "--state",	     test_path(t, "state", folder, sizeof(folder)),
		"35000", "--",	  "/no/such/server", NULL
	};
	struct monitor_spec spec = { .argv = argv, .in_space = true };
	int status;

	stage_listener(server, 0, "0.0.0.0", 35000);
	status = monitor_stop(t, monitor_spawn(t, &spec), 0, 10);
	if (status != 3)
		test_fail(t, "expected 3, got %d as exit status", status);
}

static void expect_said(struct test *t, const struct monitor_spec *spec, int status,
			const char *says)
{
	struct monitor *m = monitor_spawn(t, spec);
	int have = monitor_stop(t, m, 0, 10);
	char *said = monitor_text(m->err);

	if (have != status || !strstr(said, says))
		test_fail(t, "expected %d and \"%s\", got %d and \"%s\"", status, says, have, said);
	free(said);
}

/* Without a terminal nobody can say yes. */
static void scenario_free_no_terminal(struct test *t)
{
	static const char *const argv[] = { "free", "35000", NULL };
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	dup2(nothing, STDIN_FILENO);
	expect_said(t, &(struct monitor_spec){ .argv = argv, .in_space = true }, 2,
		    "standard input is not a terminal");
}

static void scenario_free_not_root(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	char folder[128];
	const char *argv[] = { "free",	  "--yes",
			       "--state", test_path(t, "state", folder, sizeof(folder)),
			       r.text,	  NULL };
	struct monitor_spec spec = { .argv = argv, .in_space = true, .uid = NOBODY };
	char path[128];

	monitor_copy(t, path, sizeof(path));
	spec.exe = path;
	expect_said(t, &spec, 1, "root");
	argv[1] = "--dry-run";
	expect_said(t, &spec, 0, "");
	robbery_expect_word(t, &r.out, &r.in, "the connection");
	robbery_expect_bystanders(&r);
}

struct misuse {
	const char *argv[6];
	int status;
	const char *says;
};

static void scenario_free_misuse(struct test *t)
{
	static const struct misuse all[] = {
		{ { "free", "--yes" }, 2, "which port" },
		{ { "free", "--yes", "0" }, 2, "1 to 65535" },
		{ { "free", "--yes", "80,,81" }, 2, "a port is missing" },
		{ { "free", "--yes", "80", "1000-1063" }, 2, "at most 64, not 65" },
		{ { "free", "--yes", "80/sctp" }, 2, "/tcp" },
		{ { "free", "--yes", "--wait=-1", "80" }, 2, "--wait" },
		{ { "free", "--yes", "--wait=soon", "80" }, 2, "soon" },
		{ { "free", "--yes", "--address=here", "80" }, 2, "here" },
		{ { "free", "--yes", "--address=192.0.2.7", "80" }, 1, "192.0.2.7" },
		{ { "free", "--yes", "--netns=", "80" }, 2, "--netns" },
		{ { "free", "--yes", "--netns=no-such-one", "80" }, 1, "no-such-one" },
		{ { "free", "--yes", "80", "--" }, 2, "command" },
		{ { "free", "--dry-run", "80", "--", "true" }, 2, "--dry-run" },
		{ { "free", "--yes", "--reserve", "--no-reserve", "80" }, 2, "either --reserve" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		expect_said(t, &(struct monitor_spec){ .argv = all[i].argv, .in_space = true },
			    all[i].status, all[i].says);
}

const struct scenario cases_cure_outcomes[] = {
	{ .name = "free-until-taken", .run = scenario_free_until_taken, .where = EACH_KERNEL },
	{ .name = "free-wait-over", .run = scenario_free_wait_over, .where = EACH_KERNEL },
	{ .name = "free-no-reserve", .run = scenario_free_no_reserve, .where = EACH_KERNEL },
	{ .name = "free-reserve", .run = scenario_free_reserve, .where = EACH_KERNEL },
	{ .name = "free-reserved-before",
	  .run = scenario_free_reserved_before,
	  .where = EACH_KERNEL },
	{ .name = "free-no-client-gets-it",
	  .run = scenario_free_no_client_gets_it,
	  .where = EACH_KERNEL },
	{ .name = "free-nothing", .run = scenario_free_nothing, .where = EACH_KERNEL },
	{ .name = "free-dry-run", .run = scenario_free_dry_run, .where = EACH_KERNEL },
	{ .name = "free-command", .run = scenario_free_command, .where = EACH_KERNEL },
	{ .name = "free-command-serves",
	  .run = scenario_free_command_serves,
	  .where = EACH_KERNEL },
	{ .name = "free-command-is-missing",
	  .run = scenario_free_command_is_missing,
	  .where = ONCE },
	{ .name = "free-no-command", .run = scenario_free_no_command, .where = ONCE },
	{ .name = "free-no-terminal", .run = scenario_free_no_terminal, .where = ONCE },
	{ .name = "free-not-root", .run = scenario_free_not_root, .where = ONCE },
	{ .name = "free-misuse", .run = scenario_free_misuse, .where = ONCE },
	{ 0 },
};
