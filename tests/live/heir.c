// SPDX-License-Identifier: GPL-2.0-only
/* Forking an heir. */
#include "heir.h"

#include <sys/prctl.h>
#include <unistd.h>

/* No parent ends it; the runner does, or this does. */
#define HEIR_SECONDS 300

struct io_heir {
	struct person who;
	bool own_session;
};

_Noreturn static void live_on(struct io_heir *a, int64_t before, int tell)
{
	prctl(PR_SET_NAME, "heir");
	if (a->own_session)
		setsid();
	person_self(&a->who);
	a->who.born_after = before;
	a->who.born_before = wall_ns();
	if (write(tell, &a->who, sizeof(a->who)) < 0)
		_exit(1);
	close(3);
	alarm(HEIR_SECONDS);
	for (;;)
		pause();
}

/* In the parent: a child that keeps its descriptors and outlives it. */
static void act_fork(void *io)
{
	struct io_heir *a = io;
	int64_t before = wall_ns();
	int tell[2];
	pid_t pid;

	if (pipe(tell))
		return;
	pid = fork();
	if (pid == 0)
		live_on(a, before, tell[1]);
	if (read(tell[0], &a->who, sizeof(a->who)) < 0)
		a->who.pid = 0;
	close(tell[0]);
	close(tell[1]);
}

struct puppet heir_fork(struct puppet *parent, bool own_session)
{
	struct io_heir io = { .own_session = own_session };

	puppet_call(parent, act_fork, &io, sizeof(io));
	return (struct puppet){ .t = parent->t, .pid = io.who.pid, .control = -1, .who = io.who };
}
