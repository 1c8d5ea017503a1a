// SPDX-License-Identifier: GPL-2.0-only
/* Processes that are gone before anybody can look into /proc: a server that exits the moment it is
 * refused, a client that lives for a few milliseconds. */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "judge/proc_net.h"
#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"

/* Is refused, in the requester, and exits at once. */
static void act_bind_and_exit(void *io)
{
	struct io_name *a = io;

	act_bind(a);
	_exit(a->error ? 1 : 0);
}

static void scenario_requester_exits_at_once(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct prop listener, p;
	struct io_name call = { .to = { "0.0.0.0", 8080 } };
	struct attempt a = { .by = web, .op = "bind", .error = EADDRINUSE };

	monitor_watch(t, NULL);
	listener = stage_listener(api, 0, "0.0.0.0", 8080);
	p = stage_socket(web, OPT_REUSEADDR);
	stage_look(&p);
	call.fd = p.fd;
	a.who = web->who;
	a.socket = p.look;
	a.wanted = call.to;
	a.before = wall_ns();
	puppet_call_last(web, act_bind_and_exit, &call, sizeof(call));
	a.after = wall_ns();
	truth_check_listener(t, &a, &listener);
}

struct io_brief {
	struct end to;
	struct person who;
	struct io_look look;
	struct io_name call;
};

static void live_briefly(struct io_brief *a, int tell)
{
	struct io_socket s = { 0 };

	prctl(PR_SET_NAME, "brief");
	person_self(&a->who);
	act_socket(&s);
	a->call.fd = s.fd;
	a->call.to = a->to;
	act_connect(&a->call);
	a->look.fd = s.fd;
	a->look.with_cookie = true;
	act_look(&a->look);
	act_fill(&(struct io_close){ .fd = s.fd });
	_exit(write(tell, a, sizeof(*a)) < 0);
}

/* Forks a child of a child, whose parent is gone before it is. */
static void act_brief_client(void *io)
{
	struct io_brief *a = io;
	int tell[2];
	pid_t pid;

	if (pipe(tell))
		return;
	pid = fork();
	if (pid == 0) {
		if (fork() == 0)
			live_briefly(a, tell[1]);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	close(tell[1]);
	if (read(tell[0], a, sizeof(*a)) < 0)
		a->call.error = EIO;
	close(tell[0]);
}

static void check_brief(struct test *t, const struct io_brief *io, struct puppet *web,
			const struct puppet *backend)
{
	struct puppet brief = { .who = io->who };
	struct prop out = {
		.by = &brief,
		.look = io->look,
		.before = io->call.before,
		.after = io->call.after,
	};
	struct attempt a = stage_refused(web, 0, "0.0.0.0", out.look.local.port, EADDRINUSE);
	struct truth truth = truth_orphan(&a, &out, "FIN_WAIT1", backend);

	verdict_check(t, &truth);
}

static void scenario_brief_client(struct test *t)
{
	struct puppet *backend = puppet_start(t, "backend"), *parent = puppet_start(t, "parent");
	struct puppet *web = puppet_start(t, "web");
	struct io_brief io = { .to = { "127.0.0.1", SERVER_PORT } };
	struct prop listener;
	int64_t before = wall_ns();

	monitor_watch(t, NULL);
	listener = stage_listener(backend, 0, "127.0.0.1", SERVER_PORT);
	puppet_call(parent, act_brief_client, &io, sizeof(io));
	io.who.born_after = before;
	io.who.born_before = wall_ns();
	if (io.call.error)
		test_abort(t, "stage: the brief client could not connect");
	stage_accepted(&listener, backend);
	proc_net_await(t, io.look.local.port, SERVER_PORT, PROC_NET_FIN_WAIT1);
	check_brief(t, &io, web, backend);
}

const struct scenario cases_process_short_lived[] = {
	{ .name = "requester-exits-at-once", .run = scenario_requester_exits_at_once },
	{ .name = "brief-client", .run = scenario_brief_client },
	{ 0 },
};
