// SPDX-License-Identifier: GPL-2.0-only
/* The wall clock jumps, and the machine sleeps. Durations in a verdict follow the kernel's boot
 * clock, which does neither; times are in the wall clock of the moment of writing. Both change the
 * whole machine: only in a guest of `make check-kernels`. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "judge/verdict.h"
#include "monitor/logfile.h"
#include "run/cases.h"
#include "stage/guest_clock.h"

#define DAY 86400
#define NS 1000000000LL

/* A loaded, emulated machine needs so long between a call and its two readings of the clock. */
#define SLACK_NS (2 * NS)

/* The alarm clock knows whole seconds. */
#define SLEEP_SECONDS 5
#define SLEPT_MIN_NS (2 * NS)

struct cast {
	struct test *t;
	struct puppet *web;
	char prom[128];
	int64_t claimed; /* boot clock */
};

static void clock_begin(struct test *t, struct cast *c)
{
	const char *argv[] = { "agent", "--textfile",	     c->prom, "--interval",
			       "0.2",	"--repeat-interval", "0",     NULL };

	guest_clock_need(t);
	*c = (struct cast){ .t = t, .web = puppet_start(t, "web") };
	test_path(t, "x.prom", c->prom, sizeof(c->prom));
	monitor_watch_as(t, &(struct monitor_spec){ .argv = argv });
	stage_listener(puppet_start(t, "api"), 0, "127.0.0.1", 8080);
	c->claimed = guest_clock_now(CLOCK_BOOTTIME);
	logfile_expect(t, c->prom, "portclash_up 1\n");
}

static void expect_near(struct test *t, const char *what, int64_t want, int64_t have)
{
	if (have < want - SLACK_NS || have > want + SLACK_NS)
		test_fail(t, "expected %.3f, got %.3f s as %s", (double)want / 1e9,
			  (double)have / 1e9, what);
}

/* Reads "2026-11-21T16:03:46.123456Z", up to the seconds. */
static int64_t seconds_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	struct tm tm = { 0 };

	if (!text || !strptime(text, "%Y-%m-%dT%H:%M:%S", &tm))
		return 0;
	return timegm(&tm) * NS;
}

/* The agent goes on writing the textfile at its intervals, whatever the wall clock says. */
static void check_textfile(struct cast *c)
{
	static const char name[] = "\nportclash_last_update_timestamp_seconds ";
	int64_t until = deadline_in(c->t, 10), off = 0;

	do {
		char *text = logfile_read(c->prom), *at = text ? strstr(text, name) : NULL;

		off = at ? (int64_t)(strtod(at + strlen(name), NULL) * 1e9) - wall_ns() : INT64_MAX;
		free(text);
		sleep_ms(50);
	} while (llabs(off) > SLACK_NS && !deadline_over(until));
	if (llabs(off) > SLACK_NS)
		test_fail(c->t, "expected a textfile of this moment, got one %.1f s off",
			  (double)off / 1e9);
}

static void check_clock_verdict(struct cast *c)
{
	json_t *line, *holder;
	int64_t age, wall;

	stage_refused(c->web, 0, "127.0.0.1", 8080, EADDRINUSE);
	age = guest_clock_now(CLOCK_BOOTTIME) - c->claimed;
	wall = wall_ns();
	line = monitor_line(c->t, "refusal", c->web->pid, 10);
	holder = json_array_get(json_object_get(line, "holders"), 0);
	if (!holder)
		test_abort(c->t, "expected a refusal with a holder, got none");
	expect_near(c->t, "the time of the refusal", wall, seconds_of(line, "time"));
	expect_near(c->t, "the time of the claim", wall - age, seconds_of(holder, "since"));
	expect_near(c->t, "its age", age,
		    (int64_t)(json_number_value(json_object_get(holder, "age_seconds")) * 1e9));
	check_textfile(c);
}

/* Ends portclash here, because monitor_finish() compares with the wall clock. */
static void clock_end(struct cast *c)
{
	struct monitor *m = c->t->monitor;
	char *said;

	if (monitor_stop(c->t, m, SIGTERM, 20))
		test_fail(c->t, "expected 0, got %#x as exit status", m->status);
	said = monitor_text(m->err);
	if (*said)
		test_fail(c->t, "expected nothing on standard error, got \"%s\"", said);
	free(said);
	logfile_expect(c->t, c->prom, "portclash_up 0\n");
	c->t->monitor = NULL;
}

static void scenario_clock_jumps(struct test *t)
{
	struct cast c;

	clock_begin(t, &c);
	check_clock_verdict(&c);
	guest_clock_jump(t, DAY);
	check_clock_verdict(&c);
	guest_clock_jump(t, -2 * DAY);
	check_clock_verdict(&c);
	guest_clock_jump(t, DAY);
	check_clock_verdict(&c);
	clock_end(&c);
}

static int put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = fd < 0 || write(fd, text, strlen(text)) < 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

/* Suspends to memory: QEMU's alarm clock wakes a machine from there, but not from
 * suspend-to-idle. */
static void suspend(struct cast *c)
{
	char text[32];
	int err;

	if (!guest_file_has("/sys/power/mem_sleep", "deep") ||
	    put_text("/sys/power/mem_sleep", "deep"))
		test_skip(c->t, "this kernel cannot be suspended to memory");
	err = put_text("/sys/class/rtc/rtc0/wakealarm", "0");
	snprintf(text, sizeof(text), "+%d", SLEEP_SECONDS);
	if (!err)
		err = put_text("/sys/class/rtc/rtc0/wakealarm", text);
	if (err)
		test_skip(c->t, "this machine has no alarm clock: %s", strerror(err));
	err = put_text("/sys/power/state", "mem");
	if (err)
		test_skip(c->t, "this kernel did not suspend: %s", strerror(err));
}

static void scenario_suspend(struct test *t)
{
	int64_t boot, run, asleep;
	struct cast c;

	clock_begin(t, &c);
	check_clock_verdict(&c);
	boot = guest_clock_now(CLOCK_BOOTTIME);
	run = guest_clock_now(CLOCK_MONOTONIC);
	suspend(&c);
	boot = guest_clock_now(CLOCK_BOOTTIME) - boot;
	run = guest_clock_now(CLOCK_MONOTONIC) - run;
	asleep = boot - run;
	test_note(t, "asleep for %.3f s", (double)asleep / 1e9);
	if (asleep < SLEPT_MIN_NS)
		test_skip(t, "the clocks did not stop: asleep for %.3f s of %.3f",
			  (double)asleep / 1e9, (double)boot / 1e9);
	check_clock_verdict(&c);
	clock_end(&c);
}

const struct scenario cases_session_clock[] = {
	{ .name = "clock-jumps",
	  .run = scenario_clock_jumps,
	  .load = true,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "suspend",
	  .run = scenario_suspend,
	  .load = true,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ 0 },
};
