// SPDX-License-Identifier: GPL-2.0-only
/* A user puts thousands of TCP sockets on a port, on an address of its own, and so between a server and the beginning
 * of the kernel's list. Each refused bind() beside them would be a long walk with preemption off. The first one is,
 * and names the server; those that follow at once are short, and say that they are. */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "judge/expect.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/crowd.h"
#include "stage/stage.h"

#define VICTIM 33   /* www-data, as Debian numbers it */
#define CROWD 12000 /* three times as many as a short walk takes */
#define CROWDED 8053
#define REFUSALS 20

struct io_row {
	int error; /* the first that was not expected */
};

/* Nobody else's work comes between two calls. Only root may ask for that, and whom root becomes keeps it. */
static void act_come_first(void *io)
{
	const struct sched_param first = { .sched_priority = 1 };

	*(int *)io = sched_setscheduler(0, SCHED_FIFO, &first) ? errno : 0;
}

static void act_refused_in_a_row(void *io)
{
	struct io_row *a = io;

	for (unsigned i = 0; i < REFUSALS && !a->error; i++) {
		struct io_socket s = { 0 };
		struct io_name call = { .to = { "127.0.0.1", CROWDED } };

		act_socket(&s);
		call.fd = s.fd;
		act_bind(&call);
		a->error = call.error == EADDRINUSE ? 0 : EINVAL;
		act_close(&(struct io_close){ .fd = s.fd });
	}
}

/* Returns whether the walk came to its end. The server is named then, and with an exact back end in any case. */
static bool check_walk(struct test *t, json_t *line, pid_t server)
{
	struct spot s = spot_of(t, line), holders = spot_below(&s, "holders");
	struct spot holder = spot_at(&holders, 0), process = spot_below(&holder, "process");
	bool whole = !json_is_true(json_object_get(line, "incomplete"));

	if (whole || strcmp(monitor_backend(t), "tracepoint"))
		expect_int(&process, "pid", server);
	if (whole)
		expect_int(&s, "holders_total", CROWD + 1);
	else
		expect_contains(&s, "incomplete_reason", "more sockets are on this port");
	return whole;
}

static void scenario_crowded_bucket(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	struct puppet *api =
		puppet_start_as(t, &(struct puppet_spec){ .name = "api", .uid = VICTIM });
	struct io_row row = { 0 };
	unsigned whole = 0;

	puppet_call(web, act_come_first, &row.error, sizeof(row.error));
	if (row.error)
		test_abort(t, "stage: sched_setscheduler(): %s", strerror(row.error));
	puppet_become(web, VICTIM);
	monitor_watch(t, (const char *const[]){ "--all", NULL });
	stage_listener(api, 0, "127.0.0.1", CROWDED);
	crowd_stage(t, CROWD, OPT_REUSEADDR, "127.0.0.2", CROWDED);
	puppet_call(web, act_refused_in_a_row, &row, sizeof(row));
	if (row.error)
		test_abort(t, "stage: %s", strerror(row.error));
	for (unsigned i = 0; i < REFUSALS; i++) {
		json_t *line = monitor_line(t, "refusal", web->pid, 10);
		bool is_whole;

		if (!line)
			test_abort(t, "expected %u refusals told, got %u", REFUSALS, i);
		is_whole = check_walk(t, line, api->pid);
		whole += is_whole;
		if (!i && !is_whole)
			test_fail(t, "expected the first walk to be whole");
	}
	test_note(t, "%u of %u walks were long", whole, REFUSALS);
	if (whole > REFUSALS / 2)
		test_fail(t, "expected most walks short, got %u long", whole);
}

const struct scenario cases_load_crowded_bucket[] = {
	{ .name = "crowded-bucket",
	  .run = scenario_crowded_bucket,
	  .seconds = 90,
	  .watch = WATCH_OWN,
	  .load = true },
	{ 0 },
};
