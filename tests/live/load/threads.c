// SPDX-License-Identifier: GPL-2.0-only
/* Many threads of one process are refused at the same instant, each on a port of its own. The programs are preempted
 * in one thread and run in another: what one thread is told must not be what another one was. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "judge/expect.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/stage.h"

/* Half of these threads may have scratch memory at a time (SCRATCH_MAX of bpf/maps.bpf.h). */
#define THREADS 256
#define THREADS_ROUNDS 2 /* together no more than the quota of a process */
#define THREADS_PORT 20000
#define THREADS_SECONDS 30

struct io_threads {
	int error; /* of the stage */
	unsigned count;
	struct io_thread {
		pid_t tid;
		int errors[THREADS_ROUNDS];
	} threads[THREADS];
};

struct thread_work {
	struct io_thread *out;
	pthread_barrier_t *gate;
	uint16_t port;
};

static void *thread_is_refused(void *argument)
{
	struct thread_work *w = argument;

	w->out->tid = (pid_t)syscall(SYS_gettid);
	for (unsigned round = 0; round < THREADS_ROUNDS; round++) {
		struct io_socket s = { 0 };
		struct io_name call = { .to = { "0.0.0.0", w->port } };

		act_socket(&s);
		call.fd = s.fd;
		pthread_barrier_wait(w->gate);
		act_bind(&call);
		w->out->errors[round] = call.error;
		act_close(&(struct io_close){ .fd = s.fd });
	}
	return NULL;
}

/* All threads call bind() when the last one has come. */
static void act_threads_refused(void *io)
{
	struct io_threads *a = io;
	struct thread_work work[THREADS];
	pthread_t threads[THREADS];
	pthread_barrier_t gate;

	pthread_barrier_init(&gate, NULL, THREADS);
	for (a->count = 0; a->count < THREADS; a->count++) {
		unsigned i = a->count;

		work[i] =
			(struct thread_work){ &a->threads[i], &gate, (uint16_t)(THREADS_PORT + i) };
		a->error = pthread_create(&threads[i], NULL, thread_is_refused, &work[i]);
		if (a->error)
			return; /* the others wait for ever, and the puppet is killed */
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&gate);
}

struct io_holders {
	int error;
};

static void act_hold_ports(void *io)
{
	struct io_holders *a = io;

	for (unsigned i = 0; i < THREADS && !a->error; i++) {
		int fd = open_bound(0, &(struct end){ "127.0.0.1", (uint16_t)(THREADS_PORT + i) });

		a->error = fd < 0 ? -fd : 0;
	}
}

struct threads_told {
	unsigned of[THREADS];
	unsigned sum;
	unsigned late;
	unsigned not_seen;
};

/* The line is of this thread, its port and the holder of that port. */
static void check_thread_line(struct test *t, json_t *line, const struct io_threads *io,
			      pid_t holder, struct threads_told *told)
{
	struct spot s = spot_of(t, line), by = spot_below(&s, "requester");
	struct spot requested = spot_below(&s, "requested"), holders = spot_below(&s, "holders");
	json_int_t port = json_integer_value(json_object_get(requested.json, "port"));
	unsigned i = (unsigned)(port - THREADS_PORT);
	unsigned before = t->report->failures;

	if (port < THREADS_PORT || port >= THREADS_PORT + THREADS) {
		expected(&requested, "a port of these threads");
		return;
	}
	told->of[i]++;
	told->sum++;
	told->late += json_is_true(json_object_get(line, "late"));
	told->not_seen += json_is_null(json_object_get(line, "errno"));
	expect_int(&by, "tid", io->threads[i].tid);
	if (json_array_size(holders.json) == 1) {
		struct spot one = spot_at(&holders, 0), local = spot_below(&one, "local");
		struct spot process = spot_below(&one, "process");

		expect_int(&local, "port", port);
		expect_int(&process, "pid", holder);
	} else if (!json_is_true(json_object_get(line, "late"))) {
		expected(&s, "one holder");
	}
	if (t->report->failures > before)
		note_line(t, line);
}

static void check_threads(struct test *t, struct puppet *web, const struct io_threads *io,
			  pid_t holder)
{
	struct threads_told told = { .sum = 0 };
	int64_t until = deadline_in(t, THREADS_SECONDS);
	json_t *line;

	while (told.sum < THREADS * THREADS_ROUNDS && !deadline_over(until)) {
		sleep_ms(50);
		while ((line = monitor_line(t, "refusal", web->pid, 0)))
			check_thread_line(t, line, io, holder, &told);
	}
	test_note(t, "%u threads, %u refusals told, %u of them late, %u as not seen", THREADS,
		  told.sum, told.late, told.not_seen);
	for (unsigned i = 0; i < THREADS; i++)
		if (told.of[i] != THREADS_ROUNDS)
			test_fail(t, "expected %d refusals of the thread on port %u, got %u",
				  THREADS_ROUNDS, THREADS_PORT + i, told.of[i]);
}

static void scenario_threads_refused_at_once(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct io_holders holders = { .error = 0 };
	struct io_threads io = { .error = 0 };

	t->forgiven = "not_run calls"; /* these are told late */
	monitor_watch(t, (const char *const[]){ "--all", NULL });
	puppet_call(api, act_hold_ports, &holders, sizeof(holders));
	if (holders.error)
		test_abort(t, "stage: bind(): %s", strerror(holders.error));
	puppet_call(web, act_threads_refused, &io, sizeof(io));
	if (io.error)
		test_abort(t, "stage: thread %u: %s", io.count, strerror(io.error));
	for (unsigned i = 0; i < THREADS; i++)
		for (unsigned round = 0; round < THREADS_ROUNDS; round++)
			if (io.threads[i].errors[round] != EADDRINUSE)
				test_abort(t, "stage: bind() of a thread: %s",
					   strerror(io.threads[i].errors[round]));
	check_threads(t, web, &io, api->pid);
}

const struct scenario cases_load_threads[] = {
	{ .name = "threads-refused-at-once",
	  .run = scenario_threads_refused_at_once,
	  .seconds = 300,
	  .watch = WATCH_OWN,
	  .load = true },
	{ 0 },
};
