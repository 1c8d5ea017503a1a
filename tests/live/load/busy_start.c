// SPDX-License-Identifier: GPL-2.0-only
/* portclash starts on a busy machine: ports are taken before, while and after it attaches its
 * programs and reads the open sockets. It names each holder and invents nothing that it did not
 * see. */
#include <errno.h>
#include <string.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/clash.h"

/* A holder takes so many ports a second, well beyond the time that starting takes: fewer with a
 * smaller --burst, but over the same time. */
#define PER_HOLDER 200
#define CLAIMING_MS 1000
#define HOLDERS 2

/* The last tenth is claimed once portclash watches, however long that took. */
#define AFTER_READY 10

struct io_clashes {
	unsigned first;
	unsigned count;
	unsigned from; /* of these, the ones to be claimed by this call */
	unsigned to;
	unsigned pause_ms;
	bool early; /* all sockets are there before portclash is, though they have no port */
	struct clash clashes[PER_HOLDER];
};

static void act_hold_slowly(void *io)
{
	struct io_clashes *a = io;

	for (unsigned i = 0; i < a->count && !a->from; i++)
		if (a->early)
			clash_open(&a->clashes[i], a->first + i);
	for (unsigned i = a->from; i < a->to; i++) {
		if (!a->early)
			clash_open(&a->clashes[i], a->first + i);
		clash_claim(&a->clashes[i], a->first + i);
		sleep_ms(a->pause_ms);
	}
}

static void act_collide_while_starting(void *io)
{
	struct io_clashes *a = io;

	for (unsigned i = 0; i < a->count; i++)
		clash_collide(&a->clashes[i]);
}

/* Checks that either the claim was seen and everything is known, or the verdict says that it was
 * not. The latter is right for claims from before the ready line, or for claims that the kernel
 * left out: the result tells whether this is such a claim. */
static bool check_start_since(const struct spot *line, const struct spot *holder,
			      const struct clash *want, int64_t ready)
{
	if (json_is_null(json_object_get(holder->json, "since"))) {
		expect_bool(line, "incomplete",
			    !json_is_true(json_object_get(holder->json, "older")));
		return want->before >= ready;
	}
	expect_time(holder, "since", want->before, want->after);
	expect_complete(line);
	expect_string(holder, "how", clash_truths[want->kind].how);
	return false;
}

static bool check_start_line(struct test *t, json_t *line, const struct clash *want, int64_t ready)
{
	struct spot s = spot_of(t, line), requested = spot_below(&s, "requested");
	struct spot holders = spot_below(&s, "holders"), holder = spot_at(&holders, 0);
	struct spot process = spot_below(&holder, "process");
	unsigned before = t->report->failures;
	bool left_out;

	expect_int(&requested, "port", want->port);
	expect_string(&s, "cause", clash_truths[want->kind].cause);
	expect_int(&process, "pid", want->holder);
	left_out = check_start_since(&s, &holder, want, ready);
	if (t->report->failures > before)
		note_line(t, line);
	return left_out;
}

/* Returns how many claims the kernel left out. */
static unsigned check_busy_start(struct test *t, struct puppet *by, const struct io_clashes *io,
				 int64_t ready)
{
	unsigned seen = 0, left_out = 0;

	for (unsigned i = 0; i < io->count; i++) {
		json_t *line = monitor_line(t, "refusal", by->pid, 20), *holder;

		if (io->clashes[i].error != EADDRINUSE)
			test_abort(t, "stage: no collision on port %u", io->clashes[i].port);
		if (!line) {
			test_fail(t, "expected %u refusals, got %u", io->count, i);
			break;
		}
		left_out += check_start_line(t, line, &io->clashes[i], ready);
		holder = json_array_get(json_object_get(line, "holders"), 0);
		seen += json_is_string(json_object_get(holder, "since"));
	}
	if (!seen)
		test_fail(t, "expected that the last claims were seen, got none");
	return left_out;
}

