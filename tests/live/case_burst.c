// SPDX-License-Identifier: GPL-2.0-only
/* 1,000 collisions (--burst) of mixed kinds as fast as four processes can: half of them with sockets that
 * other processes hold, half with sockets that are closed again at once. All are told, in
 * order, each with its own holder, and nothing is lost. */
#include <errno.h>
#include <string.h>

#include "cases.h"
#include "clash.h"
#include "monitor.h"
#include "shared.h"
#include "verdict.h"

#define COLLIDERS 2 /* of each half */
#define COLLISIONS_MAX 250
#define HOLDERS 10
#define SHARE_MAX (COLLISIONS_MAX / HOLDERS)

struct io_clashes {
	unsigned first; /* number: decides kinds, and ports by number */
	unsigned count;
	struct clash clashes[COLLISIONS_MAX];
};

static void hold(struct clash *c, unsigned number)
{
	clash_open(c, number);
	clash_claim(c, number);
}

static void act_hold_all(void *io)
{
	struct io_clashes *a = io;

	for (unsigned i = 0; i < a->count; i++)
		hold(&a->clashes[i], a->first + i);
}

static void act_collide_all(void *io)
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

		hold(&a->clashes[i], a->first + i);
		clash_collide(&a->clashes[i]);
		close.fd = a->clashes[i].fd;
		act_close(&close);
	}
}

static unsigned share_of(const struct test *t)
{
	unsigned share = (unsigned)t->settings->burst / (2 * COLLIDERS) / HOLDERS;

	return share < 1 ? 1 : share > SHARE_MAX ? SHARE_MAX : share;
}

/* Holders of one half: each process has a share of both colliders' ports. */
static void hold_ports(struct test *t, struct io_clashes held[COLLIDERS])
{
	unsigned share = share_of(t), held_by_one = COLLIDERS * share;

	for (unsigned h = 0; h < HOLDERS; h++) {
		struct puppet *p = puppet_start(t, "holder");
		struct io_clashes io = { .first = h * held_by_one, .count = held_by_one };

		puppet_call(p, act_hold_all, &io, sizeof(io));
		for (unsigned c = 0; c < COLLIDERS; c++)
			memcpy(&held[c].clashes[h * share], &io.clashes[c * share],
			       share * sizeof(io.clashes[0]));
	}
}

static bool names_holder(const struct spot *line, const struct clash *want)
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

static void check_one(struct test *t, json_t *line, const struct clash *want)
{
	struct spot s = spot_of(t, line), requested = spot_below(&s, "requested");
	unsigned before = t->report->failures;

	expect_int(&requested, "port", want->port);
	expect_string(&s, "cause", clash_truths[want->kind].cause);
	expect_string(&s, "proto", clash_is_udp(want->kind) ? "udp" : "tcp");
	expect_int(&s, "holders_total", 1);
	expect_bool(&s, "incomplete", false);
	names_holder(&s, want);
	if (t->report->failures > before)
		note_line(t, line);
}

static void check_all(struct test *t, struct puppet *by, const struct io_clashes *io)
{
	bool settled = t->monitor->netns; /* by burst() */

	for (unsigned i = 0; i < io->count; i++) {
		json_t *line;

		if (io->clashes[i].error != EADDRINUSE)
			test_abort(t, "stage: no collision on port %u of kind %u: %s",
				   io->clashes[i].port, io->clashes[i].kind,
				   strerror(io->clashes[i].error));
		line = monitor_line(t, "refusal", by->pid, settled ? 0 : 20);
		if (!line) {
			test_fail(t, "expected %u refusals of %s[%d], got %u", io->count,
				  by->who.comm, by->pid, i);
			return;
		}
		check_one(t, line, &io->clashes[i]);
	}
}

static void burst(struct test *t)
{
	static struct io_clashes io[2 * COLLIDERS];
	struct puppet *backend = puppet_start(t, "backend"), *by[2 * COLLIDERS];
	struct prop listener;

	t->lossless = true;
	monitor_watch(t, NULL);
	listener = stage_bound(backend, 0, "127.0.0.1", SERVER_PORT);
	stage_listen(&listener, 4096);
	hold_ports(t, io);
	for (unsigned i = 0; i < 2 * COLLIDERS; i++) {
		by[i] = puppet_start(t, i < COLLIDERS ? "collider" : "flash");
		io[i].count = share_of(t) * HOLDERS;
		io[i].first = i * io[i].count;
	}
	for (unsigned i = 0; i < 2 * COLLIDERS; i++)
		puppet_begin(by[i], i < COLLIDERS ? act_collide_all : act_flash_all, &io[i],
			     sizeof(io[i]));
	for (unsigned i = 0; i < 2 * COLLIDERS; i++)
		puppet_end(by[i], &io[i], sizeof(io[i]), 20);
	if (t->monitor->netns)
		shared_settle(t);
	for (unsigned i = 0; i < 2 * COLLIDERS; i++)
		check_all(t, by[i], &io[i]);
}

const struct scenario cases_burst[] = {
	{ .name = "burst", .run = burst, .seconds = 120 },
	{ 0 },
};
