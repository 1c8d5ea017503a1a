// SPDX-License-Identifier: GPL-2.0-only
/* A thread's bind() of a UDP socket is refused, and another thread closes the socket at once. No program may have
 * seen the exit of bind(): another tool works on its maps, or io_uring made the call. Each refusal is told once, as that
 * of a bind(). */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/acts_uring.h"
#include "stage/other_tool.h"
#include "stage/stage.h"

/* Fewer than are recorded of one process for one port. */
#define SOCKETS 32

struct io_closed {
	struct end to;
	bool by_uring;
	int error; /* the first that was not expected */
};

struct closing_turn {
	pthread_barrier_t barrier;
	struct io_name call;
	puppet_fn bind;
	bool over;
};

static void stay_on_first_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *bind_in_turn(void *context)
{
	struct closing_turn *turn = context;

	stay_on_first_processor();
	for (;;) {
		pthread_barrier_wait(&turn->barrier);
		if (turn->over)
			return NULL;
		turn->bind(&turn->call);
		pthread_barrier_wait(&turn->barrier);
	}
}

static void act_bind_and_close(void *io)
{
	struct io_closed *a = io;
	struct closing_turn turn = {
		.call.to = a->to,
		.bind = a->by_uring ? act_uring_bind : act_bind,
	};
	pthread_t binder;

	stay_on_first_processor();
	pthread_barrier_init(&turn.barrier, NULL, 2);
	a->error = pthread_create(&binder, NULL, bind_in_turn, &turn);
	for (unsigned i = 0; i < SOCKETS && !a->error; i++) {
		struct io_socket s = { .options = OPT_UDP };

		act_socket(&s);
		turn.call.fd = s.fd;
		pthread_barrier_wait(&turn.barrier);
		pthread_barrier_wait(&turn.barrier);
		act_close(&(struct io_close){ .fd = s.fd });
		a->error = turn.call.error == EADDRINUSE ? 0 : EINVAL;
	}
	turn.over = true;
	pthread_barrier_wait(&turn.barrier);
	pthread_join(binder, NULL);
}

static void act_stay(void *io)
{
	(void)io;
	stay_on_first_processor();
}

/* Returns how many of the refusals no program saw. */
static unsigned check_each_once(struct test *t, struct puppet *by)
{
	unsigned told = 0, late = 0;
	json_t *line;

	while ((line = monitor_line(t, "refusal", by->pid, told < SOCKETS ? 5 : QUIET_SECONDS))) {
		const char *op = json_string_value(json_object_get(line, "op"));

		told++;
		late += json_is_true(json_object_get(line, "late"));
		if (!op || strcmp(op, "bind"))
			test_fail(t, "expected bind, got %s", op);
	}
	test_note(t, "%u refusals told, %u of them late", told, late);
	if (told != SOCKETS)
		test_fail(t, "expected %d refusals told, got %u", SOCKETS, told);
	return late;
}

static unsigned closed_by_another(struct test *t, struct puppet *by, bool by_uring)
{
	struct io_closed io = { .to = { "0.0.0.0", SERVER_PORT }, .by_uring = by_uring };

	puppet_begin(by, act_bind_and_close, &io, sizeof(io));
	puppet_end(by, &io, sizeof(io), 60);
	if (io.error)
		test_abort(t, "stage: %s", strerror(io.error));
	return check_each_once(t, by);
}

static struct puppet *closed_begin(struct test *t)
{
	t->lossless = true;
	t->forgiven = "not_run calls"; /* these are told late */
	monitor_watch(t, NULL);
	stage_bound(puppet_start(t, "holder"), OPT_UDP, "0.0.0.0", SERVER_PORT);
	return puppet_start(t, "threads");
}

static void scenario_closed_by_another_thread(struct test *t)
{
	struct puppet *by = closed_begin(t), *tool = puppet_start(t, "tool");

	puppet_call(tool, act_stay, NULL, 0);
	other_tool_begin(tool);
	closed_by_another(t, by, false);
	other_tool_end(tool);
}

static void scenario_closed_by_another_thread_uring(struct test *t)
{
	struct puppet *by = closed_begin(t);
	unsigned late;

	uring_or_skip(by, URING_BIND, "IORING_OP_BIND");
	late = closed_by_another(t, by, true);
	if (monitor_cannot_see(t, "listen() by io_uring") && late != SOCKETS)
		test_fail(t, "expected %d refusals that no program saw, got %u", SOCKETS, late);
}

const struct scenario cases_load_closed_by_another[] = {
	{ .name = "closed-by-another-thread",
	  .run = scenario_closed_by_another_thread,
	  .seconds = 90,
	  .watch = WATCH_OWN,
	  .load = true },
	{ .name = "closed-by-another-thread-uring",
	  .run = scenario_closed_by_another_thread_uring,
	  .seconds = 60,
	  .watch = WATCH_OWN,
	  .load = true },
	{ 0 },
};
