// SPDX-License-Identifier: GPL-2.0-only
/* A user makes what portclash reads never answer: the arguments of a process lie in a file of a FUSE mount whose
 * server is silent, a process holds the lock of its memory, or its working directory and the path of its socket
 * are on such a mount. Nobody else waits for it, and every end is orderly. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "judge/audit.h"
#include "judge/verdict.h"
#include "monitor/bpf_objects.h"
#include "monitor/footprint.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/dead_files.h"
#include "stage/named.h"

/* A user of its own: the stalls use up its share of the looks, also on the monitor that the scenarios share. */
#define STALLER 65531
#define VICTIM 33  /* www-data, as Debian numbers it */
#define PORT 40123 /* where the kernel chooses, too: an audit speaks of it */
#define VICTIM_PORT 40124
#define ROUNDS 5

/* A verdict or a command takes a fraction of a second, and a look that blocks may add as much. */
#define SOON_NS 5000000000
#define SOON 5.0

struct stall {
	struct test *t;
	struct puppet *evil;
	struct puppet *api; /* the victims */
	struct puppet *web;
	char folder[512];
};

/* `flags`: of its namespaces. */
static struct puppet *start_evil(struct test *t, uid_t uid, int flags)
{
	static char argument[DEAD_ARGUMENT];

	memset(argument, 'x', sizeof(argument) - 1);
	return puppet_start_as(
		t, &(struct puppet_spec){
			   .name = "evil", .argument = argument, .uid = uid, .flags = flags });
}

static struct stall stall_begin(struct test *t, uid_t uid, int flags)
{
	return (struct stall){
		.t = t,
		.evil = start_evil(t, uid, flags),
		.api = puppet_start_as(t, &(struct puppet_spec){ .name = "api", .uid = VICTIM }),
		.web = puppet_start_as(t, &(struct puppet_spec){ .name = "web", .uid = VICTIM }),
	};
}

/* The refusal of this process is told soon, and the holder is this one. */
static json_t *told_soon(struct test *t, struct puppet *web, uint16_t port,
			 const struct puppet *holder)
{
	int64_t before = wall_ns();
	struct spot s, holders, first, process;
	json_t *line;

	stage_refused(web, 0, "127.0.0.1", port, EADDRINUSE);
	line = verdict_take(web);
	if (wall_ns() - before > (int64_t)(SOON_NS * t->settings->patience))
		test_fail(t, "expected the verdict within %.1f s, got it after %.1f s", SOON,
			  (double)(wall_ns() - before) / 1e9);
	s = spot_of(t, line);
	holders = spot_below(&s, "holders");
	first = spot_at(&holders, 0);
	process = spot_below(&first, "process");
	expect_string(&s, "cause", "listener");
	expect_int(&process, "pid", holder->pid);
	expect_string(&process, "comm", holder->who.comm);
	return line;
}

/* The attack is real. The attacker's threads need a moment to get in each other's way. */
static void must_block(const struct stall *s)
{
	int64_t until = deadline_in(s->t, 10);

	while (!dead_files_block_arguments(s->evil))
		if (deadline_over(until))
			test_abort(s->t, "stage: a read of the attacker's arguments does not wait");
}

/* The attacker has the port; the victims' own clash is beside it. */
static void stall_clashes(struct stall *s)
{
	struct spot line, process;

	for (int i = 0; i < ROUNDS; i++) {
		line = spot_of(s->t, told_soon(s->t, s->web, VICTIM_PORT, s->api));
		process = spot_below(&line, "requester");
		expect_contains(&process, "cmdline", "live --puppet web");
		told_soon(s->t, s->web, PORT, s->evil);
	}
}

static void stall_listeners(struct stall *s)
{
	stage_listener(s->api, 0, "127.0.0.1", VICTIM_PORT);
	stage_listener(s->evil, 0, "127.0.0.1", PORT);
}

/* The kernel reads no arguments of a file: a verdict has those before it. */
static void scenario_stall_by_arguments(struct test *t)
{
	struct stall s = stall_begin(t, STALLER, 0);

	dead_files_mount(s.evil, STALLER, s.folder);
	dead_files_take_arguments(s.evil);
	monitor_watch(t, (const char *const[]){ "--repeat-interval", "0", NULL });
	stall_listeners(&s);
	stall_clashes(&s);
	told_soon(t, s.evil, VICTIM_PORT, s.api);
}

