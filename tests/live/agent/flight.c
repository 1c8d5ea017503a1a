// SPDX-License-Identifier: GPL-2.0-only
/* The flight recorder of `portclash agent`: who had a port, asked when the connection is long closed and the agent was
 * killed; compared with the processes, ports and destinations that were staged. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "judge/verdict.h"
#include "monitor/logfile.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/theft.h"

#define PATH_LEN 128

/* Others on this machine make claims, too: root's count with those of the scenario. */
#define ROOMY "32M"

/* A user whose share nobody else takes. */
#define VICTIM 990

struct flight {
	struct test *t;
	struct monitor *agent;
	char log[PATH_LEN];
	char file[PATH_LEN];
};

static struct flight flight_start(struct test *t, const char *size)
{
	struct flight f = { .t = t };
	const char *const argv[] = { "agent", "--config",      "none",
				     "--log", f.log,	       "--flight-recorder",
				     f.file,  "--flight-size", size,
				     NULL };

	test_path(t, "agent.log", f.log, PATH_LEN);
	test_path(t, "flight", f.file, PATH_LEN);
	f.agent = logfile_agent(t, argv, f.log);
	return f;
}

/* The second of this time, as --at takes it. */
static void time_text(int64_t ns, char *out, size_t size)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(out, size, "%Y-%m-%d %H:%M:%S", &tm);
}

/* Asks `portclash history --at`; the answer is in the lines of what is returned. */
static struct monitor *flight_question(const struct flight *f, uint16_t port, int64_t at,
				       int *status)
{
	char number[16], when[64];
	const char *const argv[] = { "history", "--json", "--port", number,
				     "--at",	when,	  f->file,  NULL };
	struct monitor *m;

	snprintf(number, sizeof(number), "%u", port);
	time_text(at, when, sizeof(when));
	m = monitor_spawn(f->t, &(struct monitor_spec){ .argv = argv });
	*status = monitor_stop(f->t, m, 0, 10);
	return m;
}

static struct monitor *flight_ask(const struct flight *f, uint16_t port, int64_t at, int status)
{
	int have;
	struct monitor *m = flight_question(f, port, at, &have);

	if (have != status)
		test_fail(f->t, "expected %d, got %d as exit status of history --at", status, have);
	monitor_read(f->t, m);
	return m;
}

/* A busy machine delays the agent: asks until this is the exit status, for ten seconds. */
static void flight_await(const struct flight *f, uint16_t port, int64_t at, int status)
{
	int have = -1;

	for (int i = 0; i < 50 && have != status; i++) {
		sleep_ms(200);
		flight_question(f, port, at, &have);
	}
}

/* The first line of this type, and of this process if `pid` is not 0; NULL: there is none. */
static json_t *flight_line(const struct monitor *m, const char *type, pid_t pid)
{
	for (size_t i = 0; i < m->count; i++) {
		json_t *process = json_object_get(m->lines[i], "process");
		const char *have = json_string_value(json_object_get(m->lines[i], "type"));

		if (have && !strcmp(have, type) &&
		    (!pid || json_integer_value(json_object_get(process, "pid")) == pid))
			return m->lines[i];
	}
	return NULL;
}

/* The answer names the process that had the port, both ends of its socket, and the time of its end. `closed`: STILL_OPEN, or
 * NO_END: none is recorded, and the process may have had the port. */
#define STILL_OPEN 0
#define NO_END (-1)

static void expect_recorded(const struct flight *f, const struct prop *p, int64_t at,
			    int64_t closed)
{
	struct test *t = f->t;
	struct monitor *m = flight_ask(f, p->look.local.port, at, closed == NO_END ? 4 : 3);
	json_t *line = flight_line(m, "history-claim", p->by->pid);
	struct spot s = spot_of(t, line), process = spot_below(&s, "process");

	if (!line) {
		char *text = monitor_text(m->out);

		test_fail(t, "expected %s[%d] for port %u, got %s", p->by->who.comm, p->by->pid,
			  p->look.local.port, text);
		free(text);
		return;
	}
	expect_string(&s, "when", closed == NO_END ? "perhaps" : "then");
	expect_int(&s, "port", p->look.local.port);
	expect_end(&s, "local", &p->look.local);
	expect_end(&s, "remote", &p->look.remote);
	expect_int(&s, "netns", (long long)p->by->who.netns);
	expect_time(&s, "claimed", p->before, p->after);
	if (closed > 0)
		expect_time(&s, "closed", closed, closed + 1000000000);
	else
		expect_null(&s, "closed");
	expect_string(&process, "comm", p->by->who.comm);
	expect_int(&process, "uid", p->by->who.uid);
}

