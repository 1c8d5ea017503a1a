// SPDX-License-Identifier: GPL-2.0-only
/* Filters of refusals: --port, --proto, --pid, --unit and its like, and a command's own. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/group.h"
#include "stage/space.h"

#define SO_NETNS_COOKIE_5_14 71
#define SPACES_TRIED 400

/* Stages three collisions of two processes, of which the filter shows some. */
struct cast {
	struct puppet *api;
	struct puppet *web;
	struct puppet *dns;
};

static struct cast filter_cast(struct test *t)
{
	return (struct cast){
		.api = puppet_start(t, "api"),
		.web = puppet_start(t, "web"),
		.dns = puppet_start(t, "dns"),
	};
}

static void collide_three_times(struct cast *c)
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

/* Only the expected verdicts may be there: monitor_finish() looks for others. */
static void scenario_filter_port(struct test *t)
{
	struct cast c = filter_cast(t);

	monitor_watch(t, (const char *const[]){ "--port", "8000-8060,9000", NULL });
	collide_three_times(&c);
	expect_shown(t, c.dns, 8053);
}

static void scenario_filter_ports(struct test *t)
{
	struct cast c = filter_cast(t);

	monitor_watch(t, (const char *const[]){ "--port=8080,8053", NULL });
	collide_three_times(&c);
	expect_shown(t, c.web, 8080);
	expect_shown(t, c.dns, 8053);
}

static void scenario_filter_tcp(struct test *t)
{
	struct cast c = filter_cast(t);

	monitor_watch(t, (const char *const[]){ "--proto", "tcp", NULL });
	collide_three_times(&c);
	expect_shown(t, c.web, 8080);
	expect_shown(t, c.web, 8090);
}

static void scenario_filter_udp(struct test *t)
{
	struct cast c = filter_cast(t);

	monitor_watch(t, (const char *const[]){ "--proto", "udp", NULL });
	collide_three_times(&c);
	expect_shown(t, c.dns, 8053);
}

static void scenario_filter_pid(struct test *t)
{
	struct cast c = filter_cast(t);
	char text[16];

	snprintf(text, sizeof(text), "%d", c.web->pid);
	monitor_watch(t, (const char *const[]){ "--pid", text, NULL });
	collide_three_times(&c);
	expect_shown(t, c.web, 8080);
	expect_shown(t, c.web, 8090);
}

static void scenario_filter_all(struct test *t)
{
	struct cast c = filter_cast(t);
	char text[16];

	snprintf(text, sizeof(text), "%d", c.web->pid);
	monitor_watch(t, (const char *const[]){ "--pid", text, "--proto", "tcp", "--port", "8090",
						NULL });
	collide_three_times(&c);
	expect_shown(t, c.web, 8090);
}

/* Two processes of units, one of none: what each filter shows, and what it leaves out. */
static void watch_units(struct test *t, const char *option, const char *value, bool shows_orders)
{
	char netns[64];
	const char *const options[] = { option, value, "--netns", netns, "--uid", "0", NULL };
	static const char unit[] = "/" GROUP_ROOT "/orders.service";
	struct cast c = filter_cast(t);
	struct spot s;

	snprintf(netns, sizeof(netns), "/proc/%d/ns/net", c.web->pid);
	group_move(t, unit, c.web);
	monitor_watch(t, options);
	collide_three_times(&c);
	if (shows_orders) {
		expect_shown(t, c.web, 8080);
		expect_shown(t, c.web, 8090);
	} else {
		expect_shown(t, c.dns, 8053);
	}
	if (monitor_stop(t, t->monitor, SIGINT, 20) != 3)
		test_fail(t, "expected 3, got %#x as exit status", t->monitor->status);
	monitor_read(t, t->monitor);
	s = spot_of(t, monitor_line(t, "summary", 0, 20));
	expect_int(&s, "verdicts_total", shows_orders ? 2 : 1);
	if (json_integer_value(json_object_get(s.json, "left_out")) < (shows_orders ? 1 : 2))
		expected(&s, "the refusals of others counted as left_out");
	t->monitor = NULL;
	puppet_exit(c.web);
	group_remove(unit);
}

static void scenario_filter_unit(struct test *t)
{
	watch_units(t, "--unit", "none-such,orders", true);
}

static void scenario_filter_ignore(struct test *t)
{
	watch_units(t, "--ignore", "unit:ord*,uid:4000000000", false);
}

struct io_filter_space {
	uint64_t inode; /* that a new namespace has to have; 0: any */
	bool has_cookie;
	int error;
};

/* Moves to new namespaces until one has the inode number. The kernel takes a namespace apart a while after its end. */
static void act_enter_space(void *io)
{
	struct io_filter_space *a = io;
	uint64_t cookie;
	socklen_t len = sizeof(cookie);
	int fd;

	for (int i = 0; i < SPACES_TRIED; i++) {
		a->error = -space_enter();
		if (a->error || !a->inode || space_of(getpid()) == a->inode)
			break;
		sleep_ms(10);
	}
	a->inode = space_of(getpid());
	fd = socket(AF_INET, SOCK_STREAM, 0);
	a->has_cookie = !getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE_5_14, &cookie, &len);
	close(fd);
}

