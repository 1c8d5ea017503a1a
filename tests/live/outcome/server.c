// SPDX-License-Identifier: GPL-2.0-only
/* Servers that are refused their port: they end, try again and win, are started again, or go on without
 * it. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "judge/outcome.h"
#include "monitor/logfile.h"
#include "run/cases.h"

#define PORT 7100
#define STATUS 3

/* The servers want all addresses, and somebody listens on one. */
#define CAUSE "wildcard-overlap"

/* A port of no other scenario: the metrics are the machine's. */
#define WAITED_PORT 17101

#define OUTCOMES(outcome) "\nportclash_outcomes_total{cause=\"" CAUSE "\",outcome=\"" outcome "\"}"

static void act_exit(void *io)
{
	_exit(*(int *)io);
}

/* Asks for the port every so many milliseconds until it gets it, with a new socket each time. */
struct io_retry {
	uint16_t port;
	unsigned every_ms;
	unsigned refused;
	int64_t before; /* the bind() that worked */
	int64_t after;
};

static void act_retry(void *io)
{
	struct io_retry *a = io;

	for (;; sleep_ms(a->every_ms)) {
		struct io_socket s = { 0 };
		struct io_name name = { .to = { "0.0.0.0", a->port } };

		act_socket(&s);
		name.fd = s.fd;
		act_bind(&name);
		a->before = name.before;
		a->after = name.after;
		if (!name.error)
			return;
		close(s.fd);
		a->refused++;
	}
}

static void scenario_outcome_gave_up(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	int status = STATUS;
	struct true_outcome truth = {
		.outcome = "gave-up",
		.cause = CAUSE,
		.who = &web->who,
		.pid = web->pid,
		.wanted = PORT,
		.gone = true,
		.exit_status = STATUS,
		.exit_signal = -1,
	};

	monitor_watch(t, NULL);
	stage_listener(api, 0, "127.0.0.1", PORT);
	stage_refused(web, 0, "0.0.0.0", PORT, EADDRINUSE);
	truth.of = outcome_take_verdict(t, web->pid);
	truth.after = wall_ns();
	puppet_call_last(web, act_exit, &status, sizeof(status));
	truth.before = wall_ns();
	outcome_check(t, &truth);
}

/* The process ends before its refusal is looked into: by a signal, with several threads. */
static void act_refused_and_killed(void *io)
{
	struct io_retry *a = io;
	struct io_socket s = { 0 };
	struct io_name name = { .to = { "0.0.0.0", a->port } };

	act_socket(&s);
	name.fd = s.fd;
	act_bind(&name);
	kill(getpid(), SIGKILL);
	pause();
}

/* The server has a name of its own: up to 5.11 a namespace has no cookie, and its number is used again. */
static void scenario_outcome_killed(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "killed");
	struct io_retry io = { .port = PORT };
	struct true_outcome truth = {
		.outcome = "gave-up",
		.cause = CAUSE,
		.who = &web->who,
		.pid = web->pid,
		.wanted = PORT,
		.gone = true,
		.exit_status = -1,
		.exit_signal = SIGKILL,
	};

	monitor_watch(t, NULL);
	stage_listener(api, 0, "127.0.0.1", PORT);
	puppet_call_last(web, act_refused_and_killed, &io, sizeof(io));
	truth.of = outcome_take_verdict(t, web->pid);
	outcome_check(t, &truth);
}

/* A server tries again for so long and wins. */
static void retry_for(struct test *t, unsigned seconds)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "patient");
	struct io_retry io = { .port = PORT, .every_ms = 400 };
	struct true_outcome truth = {
		.outcome = "got-it-later",
		.cause = "bound-not-listening",
		.who = &web->who,
		.pid = web->pid,
		.wanted = PORT,
		.gained = PORT,
		TRUE_OUTCOME_NO_END,
	};
	struct prop holder;

	monitor_watch(t, NULL);
	holder = stage_bound(api, 0, "0.0.0.0", PORT);
	puppet_begin(web, act_retry, &io, sizeof(io));
	sleep_ms(seconds * 1000);
	stage_close(&holder);
	puppet_end(web, &io, sizeof(io), 10);
	truth.of = outcome_take_verdict(t, web->pid);
	for (unsigned i = 1; i < io.refused; i++)
		outcome_take_verdict(t, web->pid);
	truth.total = (int)io.refused;
	truth.after = io.before;
	truth.before = io.after;
	outcome_check(t, &truth);
	monitor_no_line(t, "outcome", web->pid, QUIET_SECONDS);
}

static void scenario_outcome_got_it_later(struct test *t)
{
	retry_for(t, 1);
}

static void scenario_outcome_got_it_after_ten_seconds(struct test *t)
{
	retry_for(t, 10);
}

/* The same port at another address is not the one that was refused; and the right one is. */
static void scenario_outcome_another_address(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct true_outcome truth = {
		.outcome = "got-it-later",
		.cause = "listener",
		.who = &web->who,
		.pid = web->pid,
		.wanted = PORT,
		.gained = PORT,
		TRUE_OUTCOME_NO_END,
	};
	struct prop holder, got;

	monitor_watch(t, NULL);
	holder = stage_listener(api, 0, "127.0.0.1", PORT);
	stage_refused(web, 0, "127.0.0.1", PORT, EADDRINUSE);
	truth.of = outcome_take_verdict(t, web->pid);
	stage_bound(web, 0, "127.0.0.2", PORT);
	monitor_no_line(t, "outcome", web->pid, 1.5);
	stage_close(&holder);
	got = stage_bound(web, 0, "127.0.0.1", PORT);
	truth.after = got.before;
	truth.before = got.after;
	outcome_check(t, &truth);
}

