// SPDX-License-Identifier: GPL-2.0-only
/* 1,000 collisions (--burst) of mixed kinds as fast as four processes can: half of them with
 * sockets of other processes, half with sockets that are closed again at once. portclash reports
 * all, each with its own holder. A refusal that no program saw has a late line, which may say that it does not know the
 * holder. */
#include <errno.h>
#include <string.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/clash.h"

#define COLLIDERS 2 /* of each half */
#define COLLISIONS_MAX 250
#define HOLDERS 10
#define SHARE_MAX (COLLISIONS_MAX / HOLDERS)

struct io_clashes {
	unsigned first; /* number: decides kinds, and ports by number */
	unsigned count;
	struct clash clashes[COLLISIONS_MAX];
};

static void hold_clash(struct clash *c, unsigned number)
{
	clash_open(c, number);
	clash_claim(c, number);
}

static void act_hold_all(void *io)
{
	struct io_clashes *a = io;

	for (unsigned i = 0; i < a->count; i++)
		hold_clash(&a->clashes[i], a->first + i);
}

static void act_burst(void *io)
{
	struct io_clashes *a = io;

	for (unsigned i = 0; i < a->count; i++)
		clash_collide(&a->clashes[i]);
}

/* The holder is gone before anybody can look for it. */
static void act_flash_all(void *io)
{
	struct io_clashes *a = io;

	for (unsigned i = 0; i < a->count; i++) {
		struct io_close close = { .reset = true };

		hold_clash(&a->clashes[i], a->first + i);
		clash_collide(&a->clashes[i]);
		close.fd = a->clashes[i].fd;
		act_close(&close);
	}
}

static unsigned burst_share(const struct test *t)
{
	unsigned share = (unsigned)t->settings->burst / (2 * COLLIDERS) / HOLDERS;

	return share < 1 ? 1 : share > SHARE_MAX ? SHARE_MAX : share;
}

/* Opens the holders of one half: each process has a share of both colliders' ports. */
static void hold_ports(struct test *t, struct io_clashes held[COLLIDERS])
{
	unsigned share = burst_share(t), held_by_one = COLLIDERS * share;

	for (unsigned h = 0; h < HOLDERS; h++) {
		struct puppet *p = puppet_start(t, "holder");
		struct io_clashes io = { .first = h * held_by_one, .count = held_by_one };

		puppet_call(p, act_hold_all, &io, sizeof(io));
		for (unsigned c = 0; c < COLLIDERS; c++)
			memcpy(&held[c].clashes[h * share], &io.clashes[c * share],
			       share * sizeof(io.clashes[0]));
	}
}

static bool names_clash_holder(const struct spot *line, const struct clash *want)
{
	struct spot holders = spot_below(line, "holders");

	for (size_t i = 0; i < json_array_size(holders.json); i++) {
		json_t *h = json_array_get(holders.json, i);
		json_t *process = json_object_get(h, "process"), *how = json_object_get(h, "how");

		if (json_is_true(json_object_get(h, "blocking")) && json_is_string(how) &&
		    !strcmp(json_string_value(how), clash_truths[want->kind].how) &&
		    json_integer_value(json_object_get(process, "pid")) == want->holder)
			return true;
	}
	expected(&holders, "a holder of process %d with how \"%s\"", want->holder,
		 clash_truths[want->kind].how);
	return false;
}

/* Counts the lines that say themselves what they lack. */
struct burst_told {
	unsigned late;
	unsigned not_seen;
	unsigned incomplete;
};

/* Checks that the line blames no other process where the holder's claim is missing. */
static void check_unsure(struct test *t, json_t *line, const struct clash *want)
{
	struct spot s = spot_of(t, line), holders = spot_below(&s, "holders");

	for (size_t i = 0; i < json_array_size(holders.json); i++) {
		struct spot h = spot_at(&holders, i), process = spot_below(&h, "process");

		if (json_is_object(process.json))
			expect_int(&process, "pid", want->holder);
	}
}

static bool is_late(json_t *line)
{
	return json_is_true(json_object_get(line, "late"));
}

/* A late line may not know the errno; any line may say that it lacks something. */
static bool says_what_it_lacks(json_t *line, struct burst_told *told)
{
	const char *cause = json_string_value(json_object_get(line, "cause"));
	bool incomplete = json_is_true(json_object_get(line, "incomplete"));
	bool not_seen = is_late(line) && cause && !strcmp(cause, "not-seen");

	told->late += is_late(line);
	told->not_seen += not_seen;
	told->incomplete += incomplete;
	return incomplete || not_seen;
}

static void check_burst_line(struct test *t, json_t *line, const struct clash *want,
			     struct burst_told *told)
{
	struct spot s = spot_of(t, line), requested = spot_below(&s, "requested");
	unsigned before = t->report->failures;

	expect_int(&requested, "port", want->port);
	if (says_what_it_lacks(line, told)) {
		check_unsure(t, line, want);
	} else {
		expect_string(&s, "cause", clash_truths[want->kind].cause);
		expect_string(&s, "proto", clash_is_udp(want->kind) ? "udp" : "tcp");
		expect_int(&s, "holders_total", 1);
		names_clash_holder(&s, want);
	}
	if (t->report->failures > before)
		note_line(t, line);
}

