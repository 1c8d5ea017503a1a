// SPDX-License-Identifier: GPL-2.0-only
/* Forking an heir. */
#include "stage/heir.h"

#include <sys/prctl.h>
#include <unistd.h>

/* The runner ends the heir, or this time limit does. */
#define HEIR_SECONDS 300

struct io_heir {
	struct person who[2]; /* the second: only if the first forks */
	bool own_session;
	bool forks;
};

static void introduce(struct person *p, const char *name, int64_t before)
{
	prctl(PR_SET_NAME, name);
	person_self(p);
	p->born_after = before;
	p->born_before = wall_ns();
}

/* Both say who they are by one write, the heir first. */
_Noreturn static void live_on(struct io_heir *a, int64_t before, int tell)
{
	int64_t second_before;

	if (a->own_session)
		setsid();
	introduce(&a->who[0], "heir", before);
	second_before = wall_ns();
	if (a->forks && fork() == 0) {
		introduce(&a->who[1], "second", second_before);
		a->forks = false;
	}
	if (!a->forks && write(tell, a->who, sizeof(a->who)) < 0)
		_exit(1);
	close(3);
	alarm(HEIR_SECONDS);
	for (;;)
		pause();
}

/* Forks, in the parent, a child that keeps its descriptors and outlives it. */
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
	if (read(tell[0], a->who, sizeof(a->who)) < 0)
		a->who[0].pid = 0;
	close(tell[0]);
	close(tell[1]);
}

static struct puppet heir_of(struct test *t, const struct person *p)
{
	return (struct puppet){ .t = t, .pid = p->pid, .control = -1, .who = *p };
}

struct puppet heir_fork(struct puppet *parent, bool own_session)
{
	struct io_heir io = { .own_session = own_session };

	puppet_call(parent, act_fork, &io, sizeof(io));
	return heir_of(parent->t, &io.who[0]);
}

void heir_fork_two(struct puppet *parent, struct puppet *heir, struct puppet *second)
{
	struct io_heir io = { .own_session = true, .forks = true };

	puppet_call(parent, act_fork, &io, sizeof(io));
	*heir = heir_of(parent->t, &io.who[0]);
	*second = heir_of(parent->t, &io.who[1]);
}
