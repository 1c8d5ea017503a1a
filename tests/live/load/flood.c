// SPDX-License-Identifier: GPL-2.0-only
/* Refusals of an unprivileged user, as fast as the machine can make them: portclash reports each or counts it as lost,
 * reports nothing wrong, stays small, ends when told to, and does not keep others from working. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "judge/verdict.h"
#include "monitor/bpf_objects.h"
#include "monitor/footprint.h"
#include "monitor/monitor.h"
#include "run/cases.h"

#define NOBODY 65534
#define VICTIM 33 /* www-data, as Debian numbers it */
#define THREADS 4
#define FLOOD_SECONDS 3
#define PORT 8080

/* Threads outnumber processors, and other tests run: a nap can be long, but not as long
 * as the flood. */
#define WEDGED_SECONDS (FLOOD_SECONDS - 0.5)

/* Two rings and a batch, after the start. */
#define RSS_MAX_KIB (16 * 1024)

/* Other processes on the machine are refused too, and a lost refusal has no name: up to one in so
 * many more than this scenario made may be lost. Fewer is never right. */
#define OTHERS_SHARE 20

struct io_flood {
	double seconds;
	unsigned long refused;
	int error;
	double took;
};

struct thread {
	pthread_t id;
	struct io_flood flood;
};

static int flood_refused(int fd)
{
	struct io_name a = { .fd = fd, .to = { "0.0.0.0", PORT } };

	act_bind(&a);
	return a.error;
}

static void *flood(void *context)
{
	struct io_flood *a = context;
	int64_t until = wall_ns() + (int64_t)(a->seconds * 1e9);
	struct io_socket s = { 0 };

	act_socket(&s);
	while (!a->error && wall_ns() < until) {
		int error = flood_refused(s.fd);

		if (error != EADDRINUSE)
			a->error = error ? error : EINVAL;
		a->refused++;
	}
	act_close(&(struct io_close){ .fd = s.fd });
	return NULL;
}

static void act_flood(void *io)
{
	struct io_flood *a = io;
	struct thread threads[THREADS];
	int64_t before = wall_ns();

	for (int i = 0; i < THREADS; i++) {
		threads[i].flood = *a;
		a->error |= pthread_create(&threads[i].id, NULL, flood, &threads[i].flood);
	}
	for (int i = 0; i < THREADS && !a->error; i++) {
		pthread_join(threads[i].id, NULL);
		a->refused += threads[i].flood.refused;
		a->error |= threads[i].flood.error;
	}
	a->took = (double)(wall_ns() - before) / 1e9;
}

struct stage {
	struct puppet *api;
	struct puppet *web;
	struct prop listener;
	struct io_flood io;
};

static void flood_begin(struct test *t, struct stage *s)
{
	s->api = puppet_start_as(t, &(struct puppet_spec){ .name = "api", .uid = VICTIM });
	s->web = puppet_start_as(t, &(struct puppet_spec){ .name = "web", .uid = NOBODY });
	monitor_watch(t, NULL);
	footprint_forget_peak(t, t->monitor->pid);
	s->listener = stage_listener(s->api, 0, "127.0.0.1", PORT);
	s->io = (struct io_flood){ .seconds = FLOOD_SECONDS };
	puppet_begin(s->web, act_flood, &s->io, sizeof(s->io));
}

/* Naps for so long beside the flood; returns how much the longest nap was too long. */
static double worst_nap(double seconds)
{
	int64_t end = wall_ns() + (int64_t)(seconds * 1e9), before, over, worst = 0;

	while ((before = wall_ns()) < end) {
		sleep_ms(5);
		over = wall_ns() - before - 5000000;
		worst = over > worst ? over : worst;
	}
	return (double)worst / 1e9;
}

static void check_right(struct test *t, json_t *line, const struct stage *s)
{
	struct spot at = spot_of(t, line), requester = spot_below(&at, "requester");
	struct spot holders = spot_below(&at, "holders"), holder = spot_at(&holders, 0);
	struct spot process = spot_below(&holder, "process"), local = spot_below(&holder, "local");
	struct spot requested = spot_below(&at, "requested");
	unsigned before = t->report->failures;

	expect_string(&at, "cause", "wildcard-overlap");
	expect_string(&at, "errno", "EADDRINUSE");
	expect_string(&requester, "comm", "web");
	expect_int(&requested, "port", PORT);
	expect_string(&requested, "address", "0.0.0.0");
	expect_int(&at, "holders_total", 1);
	expect_bool(&holder, "blocking", true);
	expect_string(&holder, "how", "bind");
	expect_int(&holder, "cookie", (long long)s->listener.look.cookie);
	expect_int(&local, "port", PORT);
	expect_int(&process, "pid", s->api->pid);
	expect_complete(&at);
	if (t->report->failures > before)
		note_line(t, line);
}

