// SPDX-License-Identifier: GPL-2.0-only
/* Processes whose identity is not simple: another program since exec(), a pid namespace of a
 * container, a user namespace, a socket of one network namespace in a process of another. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/space.h"
#include "stage/theft.h"
#include "stage/users.h"

#define MAPPED_UID 100000

/* The launcher takes the port and becomes the real server by exec(): both are one process. */

struct io_exec {
	int listener;
};

static void act_become_server(void *io)
{
	struct io_exec *a = io;

	fcntl(a->listener, F_SETFD, 0);
	execl("/proc/self/exe", "orders-server", "--puppet", "server", "--really", NULL);
	_exit(1);
}

static void scenario_exec_after_bind(struct test *t)
{
	struct puppet *api = puppet_start(t, "launcher"), *web = puppet_start(t, "web"), now;
	struct io_exec io;
	struct prop listener;
	struct attempt a;
	struct truth truth;

	monitor_watch(t, NULL);
	listener = stage_listener(api, 0, "0.0.0.0", 8080);
	io.listener = listener.fd;
	puppet_begin(api, act_become_server, &io, sizeof(io));
	now = *api;
	puppet_identify(&now);
	a = stage_refused(web, 0, "0.0.0.0", 8080, EADDRINUSE);
	truth = truth_listener(&a, &listener);
	truth.holders[0].owners[0].who = &now;
	verdict_check(t, &truth);
}

/* A container's processes: the pids, and the command to stop one, are those of the host. */

static void scenario_pid_namespace(struct test *t)
{
	struct puppet_spec inner = { .name = "api", .flags = CLONE_NEWPID };
	struct puppet *api = puppet_start_as(t, &inner), *web;
	struct prop listener;
	struct attempt a;
	struct truth truth;

	inner.name = "web";
	web = puppet_start_as(t, &inner);
	if (api->who.pid != api->pid)
		test_abort(t, "stage: /proc shows other pids than fork() gave");
	monitor_watch(t, NULL);
	listener = stage_listener(api, 0, "0.0.0.0", 8080);
	a = stage_refused(web, 0, "0.0.0.0", 8080, EADDRINUSE);
	truth = truth_listener(&a, &listener);
	truth.kill = "kill -KILL"; /* the first process of a pid namespace, without a handler */
	verdict_check(t, &truth);
}

/* A rootless container: its root is somebody else outside. */

static void scenario_user_namespace(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct prop listener;
	struct attempt a;

	users_enter(web, MAPPED_UID);
	monitor_watch(t, NULL);
	listener = stage_listener(api, 0, "0.0.0.0", 8080);
	a = stage_refused(web, 0, "0.0.0.0", 8080, EADDRINUSE);
	a.who.uid = MAPPED_UID;
	truth_check_listener(t, &a, &listener);
}

/* A socket is made in one network namespace, and refused in a process that is in another by now.
 * The port belongs to the socket's namespace, and so must the advice. */

struct io_move {
	struct io_socket socket;
	struct io_name name;
	struct io_look look;
};

static void act_refused_elsewhere(void *io)
{
	struct io_move *a = io;

	act_socket(&a->socket);
	a->name.fd = a->look.fd = a->socket.fd;
	if (unshare(CLONE_NEWNET))
		a->name.error = errno;
	act_look(&a->look);
	if (!a->name.error)
		act_bind(&a->name);
}

static struct attempt refused_elsewhere(struct puppet *web, uint16_t port)
{
	struct io_move io = { .name.to = { "0.0.0.0", port } };
	struct attempt a = { .by = web, .op = "bind", .who = web->who };

	puppet_call(web, act_refused_elsewhere, &io, sizeof(io));
	if (io.name.error != EADDRINUSE)
		test_abort(web->t, "stage: %s", strerror(io.name.error));
	a.socket = io.look;
	a.wanted = io.name.to;
	a.error = io.name.error;
	a.before = io.name.before;
	a.after = io.name.after;
	return a;
}

static void scenario_requester_in_another_namespace(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);
	struct truth truth;

	stage_fill(&c.out);
	puppet_exit(c.client);
	c.attempt = refused_elsewhere(c.web, c.out.look.local.port);
	truth = truth_orphan(&c.attempt, &c.out, "FIN_WAIT1", c.backend);
	verdict_check(t, &truth);
}

const struct scenario cases_process_identity[] = {
	{ .name = "exec-after-bind", .run = scenario_exec_after_bind, .where = EACH_KERNEL },
	{ .name = "pid-namespace", .run = scenario_pid_namespace, .where = EACH_KERNEL },
	{ .name = "user-namespace", .run = scenario_user_namespace, .where = EACH_KERNEL },
	{ .name = "requester-in-another-namespace",
	  .run = scenario_requester_in_another_namespace,
	  .where = EACH_KERNEL },
	{ 0 },
};