/* A supervisor starts a server that ends when it is refused its port. */
#define STARTS 3

struct io_supervisor {
	uint16_t port;
	pid_t pids[STARTS + 1];
};

static void live_as_server(uint16_t port)
{
	struct io_socket s = { 0 };
	struct io_name name = { .to = { "0.0.0.0", port } };

	puppet_die_with_parent();
	act_socket(&s);
	name.fd = s.fd;
	act_bind(&name);
	if (name.error)
		_exit(1);
	pause();
}

static pid_t fork_server(uint16_t port)
{
	pid_t pid = fork();

	if (!pid)
		live_as_server(port);
	return pid;
}

static void act_supervise(void *io)
{
	struct io_supervisor *a = io;

	for (unsigned i = 0; i < STARTS; i++) {
		a->pids[i] = fork_server(a->port);
		waitpid(a->pids[i], NULL, 0);
		sleep_ms(300); /* ends that are read together have one line */
	}
}

static void act_start_once_more(void *io)
{
	struct io_supervisor *a = io;

	a->pids[STARTS] = fork_server(a->port);
}

/* The outcome of each start names the verdict of that start. */
static void expect_starts(struct test *t, const struct io_supervisor *io, struct true_outcome *o)
{
	for (int i = 0; i < STARTS; i++) {
		o->pid = io->pids[i];
		o->of = outcome_take_verdict(t, io->pids[i]);
		o->total = o->processes = i + 1;
		o->refusals = 1;
		outcome_check(t, o);
	}
}

/* Each start is refused and ends, until the last one, which is another process, gets the port. A number among
 * the arguments is no path: each start ends before its working directory can be read. */
static void scenario_outcome_started_again(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *init = puppet_start(t, "1");
	struct io_supervisor io = { .port = PORT };
	struct true_outcome o = {
		.outcome = "gave-up",
		.cause = CAUSE,
		.wanted = PORT,
		.gone = true,
		.exit_status = 1,
		.exit_signal = -1,
	};
	struct prop holder;

	monitor_watch(t, NULL);
	t->retries = true; /* by children of a puppet */
	holder = stage_listener(api, 0, "127.0.0.1", PORT);
	puppet_begin(init, act_supervise, &io, sizeof(io));
	puppet_end(init, &io, sizeof(io), 10);
	expect_starts(t, &io, &o);
	stage_close(&holder);
	puppet_call(init, act_start_once_more, &io, sizeof(io));
	o.outcome = "got-it-later";
	o.refusals = -1;
	o.gained = PORT;
	o.winner = io.pids[STARTS];
	o.exit_status = -1;
	outcome_check(t, &o);
}

/* A server that runs on without its port is said to wait after `patience`, and then gets it. */
static void scenario_outcome_still_waiting(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	char log[128], prom[128];
	const char *argv[] = { "agent",	     "--log", log,	    "--textfile", prom,
			       "--interval", "0.1",   "--patience", "1",	  NULL };
	struct prop holder;
	struct monitor *m;

	test_path(t, "agent.log", log, sizeof(log));
	test_path(t, "metrics.prom", prom, sizeof(prom));
	holder = stage_listener(api, 0, "127.0.0.1", WAITED_PORT);
	m = logfile_agent(t, argv, log);
	stage_refused(web, 0, "0.0.0.0", WAITED_PORT, EADDRINUSE);
	sleep_ms(500);
	if (logfile_has(log, "\"still-waiting\""))
		test_fail(t, "expected no outcome within the second of patience");
	logfile_expect(t, log, "\"outcome\":\"still-waiting\",\"hunt\":false,\"gained\":null,");
	logfile_expect(t, prom, "\nportclash_unserved{cause=\"" CAUSE "\"} 1\n");
	stage_close(&holder);
	stage_bound(web, 0, "0.0.0.0", WAITED_PORT);
	logfile_expect(t, log,
		       "\"outcome\":\"got-it-later\",\"hunt\":false,\"gained\":{\"port\":17101,");
	logfile_expect(t, prom, "\nportclash_unserved{cause=\"" CAUSE "\"} 0\n");
	logfile_expect(t, prom, OUTCOMES("still-waiting") " 1\n");
	logfile_expect(t, prom, OUTCOMES("got-it-later") " 1\n");
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0, got %#x as exit status", m->status);
}

const struct scenario cases_outcome_server[] = {
	{ .name = "outcome-gave-up", .run = scenario_outcome_gave_up },
	{ .name = "outcome-killed", .run = scenario_outcome_killed },
	{ .name = "outcome-got-it-later", .run = scenario_outcome_got_it_later },
	{ .name = "outcome-got-it-after-ten-seconds",
	  .run = scenario_outcome_got_it_after_ten_seconds,
	  .where = EACH_KERNEL },
	{ .name = "outcome-another-address", .run = scenario_outcome_another_address },
	{ .name = "outcome-started-again", .run = scenario_outcome_started_again },
	{ .name = "outcome-still-waiting",
	  .run = scenario_outcome_still_waiting,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ 0 },
};