static unsigned start_clashes(const struct test *t)
{
	unsigned count = (unsigned)t->settings->burst / 5;

	return count < AFTER_READY ? AFTER_READY : count > PER_HOLDER ? PER_HOLDER : count;
}

static unsigned pause_of(const struct test *t)
{
	return (unsigned)(CLAIMING_MS * t->settings->patience / start_clashes(t));
}

static void collide_while_starting(struct test *t, bool early)
{
	static struct io_clashes io[HOLDERS];
	struct puppet *backend = puppet_start(t, "backend"), *web[HOLDERS], *holders[HOLDERS];
	struct prop listener = stage_bound(backend, 0, "127.0.0.1", SERVER_PORT);
	unsigned left_out = 0;
	int64_t ready;

	stage_listen(&listener, 4096);
	for (unsigned i = 0; i < HOLDERS; i++) {
		holders[i] = puppet_start(t, "holder");
		web[i] = puppet_start(t, "web");
		io[i].count = start_clashes(t);
		io[i].first = i * io[i].count;
		io[i].from = 0;
		io[i].to = io[i].count - io[i].count / AFTER_READY;
		io[i].pause_ms = pause_of(t);
		io[i].early = early;
		puppet_begin(holders[i], act_hold_slowly, &io[i], sizeof(io[i]));
	}
	sleep_ms(50);
	t->lossless = true;
	t->forgiven = "refusals not_run"; /* claims of other processes; see clash_check_missing() */
	monitor_watch(t, (const char *const[]){ "--all", NULL });
	ready = wall_ns();
	for (unsigned i = 0; i < HOLDERS; i++) {
		puppet_end(holders[i], &io[i], sizeof(io[i]), 30);
		io[i].from = io[i].to;
		io[i].to = io[i].count;
		puppet_call(holders[i], act_hold_slowly, &io[i], sizeof(io[i]));
	}
	for (unsigned i = 0; i < HOLDERS; i++)
		puppet_call(web[i], act_collide_while_starting, &io[i], sizeof(io[i]));
	for (unsigned i = 0; i < HOLDERS; i++)
		left_out += check_busy_start(t, web[i], &io[i], ready);
	clash_check_missing(t, left_out);
}

static void scenario_busy_start(struct test *t)
{
	collide_while_starting(t, false);
}

static void scenario_busy_start_old_sockets(struct test *t)
{
	collide_while_starting(t, true);
}

struct io_refusals {
	int count;
	unsigned pause_ms;
};

static void act_be_refused(void *io)
{
	struct clash c = { 0 };

	clash_open(&c, CLASH_IDLE);
	clash_claim(&c, CLASH_IDLE);
	for (int i = 0; i < ((struct io_refusals *)io)->count; i++) {
		clash_collide(&c);
		sleep_ms(((struct io_refusals *)io)->pause_ms);
	}
}

/* portclash reports refusals from its start too, but after its ready line: readers take the first
 * line for that. */
static void scenario_ready_comes_first(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	struct io_refusals io = {
		.count = (int)start_clashes(t),
		.pause_ms = pause_of(t),
	};
	const char *type;

	t->retries = true;
	puppet_begin(web, act_be_refused, &io, sizeof(io));
	monitor_watch(t, (const char *const[]){ "--all", NULL });
	puppet_end(web, &io, sizeof(io), 30);
	type = json_string_value(json_object_get(t->monitor->lines[0], "type"));
	if (strcmp(type, "ready"))
		test_fail(t, "expected \"ready\", got \"%s\" as the type of the first line", type);
}

const struct scenario cases_load_busy_start[] = {
	{ .name = "busy-start",
	  .run = scenario_busy_start,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "ready-comes-first",
	  .run = scenario_ready_comes_first,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "busy-start-old-sockets",
	  .run = scenario_busy_start_old_sockets,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ 0 },
};
