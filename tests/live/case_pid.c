// SPDX-License-Identifier: GPL-2.0-only
/* Pids that are used again: whoever has the pid of a process that made a claim and has exited is
 * never blamed for it, and never advised to be stopped. Start times tell them apart. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "footprint.h"
#include "monitor.h"
#include "table.h"
#include "verdict.h"

/* The kernel tells start times apart that /proc, in ticks, does not. */
#define TICK_MS 20

struct cast {
	struct puppet *backend;
	struct puppet *client;
	struct puppet *web;
	struct puppet *innocent; /* has the pid of the client */
	struct prop listener;
	struct prop out;
	struct prop in;
};

static struct cast connected(struct test *t)
{
	struct cast c = {
		.backend = puppet_start(t, "backend"),
		.client = puppet_start(t, "client"),
		.web = puppet_start(t, "web"),
	};

	c.listener = stage_listener(c.backend, 0, "127.0.0.1", SERVER_PORT);
	c.out = stage_client(c.client, 0, "127.0.0.1", SERVER_PORT);
	c.in = stage_accepted(&c.listener, c.backend);
	return c;
}

static struct cast watched(struct test *t)
{
	monitor_watch(t, NULL);
	return connected(t);
}

/* The client ends and is reaped; then its pid is given to another program at once. */
static void replace_client(struct test *t, struct cast *c)
{
	struct puppet_spec spec = { .name = "innocent", .pid = c->client->pid };

	puppet_exit(c->client);
	sleep_ms(TICK_MS);
	c->innocent = puppet_start_as(t, &spec);
	if (c->innocent->who.pid != c->client->who.pid)
		test_abort(t, "stage: the pid is %d, not %d again", c->innocent->who.pid,
			   c->client->who.pid);
}

/* Nothing in the line is the innocent's, wherever it stands. */
static void check_not_named(struct test *t, json_t *line)
{
	char *text = line ? json_dumps(line, 0) : NULL;

	if (text && strstr(text, "innocent"))
		test_fail(t, "expected not a word of the process that has the pid now, got %s",
			  text);
	free(text);
}

static void check_orphan_of(struct test *t, const struct cast *c, const struct attempt *a)
{
	check_not_named(t, verdict_check(t, &(struct truth){
						    .attempt = a,
						    .cause = "ephemeral-client",
						    .fixes = FIX_CUT | FIX_RESERVE | FIX_OTHER_PORT,
						    .holders = { {
							    .socket = &c->out,
							    .state = "FIN_WAIT1",
							    .how = "connect",
							    .process = &c->client->who,
							    .gone = true,
							    .note = "nobody has the socket open",
							    .peer = c->backend,
						    } },
					    }));
}

static void check_orphan(struct test *t, struct cast *c)
{
	struct attempt a = stage_refused(c->web, 0, "0.0.0.0", c->out.look.local.port, EADDRINUSE);

	check_orphan_of(t, c, &a);
}

/* Between the claim and the refusal the claimer has ended, its connection goes on ending. */
static void orphan(struct test *t)
{
	struct cast c = watched(t);

	stage_fill(&c.out);
	replace_client(t, &c);
	table_await(t, c.out.look.local.port, SERVER_PORT, TABLE_FIN_WAIT1);
	check_orphan(t, &c);
}

/* The new process has a claim of its own by then: two processes of one pid in the ledger. */
static void both_claimed(struct test *t)
{
	struct cast c = watched(t);
	struct prop own;
	struct attempt a;

	stage_fill(&c.out);
	replace_client(t, &c);
	own = stage_client(c.innocent, 0, "127.0.0.1", SERVER_PORT);
	stage_accepted(&c.listener, c.backend);
	check_orphan(t, &c);
	a = stage_refused(c.web, 0, "0.0.0.0", own.look.local.port, EADDRINUSE);
	verdict_check(t, &(struct truth){
				 .attempt = &a,
				 .cause = "ephemeral-client",
				 .fixes = FIX_CLIENT,
				 .stop = c.innocent,
				 .holders = { {
					 .socket = &own,
					 .state = "ESTABLISHED",
					 .how = "connect",
					 .process = &c.innocent->who,
					 .owners = { { c.innocent, own.fd } },
					 .peer = c.backend,
				 } },
			 });
}

/* The socket lives on in an heir: that one is to be stopped, not whoever has the maker's pid. */
static struct prop hand_over(struct test *t, struct cast *c)
{
	struct prop copy = stage_pass(&c->out, puppet_start(t, "heir"));

	replace_client(t, c);
	return copy;
}

static void passed_on(struct test *t)
{
	struct cast c = watched(t);
	struct prop copy = hand_over(t, &c);
	struct attempt a = stage_refused(c.web, 0, "0.0.0.0", c.out.look.local.port, EADDRINUSE);

	check_not_named(t, verdict_check(t, &(struct truth){
						    .attempt = &a,
						    .cause = "ephemeral-client",
						    .fixes = FIX_CLIENT,
						    .stop = copy.by,
						    .holders = { {
							    .socket = &c.out,
							    .state = "ESTABLISHED",
							    .how = "connect",
							    .process = &c.client->who,
							    .gone = true,
							    .note = "has exited",
							    .owners = { { copy.by, copy.fd } },
							    .peer = c.backend,
						    } },
					    }));
}

/* All of it while portclash does not run: claim, end, refusal, end, and both pids are others' by
 * the time that it reads of them. */
static void while_stopped(struct test *t)
{
	struct puppet_spec spec = { .name = "innocent" };
	struct attempt a;
	struct cast c;

	monitor_watch(t, NULL);
	footprint_stop(t, t->monitor->pid);
	c = connected(t);
	stage_fill(&c.out);
	replace_client(t, &c);
	a = stage_refused(c.web, 0, "0.0.0.0", c.out.look.local.port, EADDRINUSE);
	spec.pid = c.web->pid;
	puppet_exit(c.web);
	sleep_ms(TICK_MS);
	puppet_start_as(t, &spec);
	kill(t->monitor->pid, SIGCONT);
	check_orphan_of(t, &c, &a);
}

/* `who` has no ledger: it names who has the socket open now. */
static void looked_up(struct test *t)
{
	struct cast c = connected(t);
	struct prop copy = hand_over(t, &c);
	char port[8], part[64];
	const char *const argv[] = { "who", port, "--netns", "all", "--json", NULL };
	struct monitor *m;
	char *said;

	snprintf(port, sizeof(port), "%u", c.out.look.local.port);
	m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	if (monitor_stop(t, m, 0, 20) != 3)
		test_fail(t, "expected 3, got %#x as exit status", m->status);
	said = monitor_text(m->out);
	snprintf(part, sizeof(part), "{\"pid\":%d,\"tid\":null,\"comm\":\"heir\"", copy.by->pid);
	if (!strstr(said, part) || strstr(said, "innocent"))
		test_fail(t, "expected %s and no \"innocent\", got %s", part, said);
	free(said);
}

const struct scenario cases_pid[] = {
	{ .name = "pid-used-again-orphan", .run = orphan, .where = ONCE },
	{ .name = "pid-used-again-both-claimed", .run = both_claimed, .where = NATIVE },
	{ .name = "pid-used-again-passed-on", .run = passed_on, .where = NATIVE },
	{ .name = "pid-used-again-while-stopped",
	  .run = while_stopped,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "pid-used-again-who", .run = looked_up, .where = NATIVE },
	{ 0 },
};