static void collide_in_space(struct puppet *web)
{
	struct prop p = stage_listener(web, 0, "127.0.0.1", 8080);

	stage_refused(web, 0, "127.0.0.1", 8080, EADDRINUSE);
	stage_close(&p);
}

/* A namespace has the inode number of the one that the filter means, which is gone. */
static void scenario_filter_netns_used_again(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	struct io_filter_space first = { 0 }, other;
	struct spot s;
	char netns[64];

	puppet_call(web, act_enter_space, &first, sizeof(first));
	if (first.error)
		test_abort(t, "stage: no network namespace: %s", strerror(first.error));
	if (!first.has_cookie)
		test_skip(t, "this kernel shows no cookies of network namespaces");
	snprintf(netns, sizeof(netns), "/proc/%d/ns/net", web->pid);
	monitor_watch(t, (const char *const[]){ "--netns", netns, NULL });
	collide_in_space(web);
	expect_shown(t, web, 8080);
	other = (struct io_filter_space){ .inode = first.inode };
	puppet_call(web, act_enter_space, &other, sizeof(other));
	if (other.error || other.inode != first.inode)
		test_skip(t, "the kernel did not use the inode number again");
	collide_in_space(web);
	if (monitor_stop(t, t->monitor, SIGINT, 20) != 3)
		test_fail(t, "expected 3, got %#x as exit status", t->monitor->status);
	monitor_read(t, t->monitor);
	s = spot_of(t, monitor_line(t, "summary", 0, 20));
	expect_int(&s, "verdicts_total", 1);
	if (!json_integer_value(json_object_get(s.json, "left_out")))
		expected(&s, "the refusal in the later namespace counted as left_out");
	t->monitor = NULL;
}

/* `trace -- COMMAND` shows the collisions of the command and its children, and of no other
 * process. */

static struct monitor *run_command(struct test *t, const char *name)
{
	struct person self;
	const char *argv[] = { "trace", "--json", "--", self.exe, "--command", name, NULL };

	person_self(&self);
	t->monitor = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	return t->monitor;
}

static void check_filter_summary(struct test *t, const char *field, long long verdicts, int command)
{
	json_t *line = monitor_line(t, "summary", 0, 10);
	struct spot s = spot_of(t, line);

	expect_int(&s, "verdicts_total", verdicts);
	expect_int(&s, field, command);
}

static void run_trace_command(struct test *t, const char *name, const char *comm, int status)
{
	struct cast c = filter_cast(t);
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
	check_filter_summary(t, "command_status", comm != NULL, 0);
	t->monitor = NULL;
}

static void scenario_command_itself(struct test *t)
{
	run_trace_command(t, "collide", "command", 3);
}

static void scenario_command_child(struct test *t)
{
	run_trace_command(t, "child", "child", 3);
}

static void scenario_command_deep(struct test *t)
{
	run_trace_command(t, "deep", "deep", 3);
}

static void scenario_command_daemon(struct test *t)
{
	run_trace_command(t, "daemon", "daemon", 3);
}

static void scenario_command_quiet(struct test *t)
{
	run_trace_command(t, "quiet", NULL, 0);
}

const struct scenario cases_session_filter[] = {
	{ .name = "filter-port", .run = scenario_filter_port, .where = ONCE, .watch = WATCH_OWN },
	{ .name = "filter-ports", .run = scenario_filter_ports, .where = ONCE, .watch = WATCH_OWN },
	{ .name = "filter-tcp", .run = scenario_filter_tcp, .where = ONCE, .watch = WATCH_OWN },
	{ .name = "filter-udp", .run = scenario_filter_udp, .where = ONCE, .watch = WATCH_OWN },
	{ .name = "filter-pid", .run = scenario_filter_pid, .where = ONCE, .watch = WATCH_OWN },
	{ .name = "filter-all", .run = scenario_filter_all, .where = ONCE, .watch = WATCH_OWN },
	{ .name = "filter-unit", .run = scenario_filter_unit, .where = ONCE, .watch = WATCH_OWN },
	{ .name = "filter-netns-used-again",
	  .run = scenario_filter_netns_used_again,
	  .where = EACH_KERNEL,
	  .watch = WATCH_OWN },
	{ .name = "filter-ignore",
	  .run = scenario_filter_ignore,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ .name = "command-itself", .run = scenario_command_itself, .where = ONCE },
	{ .name = "command-child", .run = scenario_command_child, .where = ONCE },
	{ .name = "command-deep", .run = scenario_command_deep, .where = ONCE },
	{ .name = "command-daemon", .run = scenario_command_daemon, .where = ONCE },
	{ .name = "command-quiet", .run = scenario_command_quiet, .where = ONCE },
	{ 0 },
};
