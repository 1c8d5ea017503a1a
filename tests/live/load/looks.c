// SPDX-License-Identifier: GPL-2.0-only
/* A user is refused in ever new network namespaces, and uses up the time in which portclash looks for a process in
 * a namespace. The verdict of a victim beside it names a process of the victim's namespace all the same. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/space.h"

#define NOBODY 65534
#define VICTIM 33 /* www-data, as Debian numbers it */

#define REFUSALS 5
#define PAUSE_MS 1000

/* A clash in a network namespace that the process has left before the call. */
struct io_left_space {
	pid_t stays; /* in the namespace; 0: nobody does */
	uint64_t space;
	uint16_t port;
	int fds[2];
	int error;
};

/* Two sockets in a new namespace, the first of which takes a port; then on into another namespace. */
static void left_space_prepare(struct io_left_space *a, bool stays)
{
	struct io_socket one = { 0 }, two = { 0 };
	struct io_name first = { .to = { "127.0.0.1", 0 } };
	struct io_look look;

	a->error = -space_enter();
	a->space = space_of(getpid());
	act_socket(&one);
	act_socket(&two);
	first.fd = a->fds[0] = one.fd;
	a->fds[1] = two.fd;
	act_bind(&first);
	look = (struct io_look){ .fd = one.fd };
	act_look(&look);
	a->port = look.local.port;
	a->error = a->error ? a->error : first.error;
	a->stays = stays ? fork() : 0;
	if (stays && a->stays == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(one.fd);
		close(two.fd);
		for (;;)
			pause();
	}
	if (!a->error)
		a->error = -space_enter();
}

/* The call is this user's; the process stays root besides, and can go on to a further namespace. */
static void left_space_clash(struct io_left_space *a, uid_t uid)
{
	struct io_name second = { .fd = a->fds[1], .to = { "0.0.0.0", a->port } };

	if (!a->error && setreuid(uid, 0))
		a->error = errno;
	act_bind(&second);
	if (!a->error && second.error != EADDRINUSE)
		a->error = second.error ? second.error : EINVAL;
	for (unsigned i = 0; i < 2; i++)
		act_close(&(struct io_close){ .fd = a->fds[i] });
	if (setreuid(0, 0) && !a->error)
		a->error = errno;
}

static void act_left_space(void *io)
{
	struct io_left_space *a = io;

	left_space_prepare(a, true);
	left_space_clash(a, VICTIM);
}

struct io_flood {
	double seconds;
	unsigned long done;
	int error;
};

static void act_flood_of_spaces(void *io)
{
	struct io_flood *f = io;
	int64_t until = wall_ns() + (int64_t)(f->seconds * 1e9);

	while (!f->error && wall_ns() < until) {
		struct io_left_space a = { 0 };

		left_space_prepare(&a, false);
		left_space_clash(&a, NOBODY);
		f->error = a.error;
		f->done++;
	}
}

/* Is the namespace named by a process in it? */
static bool check_named(struct test *t, json_t *line, const struct io_left_space *a)
{
	struct spot s = spot_of(t, line), requested = spot_below(&s, "requested");
	json_t *fix = line ? fixes_with_plain(line, "nsenter -t ") : NULL;
	const char *command = json_string_value(json_object_get(fix, "command_plain"));
	int pid = 0;

	if (!line)
		test_abort(t, "expected a refusal of the victim, got none");
	expect_int(&requested, "port", a->port);
	expect_complete(&s);
	if (command && sscanf(command, "nsenter -t %d ", &pid) == 1 && space_of(pid) == a->space)
		return true;
	test_note(t, "process %d of the victim's namespace %llu was not named: %s", a->stays,
		  (unsigned long long)a->space, command ? command : "no process was");
	return false;
}

static unsigned told_of_flood(struct test *t, pid_t flooder, unsigned *missed)
{
	unsigned told = 0;
	json_t *line;

	while ((line = monitor_line(t, "refusal", flooder, 0))) {
		const char *why = json_string_value(json_object_get(line, "incomplete_reason"));

		told++;
		*missed += why && strstr(why, "no process of the network namespace");
	}
	return told;
}

static void scenario_looks_used_up(struct test *t)
{
	struct puppet *victim = puppet_start(t, "victim"), *flooder = puppet_start(t, "flooder");
	struct io_flood flood = { .seconds = (REFUSALS + 2) * PAUSE_MS / 1000.0 };
	unsigned named = 0, told, missed = 0;

	t->retries = true; /* the flooder's lines are not compared */
	monitor_watch(t, (const char *const[]){ "--repeat-interval", "0", NULL });
	puppet_begin(flooder, act_flood_of_spaces, &flood, sizeof(flood));
	sleep_ms(PAUSE_MS);
	for (unsigned i = 0; i < REFUSALS; i++) {
		struct io_left_space a = { 0 };

		puppet_call(victim, act_left_space, &a, sizeof(a));
		if (a.error)
			test_abort(t, "stage: the victim: %s", strerror(a.error));
		named += check_named(t, monitor_line(t, "refusal", victim->pid, 10), &a);
		kill(a.stays, SIGKILL);
		sleep_ms(PAUSE_MS);
	}
	puppet_end(flooder, &flood, sizeof(flood), 60);
	if (flood.error)
		test_abort(t, "stage: the flood: %s", strerror(flood.error));
	told = told_of_flood(t, flooder->pid, &missed);
	test_note(
		t,
		"%u of %u verdicts name the victim's namespace; of %u of the flood's %lu, %u say that it was not looked for",
		named, REFUSALS, told, flood.done, missed);
	if (named != REFUSALS)
		test_fail(t, "expected %u verdicts that name the victim's namespace, got %u",
			  REFUSALS, named);
	if (!missed)
		test_fail(t, "expected verdicts of the flood that miss a look, got none of %u",
			  told);
}

const struct scenario cases_load_looks[] = {
	{ .name = "looks-used-up",
	  .run = scenario_looks_used_up,
	  .seconds = 90,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = ONCE },
	{ 0 },
};