static long long wanted_port_of(json_t *line)
{
	return json_integer_value(json_object_get(json_object_get(line, "requested"), "port"));
}

static bool is_udp(json_t *line)
{
	const char *proto = json_string_value(json_object_get(line, "proto"));

	return proto && !strcmp(proto, "udp");
}

/* The time between the call and the time of the line; 0 if that is within the call. */
static int64_t distance_to(const struct clash_call *call, int64_t time_ns)
{
	if (time_ns < call->before)
		return call->before - time_ns;
	return time_ns > call->after ? time_ns - call->after : 0;
}

/* Finds the refusal that a line is about, among those that have no line yet. The kernel can choose a port twice for
 * sockets that are closed at once. The calls of a process follow each other, so the time tells which one it was.
 * -1: there is none. */
static int clash_of(json_t *line, const struct io_clashes *io, const bool *told)
{
	int64_t time_ns = 0, distance, least = INT64_MAX;
	int found = -1;

	parse_time(json_string_value(json_object_get(line, "time")), &time_ns);
	for (unsigned i = 0; i < io->count; i++) {
		if (told[i] || wanted_port_of(line) != io->clashes[i].port ||
		    is_udp(line) != clash_is_udp(io->clashes[i].kind))
			continue;
		distance = distance_to(&io->clashes[i].refused, time_ns);
		if (distance < least) {
			least = distance;
			found = (int)i;
		}
	}
	return found;
}

static void check_staged(struct test *t, const struct io_clashes *io)
{
	for (unsigned i = 0; i < io->count; i++)
		if (io->clashes[i].error != EADDRINUSE)
			test_abort(t, "stage: no collision on port %u of kind %u: %s",
				   io->clashes[i].port, io->clashes[i].kind,
				   strerror(io->clashes[i].error));
}

static void note_missing(struct test *t, const struct io_clashes *io, const bool *has_line)
{
	for (unsigned i = 0; i < io->count; i++)
		if (!has_line[i])
			test_note(t, "no line about refusal %u, of port %u, kind %u", i,
				  io->clashes[i].port, io->clashes[i].kind);
}

/* Compares the lines with the refusals: each has one. All but the late ones come in the order of the refusals. A line
 * too many is found when the scenario is over (monitor_finish()). */
static void check_burst(struct test *t, struct puppet *by, const struct io_clashes *io,
			struct burst_told *told)
{
	bool has_line[COLLISIONS_MAX] = { false };
	int last = -1;

	check_staged(t, io);
	for (unsigned n = 0; n < io->count; n++) {
		json_t *line = monitor_line(t, "refusal", by->pid, 10);
		int i = line ? clash_of(line, io, has_line) : -1;
		struct spot s = spot_of(t, line);

		if (i < 0) {
			if (line)
				note_line(t, line);
			else
				note_missing(t, io, has_line);
			test_abort(t, "expected %u refusals told, got %u and %s", io->count, n,
				   line ? "one of another port" : "no more");
		}
		has_line[i] = true;
		expect_time(&s, "time", io->clashes[i].refused.before,
			    io->clashes[i].refused.after);
		if (!is_late(line) && i < last)
			test_fail(t, "expected refusal %d before refusal %d", i, last);
		if (!is_late(line))
			last = i;
		check_burst_line(t, line, &io->clashes[i], told);
	}
}

static void scenario_burst(struct test *t)
{
	static const char *const argv[] = { "trace", "--json", "--all", NULL };
	static struct io_clashes io[2 * COLLIDERS];
	struct puppet *backend = puppet_start(t, "backend"), *by[2 * COLLIDERS];
	struct prop listener;
	struct burst_told told = { 0 };

	t->lossless = true;
	t->forgiven = "not_run calls"; /* these are told late */
	monitor_watch_as(t, &(struct monitor_spec){ .argv = argv });
	listener = stage_bound(backend, 0, "127.0.0.1", SERVER_PORT);
	stage_listen(&listener, 4096);
	hold_ports(t, io);
	for (unsigned i = 0; i < 2 * COLLIDERS; i++) {
		by[i] = puppet_start(t, i < COLLIDERS ? "collider" : "flash");
		io[i].count = burst_share(t) * HOLDERS;
		io[i].first = i * io[i].count;
	}
	for (unsigned i = 0; i < 2 * COLLIDERS; i++)
		puppet_begin(by[i], i < COLLIDERS ? act_burst : act_flash_all, &io[i],
			     sizeof(io[i]));
	for (unsigned i = 0; i < 2 * COLLIDERS; i++)
		puppet_end(by[i], &io[i], sizeof(io[i]), 20);
	for (unsigned i = 0; i < 2 * COLLIDERS; i++)
		check_burst(t, by[i], &io[i], &told);
	test_note(t, "%u refusals told late, %u as not seen; %u verdicts incomplete", told.late,
		  told.not_seen, told.incomplete);
	clash_check_missing(t, told.incomplete);
}

const struct scenario cases_load_burst[] = {
	{ .name = "burst",
	  .run = scenario_burst,
	  .seconds = 120,
	  .watch = WATCH_OWN,
	  .load = true },
	{ 0 },
};
