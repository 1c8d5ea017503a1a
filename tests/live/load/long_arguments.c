// SPDX-License-Identifier: GPL-2.0-only
/* An unprivileged user makes many processes with long command lines refused, so that portclash reads and
 * keeps each: its memory has a budget. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor/footprint.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/stage.h"

#define NOBODY 65534
#define PORT 8080
#define ARGUMENT 120000

/* Together they would have 72 MB of command lines. Each lives long enough to be looked at. */
#define ROUNDS 10
#define TOGETHER 60
#define LIFE_MS 400

/* The rings, what libbpf leaves, and the budget of 8 MiB. */
#define LONG_RSS_MAX_KIB (40 * 1024)

struct io_long {
	unsigned refused;
	int error;
};

/* Runs in the child, which has its parent's arguments. */
static void long_member(void)
{
	struct io_socket s = { 0 };
	struct io_name call = { .to = { "0.0.0.0", PORT } };

	act_socket(&s);
	call.fd = s.fd;
	act_bind(&call);
	sleep_ms(LIFE_MS);
	_exit(call.error == EADDRINUSE ? 0 : 1);
}

static void act_long(void *io)
{
	struct io_long *a = io;

	for (int i = 0; i < ROUNDS && !a->error; i++) {
		for (int j = 0; j < TOGETHER; j++) {
			pid_t pid = fork();

			if (!pid)
				long_member();
			a->error |= pid < 0 ? errno : 0;
		}
		for (int status; wait(&status) > 0;) {
			a->error |= status ? EINVAL : 0;
			a->refused += !status;
		}
	}
}

static void scenario_long_arguments(struct test *t)
{
	static const char *const argv[] = { "agent", "--repeat-interval", "0", NULL };
	static char argument[ARGUMENT];
	struct io_long io = { 0 };
	struct puppet *nobody;
	struct footprint end;

	memset(argument, 'x', sizeof(argument) - 1);
	nobody = puppet_start_as(
		t, &(struct puppet_spec){ .name = "nobody", .uid = NOBODY, .argument = argument });
	stage_listener(puppet_start(t, "api"), 0, "0.0.0.0", PORT);
	monitor_watch_as(t, &(struct monitor_spec){ .argv = argv, .in_space = true });
	puppet_call(nobody, act_long, &io, sizeof(io));
	if (io.error)
		test_abort(t, "stage: %s", strerror(io.error));
	end = footprint_of(t, t->monitor->pid);
	test_note(t, "%u refusals: resident %ld KiB, at most %ld", io.refused, end.rss_kib,
		  end.peak_kib);
	if (end.peak_kib > LONG_RSS_MAX_KIB)
		test_fail(t, "expected %d KiB of memory or less, got %ld", LONG_RSS_MAX_KIB,
			  end.peak_kib);
	monitor_stop(t, t->monitor, SIGTERM, 20);
	t->monitor = NULL;
}

const struct scenario cases_load_long_arguments[] = {
	{ .name = "long-arguments",
	  .run = scenario_long_arguments,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = NATIVE },
	{ 0 },
};
