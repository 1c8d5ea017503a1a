// SPDX-License-Identifier: GPL-2.0-only
/* The process that made the connection has exited and left its descriptor to another: both are
 * named, each for what it is. */
#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cases.h"
#include "monitor.h"
#include "verdict.h"

/* No parent ends it; the runner does, or this does. */
#define HEIR_SECONDS 300

struct cast {
	struct puppet *backend;
	struct puppet *client;
	struct puppet *web;
	struct prop listener;
	struct prop out;
};

struct io_heir {
	struct person who;
};

/* In the client: a child that keeps its descriptors and outlives it. */
static void act_fork_heir(void *io)
{
	struct io_heir *a = io;
	int64_t before = wall_ns();
	int tell[2];
	pid_t pid;

	if (pipe(tell))
		return;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NAME, "heir");
		person_self(&a->who);
		a->who.born_after = before;
		a->who.born_before = wall_ns();
		if (write(tell[1], &a->who, sizeof(a->who)) < 0)
			_exit(1);
		close(3);
		alarm(HEIR_SECONDS);
		for (;;)
			pause();
	}
	if (read(tell[0], &a->who, sizeof(a->who)) < 0)
		a->who.pid = 0;
	close(tell[0]);
	close(tell[1]);
}

static struct cast connected(struct test *t)
{
	struct cast c = {
		.backend = puppet_start(t, "backend"),
		.client = puppet_start(t, "client"),
		.web = puppet_start(t, "web"),
	};

	monitor_watch(t, NULL);
	c.listener = stage_listener(c.backend, 0, "127.0.0.1", SERVER_PORT);
	c.out = stage_client(c.client, 0, "127.0.0.1", SERVER_PORT);
	stage_accepted(&c.listener, c.backend);
	return c;
}

static void check(struct test *t, struct cast *c, const struct puppet *heir, int fd, bool gone)
{
	struct attempt a = stage_refused(c->web, 0, "0.0.0.0", c->out.look.local.port, EADDRINUSE);
	struct truth truth = {
		.attempt = &a,
		.cause = "ephemeral-client",
		.fixes = FIX_CLIENT,
		.stop = heir,
		.holders = { {
			.socket = &c->out,
			.state = "ESTABLISHED",
			.how = "connect",
			.process = &c->client->who,
			.gone = gone,
			.note = gone ? "has exited" : NULL,
			.owners = { { heir, fd } },
			.peer = c->backend,
		} },
	};

	if (!gone) {
		truth.stop = NULL;
		truth.holders[0].owners[1] = (struct true_owner){ c->client, c->out.fd };
	}
	verdict_check(t, &truth);
}

static void inherited(struct test *t)
{
	struct cast c = connected(t);
	struct io_heir io = { 0 };
	struct puppet heir;

	puppet_call(c.client, act_fork_heir, &io, sizeof(io));
	puppet_exit(c.client);
	heir = (struct puppet){ .t = t, .pid = io.who.pid, .control = -1, .who = io.who };
	check(t, &c, &heir, c.out.fd, true);
}

static void passed(struct test *t)
{
	struct cast c = connected(t);
	struct puppet *heir = puppet_start(t, "heir");
	struct prop copy = stage_pass(&c.out, heir);

	puppet_exit(c.client);
	check(t, &c, heir, copy.fd, true);
}

/* Both still have it open. */
static void shared(struct test *t)
{
	struct cast c = connected(t);
	struct puppet *heir = puppet_start(t, "heir");
	struct prop copy = stage_pass(&c.out, heir);

	check(t, &c, heir, copy.fd, false);
}

/* The maker still runs, but has only the other one's word for it: it closed its copy. */
static void handed_over(struct test *t)
{
	struct cast c = connected(t);
	struct puppet *heir = puppet_start(t, "heir");
	struct prop copy = stage_pass(&c.out, heir);
	struct attempt a;

	stage_close(&c.out);
	a = stage_refused(c.web, 0, "0.0.0.0", c.out.look.local.port, EADDRINUSE);
	verdict_check(t, &(struct truth){
				 .attempt = &a,
				 .cause = "ephemeral-client",
				 .fixes = FIX_CLIENT,
				 .stop = heir,
				 .holders = { {
					 .socket = &c.out,
					 .state = "ESTABLISHED",
					 .how = "connect",
					 .process = &c.client->who,
					 .owners = { { heir, copy.fd } },
					 .peer = c.backend,
				 } },
			 });
}

const struct scenario cases_passed[] = {
	{ .name = "maker-exited-inherited", .run = inherited, .where = EACH_KERNEL },
	{ .name = "maker-exited-passed", .run = passed, .where = EACH_KERNEL },
	{ .name = "two-owners", .run = shared, .where = EACH_KERNEL },
	{ .name = "maker-handed-over", .run = handed_over, .where = EACH_KERNEL },
	{ 0 },
};