static void flight_kill(struct flight *f)
{
	kill(f->agent->pid, SIGKILL);
	monitor_stop(f->t, f->agent, 0, 10);
}

static void flight_stop(struct flight *f)
{
	if (monitor_stop(f->t, f->agent, SIGTERM, 10))
		test_fail(f->t, "expected 0 as exit status of the agent");
}

/* No bind() was refused and no connect() failed: the log never tells of this port. */
static void scenario_flight_closed(struct test *t)
{
	struct flight f = flight_start(t, ROOMY);
	struct theft o = theft_cast(t);
	struct prop out, udp;
	int64_t closed;

	theft_listen(&o, 0);
	theft_connect(&o, 0);
	udp = stage_bound(o.web, OPT_UDP, "127.0.0.1", 0);
	stage_look(&o.out);
	out = o.out;
	sleep_ms(1100);
	closed = wall_ns();
	stage_close(&o.out);
	stage_close(&o.in);
	puppet_exit(o.client);
	sleep_ms(2100);
	expect_recorded(&f, &out, out.after, closed);
	expect_recorded(&f, &o.listener, out.after, STILL_OPEN);
	expect_recorded(&f, &udp, udp.after, NO_END);
	/* A kill leaves the claims, and the next agent keeps them and tells of the gap. */
	flight_kill(&f);
	expect_recorded(&f, &out, out.after, closed);
	f = flight_start(t, ROOMY);
	sleep_ms(1500);
	expect_recorded(&f, &out, out.after, closed);
	flight_stop(&f);
}

/* The listener is closed, and the connection that it accepted keeps the port: the kernel refuses it, and the recorder has
 * no claim of it. Three sockets that only were bound one after the other have no end. */
static void scenario_flight_perhaps(struct test *t)
{
	struct flight f = flight_start(t, ROOMY);
	struct theft o = theft_cast(t);
	json_t *line;

	theft_listen(&o, 0);
	theft_connect(&o, 0);
	stage_close(&o.listener);
	for (unsigned i = 0; i < 3; i++) {
		struct prop bound = stage_bound(o.web, OPT_UDP, "127.0.0.1", SERVER_PORT + 1);

		stage_close(&bound);
	}
	sleep_ms(2100);
	line = flight_line(flight_ask(&f, o.listener.look.local.port, wall_ns(), 4),
			   "history-claim", o.listener.by->pid);
	if (!line || !json_is_true(json_object_get(line, "listened")))
		test_fail(t, "expected the listener that was closed before");
	line = flight_line(flight_ask(&f, SERVER_PORT + 1, wall_ns(), 4), "history-flight", 0);
	if (json_integer_value(json_object_get(line, "claims")) != 3 ||
	    json_integer_value(json_object_get(line, "certain")) != 0)
		test_fail(t, "expected 3 claims that may have had the port, and none for certain");
	flight_stop(&f);
}

/* A client that asked for its port by number keeps it after a connect() that failed. */
static void scenario_flight_bound_client(struct test *t)
{
	struct flight f = flight_start(t, ROOMY);
	struct prop client = stage_bound(puppet_start(t, "client"), 0, "127.0.0.1", SERVER_PORT);

	stage_failed_connect(&client, "127.0.0.1", SERVER_PORT + 1, ECONNREFUSED);
	sleep_ms(1100);
	expect_recorded(&f, &client, client.after, NO_END);
	flight_stop(&f);
}

/* HAProxy pauses its listeners with shutdown(), and listens again. The port is held in between, and after a listen()
 * that failed because another socket on the port listens. */
static void act_pause(void *io)
{
	struct io_close *a = io;

	shutdown(a->fd, SHUT_RD);
}

static void scenario_flight_paused(struct test *t)
{
	struct flight f = flight_start(t, ROOMY);
	struct puppet *web = puppet_start(t, "web"), *late = puppet_start(t, "late");
	struct prop server = stage_listener(web, OPT_REUSEADDR, "127.0.0.1", SERVER_PORT);
	struct io_close pause = { .fd = server.fd };
	struct prop bound;
	int64_t at;

	at = server.after;
	flight_await(&f, SERVER_PORT, at, 3);
	expect_recorded(&f, &server, at, STILL_OPEN);
	puppet_call(web, act_pause, &pause, sizeof(pause));
	bound = stage_bound(late, OPT_REUSEADDR, "127.0.0.1", SERVER_PORT);
	flight_await(&f, SERVER_PORT, at, 4);
	expect_recorded(&f, &server, at, NO_END);
	stage_listen(&server, 8);
	stage_refused_listen(&bound, EADDRINUSE);
	at = wall_ns();
	flight_await(&f, SERVER_PORT, at, 3);
	expect_recorded(&f, &server, at, STILL_OPEN);
	flight_stop(&f);
}