static unsigned long check_all_right(struct test *t, const struct stage *s)
{
	unsigned long shown = 0;
	json_t *line;

	while ((line = monitor_line(t, "refusal", s->web->pid, 0))) {
		check_right(t, line, s);
		shown++;
	}
	return shown;
}

/* The kernel side counts what is too much of a flood. */
static unsigned long flood_merged(struct test *t, const struct stage *s)
{
	unsigned long sum = 0;
	json_t *line;

	while ((line = monitor_line(t, "merged", s->web->pid, 0))) {
		struct spot at = spot_of(t, line), requested = spot_below(&at, "requested");

		expect_string(&at, "scope", "port");
		expect_string(&at, "errno", "EADDRINUSE");
		expect_int(&requested, "port", PORT);
		sum += (unsigned long)json_integer_value(json_object_get(line, "count"));
	}
	return sum;
}

static void check_flood_counted(struct test *t, const struct stage *s, unsigned long shown)
{
	json_t *summary = monitor_line(t, "summary", 0, 0);
	json_t *lost = json_object_get(summary, "lost");
	unsigned long long dropped =
		(unsigned long long)json_integer_value(json_object_get(lost, "refusals"));
	/* One refusal can mean several programs that were not run; a return without a free probe
	 * counts as a call. */
	unsigned long long not_run =
		(unsigned long long)json_integer_value(json_object_get(lost, "not_run")) +
		(unsigned long long)json_integer_value(json_object_get(lost, "calls"));
	unsigned long merged = flood_merged(t, s);
	unsigned long long sum = shown + merged + dropped, made = s->io.refused;

	test_note(t, "%llu refusals, %.0f a second: %lu told, %lu merged, %llu lost", made,
		  (double)made / s->io.took, shown, merged, dropped);
	if (!shown || !merged || sum + not_run < made || sum > made + made / OTHERS_SHARE)
		test_fail(t, "expected %llu refusals told or counted, got %llu", made, sum);
}

static void check_small(struct test *t, const struct footprint *f)
{
	test_note(t, "resident %ld KiB, at most %ld", f->rss_kib, f->peak_kib);
	if (f->peak_kib > RSS_MAX_KIB)
		test_fail(t, "expected %d KiB of memory or less, got %ld", RSS_MAX_KIB,
			  f->peak_kib);
}

static void scenario_flood(struct test *t)
{
	struct footprint end;
	struct stage s;
	double late;

	flood_begin(t, &s);
	late = worst_nap(FLOOD_SECONDS);
	puppet_end(s.web, &s.io, sizeof(s.io), 30);
	if (s.io.error)
		test_abort(t, "stage: refused bind(): %s", strerror(s.io.error));
	end = footprint_of(t, t->monitor->pid);
	test_note(t, "programs not run by the kernel %lu times",
		  bpf_objects_missed(t, t->monitor->pid));
	if (monitor_stop(t, t->monitor, SIGTERM, 5) != 3)
		test_fail(t, "expected 3, got %#x as exit status", t->monitor->status);
	monitor_read(t, t->monitor);
	check_flood_counted(t, &s, check_all_right(t, &s));
	check_small(t, &end);
	test_note(t, "a nap of 5 ms beside it took at most %.0f ms more", late * 1000);
	if (late > WEDGED_SECONDS)
		test_fail(t, "expected that others can work, got a nap that was %.2f s too long",
			  late);
	t->monitor = NULL;
}

/* In the middle of it. */
static void scenario_flood_and_sigterm(struct test *t)
{
	struct stage s;
	int64_t before;

	flood_begin(t, &s);
	sleep_ms(FLOOD_SECONDS * 300);
	before = wall_ns();
	if (monitor_stop(t, t->monitor, SIGTERM, 3) != 3)
		test_fail(t, "expected 3, got %#x as exit status", t->monitor->status);
	test_note(t, "ended %.0f ms after SIGTERM", (double)(wall_ns() - before) / 1e6);
	monitor_read(t, t->monitor);
	check_all_right(t, &s);
	if (!monitor_line(t, "summary", 0, 0))
		test_fail(t, "expected a summary line, got none");
	puppet_end(s.web, &s.io, sizeof(s.io), 30);
	t->monitor = NULL;
}

const struct scenario cases_load_flood[] = {
	{ .name = "flood", .run = scenario_flood, .watch = WATCH_OWN, .load = true, .where = ONCE },
	{ .name = "flood-and-sigterm",
	  .run = scenario_flood_and_sigterm,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = ONCE },
	{ 0 },
};
