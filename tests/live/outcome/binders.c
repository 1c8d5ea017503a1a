// SPDX-License-Identifier: GPL-2.0-only
/* A refused server beside thousands of processes that bind ports, as any user can make them: its end is still seen. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "judge/outcome.h"
#include "monitor/monitor.h"
#include "run/cases.h"

#define PORT 7100
#define STATUS 3

/* The server wants all addresses, and somebody listens on one. */
#define CAUSE "wildcard-overlap"

/* More processes than the kernel side notes, which any user can make: each binds a port and stays. */
#define BINDERS 5000

struct io_binders {
	int gate;  /* each takes one byte from it, and binds */
	int ready; /* and puts one here */
	unsigned bound;
};

__attribute__((noreturn)) static void be_binder(int gate, int ready)
{
	struct io_socket s = { .options = OPT_UDP };
	struct io_name name = { .to = { "127.0.0.1", 0 } };
	char byte = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	act_socket(&s);
	name.fd = s.fd;
	if (read(gate, &byte, 1) != 1)
		_exit(1);
	act_bind(&name);
	if (!name.error && write(ready, &byte, 1) == 1)
		pause();
	_exit(0);
}

static void act_gather_binders(void *io)
{
	struct io_binders *a = io;
	int gate[2], ready[2];

	if (pipe(gate) || pipe(ready))
		_exit(1);
	for (unsigned i = 0; i < BINDERS; i++)
		if (!fork())
			be_binder(gate[0], ready[1]);
	a->gate = gate[1];
	a->ready = ready[0];
}

/* Not faster than the ring of claims is read. */
static void act_let_them_bind(void *io)
{
	struct io_binders *a = io;
	char byte = 0;

	while (a->bound < BINDERS && write(a->gate, &byte, 1) == 1 && read(a->ready, &byte, 1) == 1)
		if (!(++a->bound % 4))
			sleep_ms(1);
}

static void act_give_up(void *io)
{
	_exit(*(int *)io);
}

/* Binders do not hide how a refused server ends. */
static void scenario_outcome_binders(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct puppet *crowd = puppet_start(t, "crowd"), *last = puppet_start(t, "last");
	struct io_binders binders = { 0 };
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

	puppet_begin(crowd, act_gather_binders, &binders, sizeof(binders));
	puppet_end(crowd, &binders, sizeof(binders), 60);
	monitor_watch(t, NULL);
	stage_listener(api, 0, "127.0.0.1", PORT);
	stage_refused(web, 0, "0.0.0.0", PORT, EADDRINUSE);
	truth.of = outcome_take_verdict(t, web->pid);
	puppet_begin(crowd, act_let_them_bind, &binders, sizeof(binders));
	puppet_end(crowd, &binders, sizeof(binders), 60);
	if (binders.bound != BINDERS)
		test_abort(t, "stage: %u of %d processes have a port", binders.bound, BINDERS);
	/* The verdict of a later refusal is there: so all that came before is read. */
	stage_refused(last, 0, "0.0.0.0", PORT, EADDRINUSE);
	outcome_take_verdict(t, last->pid);
	truth.after = wall_ns();
	puppet_call_last(web, act_give_up, &status, sizeof(status));
	truth.before = wall_ns();
	outcome_check(t, &truth);
}

const struct scenario cases_outcome_binders[] = {
	{ .name = "outcome-binders",
	  .run = scenario_outcome_binders,
	  .watch = WATCH_OWN,
	  .where = ONCE,
	  .seconds = 240 },
	{ 0 },
};
