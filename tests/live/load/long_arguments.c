// SPDX-License-Identifier: GPL-2.0-only
/* An unprivileged user makes many processes with long command lines refused, so that portclash reads and
 * keeps each: its memory has a budget. What gives way is counted. */
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

/* Each would be kept with 4 KiB of its command line: 18 MiB together. Each lives long enough to be looked at. */
#define ROUNDS 15
#define TOGETHER 300
#define LIFE_MS 400

/* The budget of 8 MiB, and as much again for the processes without their words and for the verdicts. */
#define LONG_GROWTH_MAX_KIB (16 * 1024)

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

/* The summary says how many processes gave way. */
static void check_shed(struct test *t)
{
	json_t *summary;
	long long shed;

	monitor_read(t, t->monitor);
	summary = monitor_line(t, "summary", 0, 0);
	shed = json_integer_value(json_object_get(summary, "identities_shed"));
	test_note(t, "%lld processes lost their words", shed);
	if (!shed)
		test_fail(t, "expected processes over the budget, got none");
}

static void scenario_long_arguments(struct test *t)
{
	static const char *const argv[] = { "agent", "--repeat-interval", "0", NULL };
	static char argument[ARGUMENT];
	struct io_long io = { 0 };
	struct puppet *nobody;
	struct footprint start, end;

	memset(argument, 'x', sizeof(argument) - 1);
	nobody = puppet_start_as(
		t, &(struct puppet_spec){ .name = "nobody", .uid = NOBODY, .argument = argument });
	stage_listener(puppet_start(t, "api"), 0, "0.0.0.0", PORT);
	monitor_watch_as(t, &(struct monitor_spec){ .argv = argv, .in_space = true });
	start = footprint_of(t, t->monitor->pid);
	puppet_begin(nobody, act_long, &io, sizeof(io));
	puppet_end(nobody, &io, sizeof(io), 60);
	if (io.error)
		test_abort(t, "stage: %s", strerror(io.error));
	end = footprint_of(t, t->monitor->pid);
	test_note(t, "%u refusals: own memory %ld to %ld KiB", io.refused, start.anon_kib,
		  end.anon_kib);
	if (end.anon_kib > start.anon_kib + LONG_GROWTH_MAX_KIB)
		test_fail(t, "expected %d KiB of memory more or less, got %ld", LONG_GROWTH_MAX_KIB,
			  end.anon_kib - start.anon_kib);
	monitor_stop(t, t->monitor, SIGTERM, 20);
	check_shed(t);
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