/* The attacker's port is older than portclash, so that portclash reads who it is in /proc. */
static void stall_by_memory(struct test *t, uid_t uid, int flags)
{
	struct stall s = stall_begin(t, uid, flags);

	dead_files_mount(s.evil, uid, s.folder);
	stall_listeners(&s);
	dead_files_hold_memory(s.evil);
	must_block(&s);
	monitor_watch(t, (const char *const[]){ "--repeat-interval", "0", NULL });
	stall_clashes(&s);
	must_block(&s);
}

static void scenario_stall_by_memory(struct test *t)
{
	stall_by_memory(t, STALLER, 0);
}

/* The root of a container, in the user namespace of all, is no more trusted than a user. */
static void scenario_stall_by_contained_root(struct test *t)
{
	stall_by_memory(t, 0, CLONE_NEWPID);
}

static void timed_run(struct test *t, const char *const *argv, int status)
{
	int64_t before = wall_ns();
	struct audit a = audit_json(t, argv, status);

	test_note(t, "%s: %.2f s", argv[0], (double)(wall_ns() - before) / 1e9);
	if (wall_ns() - before > (int64_t)(SOON_NS * t->settings->patience))
		test_fail(t, "expected that `portclash %s` ends within %.1f s, got %.1f s", argv[0],
			  SOON, (double)(wall_ns() - before) / 1e9);
	(void)a;
}

static void scenario_stall_of_commands(struct test *t)
{
	struct stall s = stall_begin(t, STALLER, 0);

	dead_files_mount(s.evil, STALLER, s.folder);
	stall_listeners(&s);
	dead_files_hold_memory(s.evil);
	must_block(&s);
	timed_run(t, (const char *const[]){ "who", "--json", "--netns", "self", "40123", NULL }, 3);
	timed_run(t, (const char *const[]){ "audit", "--json", "--netns", "self", NULL }, 3);
	timed_run(t, (const char *const[]){ "free", "40123", "--yes", "--json", NULL }, 3);
}

/* The kernel ends no process while one of its threads waits for the server of a file system. Until then the process
 * has neither programs nor work, and hinders no other portclash. */
static void end_while_stuck(struct test *t)
{
	struct bpf_objects objects;
	int64_t until = deadline_in(t, 10);
	char state = 0;

	bpf_objects_of(t, t->monitor->pid, &objects);
	kill(t->monitor->pid, SIGINT);
	while ((state = footprint_state(t->monitor->pid)) != 'Z' && !deadline_over(until))
		sleep_ms(10);
	if (state != 'Z')
		test_fail(t, "expected that portclash ended as far as the kernel lets it, got %c",
			  state);
	bpf_objects_expect_gone(t, &objects);
}

/* The file system is open to root, too: what leads into it blocks whoever looks. */
static void scenario_stall_by_paths(struct test *t)
{
	struct stall s = stall_begin(t, STALLER, 0);
	struct puppet *mounter = puppet_start(t, "mounter");
	struct named name = named_path("socket");
	struct spot at;
	json_t *line;

	dead_files_mount(mounter, STALLER, s.folder);
	named_go_to(mounter, s.folder);
	monitor_watch(t, (const char *const[]){ "--repeat-interval", "0", NULL });
	stage_listener(s.api, 0, "127.0.0.1", VICTIM_PORT);
	stage_listener(mounter, 0, "127.0.0.1", PORT);
	dead_files_fall_silent(mounter);
	named_refused(mounter, SOCK_STREAM, &name);
	line = verdict_take(mounter);
	if (!dead_files_waiting(mounter))
		test_abort(t, "stage: no look at the path waits for the file system");
	told_soon(t, s.web, VICTIM_PORT, s.api);
	told_soon(t, s.web, PORT, mounter);
	at = spot_of(t, line);
	expect_string(&at, "cause", "unknown");
	expect_bool(&at, "incomplete", true);
	end_while_stuck(t);
	puppet_kill(mounter);
}

const struct scenario cases_attack_stall[] = {
	{ .name = "stall-by-arguments",
	  .run = scenario_stall_by_arguments,
	  .watch = WATCH_OWN,
	  .where = NATIVE },
	{ .name = "stall-by-memory",
	  .run = scenario_stall_by_memory,
	  .watch = WATCH_OWN,
	  .where = NATIVE },
	{ .name = "stall-by-contained-root",
	  .run = scenario_stall_by_contained_root,
	  .watch = WATCH_OWN,
	  .where = NATIVE },
	{ .name = "stall-of-commands", .run = scenario_stall_of_commands, .where = NATIVE },
	{ .name = "stall-by-paths",
	  .run = scenario_stall_by_paths,
	  .watch = WATCH_OWN,
	  .where = NATIVE },
	{ 0 },
};
