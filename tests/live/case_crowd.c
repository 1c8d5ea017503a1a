// SPDX-License-Identifier: GPL-2.0-only
/* Tens of thousands of processes that live for one call: a connect() each, or a refused bind()
 * each as a server that is started again and again. portclash does not grow with them. */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "footprint.h"
#include "monitor.h"
#include "truth.h"

/* The first third is the warm-up; the most that the second and the last took is compared. */
#define THIRDS 3
#define THIRD 20000
#define ROUND 2500
#define GROWTH_MAX_KIB 1024

/* All there is after the warm-up, rings included. */
#define RSS_MAX_KIB (24 * 1024)

struct io_crowd {
	int listener;
	unsigned count;
	struct end to;
	int error; /* the first that is not the one expected */
};

/* In the child. */

static int connect_once(const struct end *to)
{
	struct io_socket s = { 0 };
	struct io_name call = { .to = *to };

	act_socket(&s);
	call.fd = s.fd;
	act_connect(&call);
	act_close(&(struct io_close){ .fd = s.fd, .reset = true });
	return call.error;
}

static int refused_once(const struct end *to)
{
	struct io_socket s = { 0 };
	struct io_name call = { .to = *to };

	act_socket(&s);
	call.fd = s.fd;
	act_bind(&call);
	return call.error == EADDRINUSE ? 0 : EINVAL;
}

static int in_child(int (*once)(const struct end *to), const struct end *to)
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

		a->error = in_child(connect_once, &a->to);
		act_accept(&in);
		act_close(&(struct io_close){ .fd = in.accepted, .reset = true });
	}
}

static void act_refused_crowd(void *io)
{
	struct io_crowd *a = io;

	for (unsigned i = 0; i < a->count && !a->error; i++)
		a->error = in_child(refused_once, &a->to);
}

/* `most` is what it took at most, seen between the rounds. */
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
		sleep_ms(200); /* two ticks: what was read is swept if need be */
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

static struct prop start(struct test *t, const char *const *arguments)
{
	struct prop listener;

	t->retries = true;
	monitor_watch(t, arguments);
	listener = stage_bound(puppet_start(t, "server"), 0, "127.0.0.1", SERVER_PORT);
	stage_listen(&listener, 64);
	return listener;
}

/* The first client of all is still there at the end, and so is what is known of it. */
static void connecting(struct test *t)
{
	struct prop listener = start(t, NULL), out;
	struct puppet *client = puppet_start(t, "client"), *web = puppet_start(t, "web");
	struct attempt a;

	out = stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	stage_accepted(&listener, listener.by);
	check_crowd(t, listener.by, act_connecting_crowd, &listener);
	a = stage_refused(web, 0, "127.0.0.1", out.look.local.port, EADDRINUSE);
	truth_check_client(t, &a, &out, listener.by);
}

/* Nothing is claimed meanwhile: only refusals can tell that it is time to forget. Nothing is
 * printed either, to measure what is kept alone. */
static void crash_loop(struct test *t)
{
	struct prop listener = start(t, (const char *const[]){ "--port", "1", NULL });

	check_crowd(t, listener.by, act_refused_crowd, &listener);
}

const struct scenario cases_crowd[] = {
	{ .name = "crowd",
	  .run = connecting,
	  .seconds = 600,
	  .slow = true,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = ONCE },
	{ .name = "crash-loop",
	  .run = crash_loop,
	  .seconds = 600,
	  .slow = true,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = ONCE },
	{ 0 },
};
