// SPDX-License-Identifier: GPL-2.0-only
/* Programs that look for any free port, and servers that only seem to. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "judge/outcome.h"
#include "monitor/monitor.h"
#include "run/cases.h"

#define PORT 7200
#define TAKEN 5

/* Random ports of a resolver: from the tenth on, each second one is taken. */
#define QUERIES 16
#define QUIET_QUERIES 9
#define FIRST_RANDOM 20000
#define RANDOM_APART 731

/* Asks for one port after another, with a new socket each time, until it has one. */
struct io_hunt {
	uint16_t from;
	unsigned refused;
	int64_t before; /* the bind() that worked */
	int64_t after;
};

static int hunt_bind(unsigned options, uint16_t port, struct io_name *name)
{
	struct io_socket s = { .options = options };

	*name = (struct io_name){ .to = { "127.0.0.1", port } };
	act_socket(&s);
	name->fd = s.fd;
	act_bind(name);
	if (name->error)
		close(s.fd);
	return name->error;
}

static void act_hunt(void *io)
{
	struct io_hunt *a = io;
	struct io_name name;

	while (hunt_bind(0, a->from + (uint16_t)a->refused, &name))
		a->refused++;
	a->before = name.before;
	a->after = name.after;
}

/* Jupyter, Vite: one port after another. Two verdicts are told, and the outcome counts the others. */
static void scenario_hunt_steps(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct io_hunt io = { .from = PORT };
	struct true_outcome truth = {
		.outcome = "took-another-port",
		.cause = "listener",
		.who = &web->who,
		.pid = web->pid,
		.wanted = PORT,
		.highest = PORT + TAKEN - 1,
		.hunt = true,
		.total = TAKEN,
		.gained = PORT + TAKEN,
		TRUE_OUTCOME_NO_END,
	};

	monitor_watch(t, NULL);
	for (uint16_t i = 0; i < TAKEN; i++)
		stage_listener(api, 0, "127.0.0.1", PORT + i);
	puppet_call(web, act_hunt, &io, sizeof(io));
	if (io.refused != TAKEN)
		test_abort(t, "stage: %u of %d were refused", io.refused, TAKEN);
	truth.of = outcome_take_verdict(t, web->pid);
	outcome_take_verdict(t, web->pid);
	truth.after = io.before;
	truth.before = io.after;
	outcome_check(t, &truth);
	monitor_no_line(t, "refusal", web->pid, QUIET_SECONDS);
}

/* Binds a UDP port for each query, as a resolver does; one that is taken is replaced by the next. */
static void act_resolve(void *io)
{
	struct io_hunt *a = io;
	struct io_name name;

	for (uint16_t i = 0; i < QUIET_QUERIES + 2 * QUERIES; i++) {
		if (hunt_bind(OPT_UDP, a->from + i * RANDOM_APART, &name))
			a->refused++;
		else
			close(name.fd);
		sleep_ms(50);
	}
}

/* Whatever came before, at the end each refusal is in a line of its own or in a count. */
static void expect_all_counted(struct test *t, pid_t pid)
{
	json_t *line;
	int verdicts = 0, counted = 0;

	while ((line = monitor_line(t, "refusal", pid, 0)))
		verdicts++;
	while ((line = monitor_line(t, "outcome", pid, 0))) {
		struct spot s = spot_of(t, line);

		expect_string(&s, "outcome", "took-another-port");
		counted += (int)json_integer_value(json_object_get(line, "refusals"));
		expect_bool(&s, "hunt", true);
	}
	if (verdicts < 1 || verdicts > 2)
		test_fail(t, "expected one or two verdicts of a resolver, got %d", verdicts);
	if (counted != QUERIES)
		test_fail(t, "expected %d, got %d as the sum of refusals", QUERIES, counted);
}

static void scenario_hunt_random(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *resolver = puppet_start(t, "resolver");
	struct io_hunt io = { .from = FIRST_RANDOM };

	monitor_watch(t, NULL);
	for (uint16_t i = 0; i < QUERIES; i++)
		stage_bound(api, OPT_UDP, "127.0.0.1",
			    FIRST_RANDOM + (QUIET_QUERIES + 2 * i) * RANDOM_APART);
	puppet_begin(resolver, act_resolve, &io, sizeof(io));
	puppet_end(resolver, &io, sizeof(io), 20);
	if (io.refused != QUERIES)
		test_abort(t, "stage: %u of %d were refused", io.refused, QUERIES);
	sleep_ms(1500);
	monitor_stop(t, t->monitor, SIGINT, 10);
	monitor_read(t, t->monitor);
	expect_all_counted(t, resolver->pid);
}

/* nginx: one of two ports is refused, the other works, and the first is tried again, in vain. */
static void act_serve_two(void *io)
{
	struct io_hunt *a = io;
	struct io_name name, second;

	for (; a->refused < 4; a->refused++) {
		if (!hunt_bind(0, a->from, &name))
			return;
		if (!a->refused)
			hunt_bind(0, a->from + 1, &second);
		sleep_ms(400);
	}
	_exit(1);
}

static void scenario_hunt_server_with_two_ports(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct io_hunt io = { .from = PORT };
	struct true_outcome truth = {
		.outcome = "gave-up",
		.cause = "listener",
		.who = &web->who,
		.pid = web->pid,
		.wanted = PORT,
		.total = 4,
		.gone = true,
		.exit_status = 1,
		.exit_signal = -1,
	};

	monitor_watch(t, NULL);
	stage_listener(api, 0, "127.0.0.1", PORT);
	puppet_call_last(web, act_serve_two, &io, sizeof(io));
	truth.of = outcome_take_verdict(t, web->pid);
	for (unsigned i = 1; i < 4; i++)
		outcome_take_verdict(t, web->pid);
	outcome_check(t, &truth);
	monitor_no_line(t, "outcome", web->pid, 0);
}

const struct scenario cases_outcome_hunt[] = {
	{ .name = "hunt-steps", .run = scenario_hunt_steps, .watch = WATCH_OWN, .where = ONCE },
	{ .name = "hunt-random", .run = scenario_hunt_random, .watch = WATCH_OWN, .where = ONCE },
	{ .name = "hunt-server-with-two-ports",
	  .run = scenario_hunt_server_with_two_ports,
	  .where = EACH_KERNEL },
	{ 0 },
};