static json_t *flight_summary(struct test *t, const struct monitor *m)
{
	json_t *line = flight_line(m, "history-flight", 0);

	if (!line)
		test_abort(t, "expected a last line from history --at");
	return line;
}

/* The attack: an unprivileged user makes claims without end, to push out what he did before, or what others did. */
#define FLOODED 2000

static void act_claims_flood(void *io)
{
	int *left = io;

	for (; *left; --*left) {
		struct sockaddr_in to = { .sin_family = AF_INET,
					  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
			return;
		close(fd);
	}
}

static void scenario_flight_flood(struct test *t)
{
	struct flight f = flight_start(t, "64K");
	struct puppet *web =
		puppet_start_as(t, &(struct puppet_spec){ .name = "web", .uid = VICTIM });
	struct puppet *flooder =
		puppet_start_as(t, &(struct puppet_spec){ .name = "flooder", .uid = 65534 });
	struct prop server = stage_listener(web, 0, "127.0.0.1", SERVER_PORT);
	int left = FLOODED;
	json_t *line;
	char *text;

	puppet_begin(flooder, act_claims_flood, &left, sizeof(left));
	puppet_end(flooder, &left, sizeof(left), 20);
	if (left)
		test_abort(t, "stage: %d binds were not made", left);
	sleep_ms(2100);
	expect_recorded(&f, &server, server.after, 0);
	line = flight_summary(t, flight_ask(&f, SERVER_PORT, server.after, 3));
	text = json_dumps(line, JSON_COMPACT);
	if (json_integer_value(json_object_get(line, "overwritten")) < FLOODED - 65536 / 256)
		test_fail(t, "expected the claims that were overwritten to be counted, got %s",
			  text);
	if (!strstr(text, "\"uid\":65534"))
		test_fail(t, "expected the user whose claims were overwritten, got %s", text);
	free(text);
	flight_stop(&f);
}

/* A name that would move the cursor, and a file that somebody empties under the agent. */
static void scenario_flight_hostile(struct test *t)
{
	struct flight f = flight_start(t, ROOMY);
	struct puppet *evil = puppet_start(t, "\033[31mroot\n[1]");
	struct prop server = stage_listener(evil, 0, "127.0.0.1", SERVER_PORT);
	char when[64], *text;
	const char *const argv[] = { "history", "--port", "7001", "--at", when, f.file, NULL };
	struct monitor *m;

	time_text(server.after, when, sizeof(when));
	flight_await(&f, SERVER_PORT, server.after, 3);
	m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	if (monitor_stop(t, m, 0, 10) != 3)
		test_fail(t, "expected 3 as exit status of history --at");
	text = monitor_text(m->out);
	if (strchr(text, '\033') || !strstr(text, "\\x1b[31mroot\\x0a[1]["))
		test_fail(t, "expected a name without control characters, got %s", text);
	free(text);
	if (truncate(f.file, 0))
		test_abort(t, "stage: %s", strerror(errno));
	stage_listener(evil, 0, "127.0.0.2", SERVER_PORT);
	logfile_await_said(t, f.agent, "was made shorter");
	flight_stop(&f);
}

/* The agent watches without a recorder rather than not at all. */
static void scenario_flight_foreign(struct test *t)
{
	struct flight f = { .t = t };
	FILE *file = fopen(test_path(t, "flight", f.file, PATH_LEN), "we");

	if (!file || fputs("a file of somebody", file) < 0 || fclose(file) || chmod(f.file, 0600))
		test_abort(t, "stage: %s", strerror(errno));
	f = flight_start(t, "64K");
	logfile_await_said(t, f.agent, "overwrites no other file");
	logfile_expect(t, f.file, "a file of somebody");
	flight_stop(&f);
}

const struct scenario cases_agent_flight[] = {
	{ .name = "flight-closed", .run = scenario_flight_closed, .watch = WATCH_OWN },
	{ .name = "flight-perhaps",
	  .run = scenario_flight_perhaps,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "flight-bound-client", .run = scenario_flight_bound_client, .watch = WATCH_OWN },
	{ .name = "flight-paused", .run = scenario_flight_paused, .watch = WATCH_OWN },
	{ .name = "flight-flood", .run = scenario_flight_flood, .watch = WATCH_OWN, .where = ONCE },
	{ .name = "flight-hostile",
	  .run = scenario_flight_hostile,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "flight-foreign",
	  .run = scenario_flight_foreign,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ 0 },
};
