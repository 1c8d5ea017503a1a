// SPDX-License-Identifier: GPL-2.0-only
/* Tens of thousands of processes that live for one call: a connect() each, or a refused bind()
 * each, like a server that is started again and again. portclash does not grow with them. */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "judge/truth.h"
#include "monitor/footprint.h"
#include "monitor/monitor.h"
#include "run/cases.h"

/* The first third is the warm-up; the peaks of the second and the last third are compared. */
#define THIRDS 3
#define THIRD 20000
#define ROUND 2500
#define GROWTH_MAX_KIB 1024

/* The process may have so much memory after its start, rings included. */
#define RSS_MAX_KIB (24 * 1024)

struct io_crowd {
	int listener;
	unsigned count;
	struct end to;
	int error; /* the first that is not the one expected */
};

/* Runs in the child. */

static int crowd_connect(const struct end *to)
{
	struct io_socket s = { 0 };
	struct io_name call = { .to = *to };

	act_socket(&s);
	call.fd = s.fd;
	act_connect(&call);
	act_close(&(struct io_close){ .fd = s.fd, .reset = true });
	return call.error;
}

static int crowd_refused(const struct end *to)
{
	struct io_socket s = { 0 };
	struct io_name call = { .to = *to };

	act_socket(&s);
	call.fd = s.fd;
	act_bind(&call);
	return call.error == EADDRINUSE ? 0 : EINVAL;
}

static int crowd_member(int (*once)(const struct end *to), const struct end *to)
{
	int status = 0;
	pid_t pid = vfork();

	if (pid == 0)
		_exit(once(to));
	if (pid < 0)
		return errno;
	return waitpid(pid, &status, 0) != pid ? errno : WEXITSTATUS(status);
}

static void act_connecting_crowd(void *io)
{
	struct io_crowd *a = io;

	for (unsigned i = 0; i < a->count && !a->error; i++) {
		struct io_accept in = { .fd = a->listener };

		a->error = crowd_member(crowd_connect, &a->to);
		act_accept(&in);
		act_close(&(struct io_close){ .fd = in.accepted, .reset = true });
	}
}

static void act_refused_crowd(void *io)
{
	struct io_crowd *a = io;

	for (unsigned i = 0; i < a->count && !a->error; i++)
		a->error = crowd_member(crowd_refused, &a->to);
}

/* `most` is the peak of its memory, read between the rounds. */
static void crowd_third(struct test *t, struct puppet *by, puppet_fn act, struct io_crowd *io,
			struct footprint *most)
{
	for (unsigned done = 0; done < THIRD; done += ROUND) {
		struct footprint now;

		io->count = ROUND;
		puppet_begin(by, act, io, sizeof(*io));
		puppet_end(by, io, sizeof(*io), 120);
		if (io->error)
			test_abort(t, "stage: a process of the crowd: %s", strerror(io->error));
		sleep_ms(200); /* two ticks, in which portclash sweeps if need be */
		now = footprint_of(t, t->monitor->pid);
		if (now.anon_kib > most->anon_kib)
			*most = now;
	}
}

static void check_crowd(struct test *t, struct puppet *server, puppet_fn act,
			const struct prop *listener)
{
	struct footprint most[THIRDS] = { 0 };
	struct io_crowd io = { .listener = listener->fd, .to = listener->look.local };

	for (unsigned i = 0; i < THIRDS; i++)
		crowd_third(t, server, act, &io, &most[i]);
	footprint_compare(t, "3 times 20,000 processes, the second and the last", &most[1],
			  &most[2], GROWTH_MAX_KIB);
	test_note(t, "own memory after the first %ld KiB; resident at most %ld KiB",
		  most[0].anon_kib, most[2].peak_kib);
	if (most[2].peak_kib > RSS_MAX_KIB)
		test_fail(t, "expected %d KiB or less, got %ld", RSS_MAX_KIB, most[2].peak_kib);
}

static struct prop crowd_start(struct test *t, const char *const *arguments)
{
	struct prop listener;

	t->retries = true;
	monitor_watch(t, arguments);
	footprint_forget_peak(t, t->monitor->pid);
	listener = stage_bound(puppet_start(t, "server"), 0, "127.0.0.1", SERVER_PORT);
	stage_listen(&listener, 64);
	return listener;
}

/* The very first client is still there at the end, and portclash still knows its claim. */
static void scenario_crowd(struct test *t)
{
	struct prop listener = crowd_start(t, NULL), out;
	struct puppet *client = puppet_start(t, "client"), *web = puppet_start(t, "web");
	struct attempt a;

	out = stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	stage_accepted(&listener, listener.by);
	check_crowd(t, listener.by, act_connecting_crowd, &listener);
	a = stage_refused(web, 0, "127.0.0.1", out.look.local.port, EADDRINUSE);
	truth_check_client(t, &a, &out, listener.by);
}

/* No port is claimed meanwhile: only the refusals can tell that it is time to forget. portclash
 * prints nothing, so that only the memory it keeps is measured. */
static void scenario_crash_loop(struct test *t)
{
	struct prop listener = crowd_start(t, (const char *const[]){ "--port", "1", NULL });

	check_crowd(t, listener.by, act_refused_crowd, &listener);
}

const struct scenario cases_load_crowd[] = {
	{ .name = "crowd",
	  .run = scenario_crowd,
	  .seconds = 600,
	  .slow = true,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = ONCE },
	{ .name = "crash-loop",
	  .run = scenario_crash_loop,
	  .seconds = 600,
	  .slow = true,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = ONCE },
	{ 0 },
};
