// SPDX-License-Identifier: GPL-2.0-only
/* Which refusals are shown: --port, --proto, --pid, and a command's own. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "monitor.h"
#include "verdict.h"

/* Three collisions of two processes: which of them are shown? */
struct cast {
	struct puppet *api;
	struct puppet *web;
	struct puppet *dns;
};

static struct cast cast_of(struct test *t)
{
	return (struct cast){
		.api = puppet_start(t, "api"),
		.web = puppet_start(t, "web"),
		.dns = puppet_start(t, "dns"),
	};
}

static void collide(struct cast *c)
{
	stage_listener(c->api, 0, "127.0.0.1", 8080);
	stage_listener(c->api, 0, "127.0.0.1", 8090);
	stage_bound(c->api, OPT_UDP, "127.0.0.1", 8053);
	stage_refused(c->web, 0, "127.0.0.1", 8080, EADDRINUSE);
	stage_refused(c->web, 0, "127.0.0.1", 8090, EADDRINUSE);
	stage_refused(c->dns, OPT_UDP, "127.0.0.1", 8053, EADDRINUSE);
}

static void expect_shown(struct test *t, struct puppet *by, uint16_t port)
{
	json_t *line = monitor_line(t, "refusal", by->pid, 5);
	struct spot s = spot_of(t, line), requested = spot_below(&s, "requested");

	expect_int(&requested, "port", port);
}

/* Nothing but what was expected: monitor_finish() looks for the rest. */
static void port(struct test *t)
{
	struct cast c = cast_of(t);

	monitor_watch(t, (const char *const[]){ "--port", "8000-8060,9000", NULL });
	collide(&c);
	expect_shown(t, c.dns, 8053);
}

static void ports(struct test *t)
{
	struct cast c = cast_of(t);

	monitor_watch(t, (const char *const[]){ "--port=8080,8053", NULL });
	collide(&c);
	expect_shown(t, c.web, 8080);
	expect_shown(t, c.dns, 8053);
}

static void proto_tcp(struct test *t)
{
	struct cast c = cast_of(t);

	monitor_watch(t, (const char *const[]){ "--proto", "tcp", NULL });
	collide(&c);
	expect_shown(t, c.web, 8080);
	expect_shown(t, c.web, 8090);
}

static void proto_udp(struct test *t)
{
	struct cast c = cast_of(t);

	monitor_watch(t, (const char *const[]){ "--proto", "udp", NULL });
	collide(&c);
	expect_shown(t, c.dns, 8053);
}

static void pid(struct test *t)
{
	struct cast c = cast_of(t);
	char text[16];

	snprintf(text, sizeof(text), "%d", c.web->pid);
	monitor_watch(t, (const char *const[]){ "--pid", text, NULL });
	collide(&c);
	expect_shown(t, c.web, 8080);
	expect_shown(t, c.web, 8090);
}

static void all_three(struct test *t)
{
	struct cast c = cast_of(t);
	char text[16];

	snprintf(text, sizeof(text), "%d", c.web->pid);
	monitor_watch(t, (const char *const[]){ "--pid", text, "--proto", "tcp", "--port", "8090",
						NULL });
	collide(&c);
	expect_shown(t, c.web, 8090);
}

/* `trace -- COMMAND`: its own collisions and those of its children, whoever else collides. */

static struct monitor *run_command(struct test *t, const char *name)
{
	struct person self;
	const char *argv[] = { "trace", "--json", "--", self.exe, "--command", name, NULL };

	person_self(&self);
	t->monitor = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	return t->monitor;
}

static void check_summary(struct test *t, const char *field, long long verdicts, int command)
{
	json_t *line = monitor_line(t, "summary", 0, 10);
	struct spot s = spot_of(t, line);

	expect_int(&s, "verdicts_total", verdicts);
	expect_int(&s, field, command);
}

static void command(struct test *t, const char *name, const char *comm, int status)
{
	struct cast c = cast_of(t);
	struct monitor *m = run_command(t, name);
	json_t *line;
	struct spot s, at;

	if (!monitor_line(t, "ready", 0, 20))
		test_abort(t, "expected a ready line");
	stage_listener(c.api, 0, "127.0.0.1", 8080);
	stage_refused(c.web, 0, "127.0.0.1", 8080, EADDRINUSE);
	if (monitor_stop(t, m, 0, 20) != status)
		test_fail(t, "expected %d, got %#x as exit status", status, m->status);
	line = monitor_line(t, "refusal", 0, 0);
	s = spot_of(t, line);
	at = spot_below(&s, "requester");
	if (comm)
		expect_string(&at, "comm", comm);
	else if (line)
		test_fail(t, "expected no refusal, got one");
	if (comm)
		expect_string(&s, "cause", "bound-not-listening");
	if (monitor_line(t, "refusal", 0, 0))
		test_fail(t, "expected one refusal, got more");
	check_summary(t, "command_status", comm != NULL, 0);
	t->monitor = NULL;
}

static void command_itself(struct test *t)
{
	command(t, "collide", "command", 3);
}

static void command_child(struct test *t)
{
	command(t, "child", "child", 3);
}

static void command_daemon(struct test *t)
{
	command(t, "daemon", "daemon", 3);
}

static void command_quiet(struct test *t)
{
	command(t, "quiet", NULL, 0);
}

const struct scenario cases_filter[] = {
	{ .name = "filter-port", .run = port, .where = ONCE },
	{ .name = "filter-ports", .run = ports, .where = ONCE },
	{ .name = "filter-tcp", .run = proto_tcp, .where = ONCE },
	{ .name = "filter-udp", .run = proto_udp, .where = ONCE },
	{ .name = "filter-pid", .run = pid, .where = ONCE },
	{ .name = "filter-all", .run = all_three, .where = ONCE },
	{ .name = "command-itself", .run = command_itself, .where = ONCE },
	{ .name = "command-child", .run = command_child, .where = ONCE },
	{ .name = "command-daemon", .run = command_daemon, .where = ONCE },
	{ .name = "command-quiet", .run = command_quiet, .where = ONCE },
	{ 0 },
};
