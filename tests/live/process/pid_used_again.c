// SPDX-License-Identifier: GPL-2.0-only
/* Pids that are used again. A process may have the pid of one that made a claim and has exited:
 * portclash never blames it for the claim and never advises to stop it. Start times tell them
 * apart. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "judge/proc_net.h"
#include "judge/truth.h"
#include "monitor/footprint.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/theft.h"

/* Start times so close that the kernel tells them apart and /proc, which counts ticks, does not. */
#define TICK_MS 20

static struct theft watched(struct test *t)
{
	monitor_watch(t, NULL);
	return theft_connected(t);
}

/* The client ends and is reaped; another program gets its pid at once. */
static struct puppet *replace_client(struct test *t, struct theft *c)
{
	struct puppet_spec spec = { .name = "innocent", .pid = c->client->pid };
	struct puppet *innocent;

	puppet_exit(c->client);
	sleep_ms(TICK_MS);
	innocent = puppet_start_as(t, &spec);
	if (innocent->who.pid != c->client->who.pid)
		test_abort(t, "stage: the pid is %d, not %d again", innocent->who.pid,
			   c->client->who.pid);
	return innocent;
}

/* No field of the line may be the innocent process's. */
static void check_not_named(struct test *t, json_t *line)
{
	char *text = line ? json_dumps(line, 0) : NULL;

	if (text && strstr(text, "innocent"))
		test_fail(t, "expected not a word of the process that has the pid now, got %s",
			  text);
	free(text);
}

static void check_orphan_of(struct test *t, const struct theft *c)
{
	struct truth truth = truth_orphan(&c->attempt, &c->out, "FIN_WAIT1", c->backend);

	check_not_named(t, verdict_check(t, &truth));
}

static void check_orphan(struct test *t, struct theft *c)
{
	theft_refuse(c);
	check_orphan_of(t, c);
}

/* Between the claim and the refusal the claimer has ended, its connection goes on ending. */
static void scenario_pid_used_again_orphan(struct test *t)
{
	struct theft c = watched(t);

	stage_fill(&c.out);
	replace_client(t, &c);
	proc_net_await(t, c.out.look.local.port, SERVER_PORT, PROC_NET_FIN_WAIT1);
	check_orphan(t, &c);
}

/* The new process has a claim of its own by then: two processes of one pid in the ledger. */
static void scenario_pid_used_again_both_claimed(struct test *t)
{
	struct theft c = watched(t);
	struct puppet *innocent;
	struct attempt a;
	struct prop own;

	stage_fill(&c.out);
	innocent = replace_client(t, &c);
	own = stage_client(innocent, 0, "127.0.0.1", SERVER_PORT);
	stage_accepted(&c.listener, c.backend);
	check_orphan(t, &c);
	a = stage_refused(c.web, 0, "0.0.0.0", own.look.local.port, EADDRINUSE);
	truth_check_client(t, &a, &own, c.backend);
}

/* The socket lives on in an heir: the heir is to be stopped, not the process that has the claimer's
 * pid. */
static struct prop hand_to_another(struct test *t, struct theft *c)
{
	struct prop copy = stage_pass(&c->out, puppet_start(t, "heir"));

	replace_client(t, c);
	return copy;
}

static void scenario_pid_used_again_passed_on(struct test *t)
{
	struct theft c = watched(t);
	struct prop copy = hand_to_another(t, &c);
	struct truth truth;

	theft_refuse(&c);
	truth = truth_client(&c.attempt, &c.out, c.backend);
	truth_inherited(&truth, copy.by, copy.fd);
	check_not_named(t, verdict_check(t, &truth));
}

/* All of it happens while portclash is stopped: claim, end, refusal, end; both pids belong to
 * others by the time that portclash reads the records. */
static void scenario_pid_used_again_while_stopped(struct test *t)
{
	struct puppet_spec spec = { .name = "innocent" };
	struct theft c;

	monitor_watch(t, NULL);
	footprint_stop(t, t->monitor->pid);
	c = theft_connected(t);
	stage_fill(&c.out);
	replace_client(t, &c);
	theft_refuse(&c);
	spec.pid = c.web->pid;
	puppet_exit(c.web);
	sleep_ms(TICK_MS);
	puppet_start_as(t, &spec);
	kill(t->monitor->pid, SIGCONT);
	check_orphan_of(t, &c);
}

/* `who` has no ledger: it names the process that has the socket open now. */
static void scenario_pid_used_again_who(struct test *t)
{
	struct theft c = theft_connected(t);
	struct prop copy = hand_to_another(t, &c);
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

const struct scenario cases_process_pid_used_again[] = {
	{ .name = "pid-used-again-orphan", .run = scenario_pid_used_again_orphan, .where = ONCE },
	{ .name = "pid-used-again-both-claimed",
	  .run = scenario_pid_used_again_both_claimed,
	  .where = NATIVE },
	{ .name = "pid-used-again-passed-on",
	  .run = scenario_pid_used_again_passed_on,
	  .where = NATIVE },
	{ .name = "pid-used-again-while-stopped",
	  .run = scenario_pid_used_again_while_stopped,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "pid-used-again-who", .run = scenario_pid_used_again_who, .where = NATIVE },
	{ 0 },
};
