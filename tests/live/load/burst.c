// SPDX-License-Identifier: GPL-2.0-only
/* 1,000 collisions (--burst) of mixed kinds as fast as four processes can: half of them with
 * sockets of other processes, half with sockets that are closed again at once. portclash reports
 * all, in order, each with its own holder, and loses nothing but what the kernel left out and
 * counted. */
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

/* Tells whether the line blames no other process where the holder's claim is missing. */
static void check_unsure(struct test *t, json_t *line, const struct clash *want)
{
	struct spot s = spot_of(t, line), holders = spot_below(&s, "holders");

	for (size_t i = 0; i < json_array_size(holders.json); i++) {
		struct spot h = spot_at(&holders, i), process = spot_below(&h, "process");

		if (json_is_object(process.json))
			expect_int(&process, "pid", want->holder);
	}
}

/* Returns false when the verdict itself says that something is missing. */
static bool check_burst_line(struct test *t, json_t *line, const struct clash *want)
{
	struct spot s = spot_of(t, line), requested = spot_below(&s, "requested");
	unsigned before = t->report->failures;

	expect_int(&requested, "port", want->port);
	if (json_is_true(json_object_get(line, "incomplete"))) {
		check_unsure(t, line, want);
		return false;
	}
	expect_string(&s, "cause", clash_truths[want->kind].cause);
	expect_string(&s, "proto", clash_is_udp(want->kind) ? "udp" : "tcp");
	expect_int(&s, "holders_total", 1);
	names_clash_holder(&s, want);
	if (t->report->failures > before)
		note_line(t, line);
	return true;
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

/* Compares the verdicts in the order of the refusals. Returns how many are missing, wholly or in
 * part. */
static unsigned check_burst(struct test *t, struct puppet *by, const struct io_clashes *io,
			    double seconds)
{
	json_t *line = monitor_line(t, "refusal", by->pid, seconds);
	unsigned missing = 0;

	for (unsigned i = 0; i < io->count; i++) {
		if (io->clashes[i].error != EADDRINUSE)
			test_abort(t, "stage: no collision on port %u of kind %u: %s",
				   io->clashes[i].port, io->clashes[i].kind,
				   strerror(io->clashes[i].error));
		if (!line || wanted_port_of(line) != io->clashes[i].port ||
		    is_udp(line) != clash_is_udp(io->clashes[i].kind)) {
			missing++;
			continue;
		}
		missing += !check_burst_line(t, line, &io->clashes[i]);
		line = monitor_line(t, "refusal", by->pid, i + 1 < io->count ? 2 : 0);
	}
	return missing;
}

static void scenario_burst(struct test *t)
{
	static const char *const argv[] = { "trace", "--json", "--all", NULL };
	static struct io_clashes io[2 * COLLIDERS];
	struct puppet *backend = puppet_start(t, "backend"), *by[2 * COLLIDERS];
	struct prop listener;
	unsigned missing = 0;

	t->lossless = true;
	t->forgiven = "not_run"; /* compared below */
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
		missing += check_burst(t, by[i], &io[i], i ? 1 : 10);
	clash_check_missing(t, missing);
}

const struct scenario cases_load_burst[] = {
	{ .name = "burst",
	  .run = scenario_burst,
	  .seconds = 120,
	  .watch = WATCH_OWN,
	  .load = true },
	{ 0 },
};
