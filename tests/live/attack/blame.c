// SPDX-License-Identifier: GPL-2.0-only
/* A user has somebody else hold a port, so that the advice stops that one: a process that takes descriptors, as a
 * message bus does, is sent the user's listening socket. The advice is taken, and the innocent process lives. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "judge/free.h"
#include "judge/guard.h"
#include "judge/verdict.h"
#include "judge/who.h"
#include "monitor/footprint.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/group.h"

#define NOBODY 65534
#define VICTIM 33
#define PORT 8080

struct blame {
	struct test *t;
	struct puppet *evil;
	struct puppet *bus; /* the innocent one */
	struct puppet *web;
	struct prop listener;
};

static struct blame blame_begin(struct test *t)
{
	return (struct blame){
		.t = t,
		.evil = puppet_start_as(t, &(struct puppet_spec){ .name = "evil", .uid = NOBODY }),
		.bus = puppet_start_as(t, &(struct puppet_spec){ .name = "bus", .uid = VICTIM }),
		.web = puppet_start(t, "web"),
	};
}

static void blame_pass(struct blame *b)
{
	b->listener = stage_listener(b->evil, 0, "0.0.0.0", PORT);
	stage_pass(&b->listener, b->bus);
}

/* Each command that the verdict prints against the trouble at hand is run. */
static void take_blaming_advice(struct blame *b, bool evil_has_it)
{
	struct spot s;
	json_t *line;

	stage_refused(b->web, 0, "0.0.0.0", PORT, EADDRINUSE);
	line = verdict_take(b->web);
	s = spot_of(b->t, line);
	if (!evil_has_it)
		expect_contains(&s, "explanation", "was made by evil");
	if (fixes_run_now(b->t, line) != (evil_has_it ? 1 : 0))
		test_fail(b->t, "expected %s command", evil_has_it ? "one" : "no");
	sleep_ms(200);
	if (kill(b->bus->pid, 0) || footprint_state(b->bus->pid) == 'Z') {
		test_fail(b->t, "the advice ended the process that the socket was sent to");
		note_line(b->t, line);
	}
}

/* Both have the socket: the attacker alone is to be stopped. Then the innocent process has it alone. */
static void scenario_blame_by_passing(struct test *t)
{
	struct blame b = blame_begin(t);

	monitor_watch(t, (const char *const[]){ "--repeat-interval", "0", NULL });
	blame_pass(&b);
	take_blaming_advice(&b, true);
	puppet_exit(b.evil);
	take_blaming_advice(&b, false);
}

/* The claim was not seen: the socket itself says whose it is. */
static void scenario_blame_before_start(struct test *t)
{
	struct blame b = blame_begin(t);

	blame_pass(&b);
	puppet_exit(b.evil);
	monitor_watch(t, NULL);
	stage_refused(b.web, 0, "0.0.0.0", PORT, EADDRINUSE);
	if (fixes_run_now(t, verdict_take(b.web)))
		test_fail(t, "expected no command");
}

static void scenario_blame_before_free(struct test *t)
{
	static const char *const stop[] = { "--stop", NULL };
	struct blame b = blame_begin(t);
	struct freed f;

	blame_pass(&b);
	puppet_exit(b.evil);
	f = free_run(t, "8080", stop, 3);
	sleep_ms(200);
	if (footprint_state(b.bus->pid) == 'Z') {
		test_fail(t, "`portclash free --stop` ended an innocent process");
		note_line(t, f.plan.json);
	}
}

#define HEX16 "0123456789abcdef"
#define CONTAINER HEX16 HEX16 HEX16 HEX16
#define DELEGATED "/" GROUP_ROOT "/delegated"

/* A user who owns a control group names groups below it like other people's containers, pods and units. */
static void scenario_blame_by_group(struct test *t)
{
	static const char *const groups[] = {
		DELEGATED "/docker-" CONTAINER ".scope",
		DELEGATED "/libpod-" CONTAINER ".scope",
		DELEGATED "/kubepods/pod1b4e28ba-2fa1-11d2-883f-0016d3cca427/" CONTAINER,
		DELEGATED "/nginx.service",
	};
	struct puppet *evil[4];
	char folder[600];

	for (unsigned i = 0; i < 4; i++) {
		evil[i] =
			puppet_start_as(t, &(struct puppet_spec){ .name = "evil", .uid = NOBODY });
		group_move(t, groups[i], evil[i]);
	}
	if (group_folder(DELEGATED, folder, sizeof(folder)) || chown(folder, NOBODY, NOBODY))
		test_fail(t, "cannot give the group to a user");
	monitor_watch(t, NULL);
	for (unsigned i = 0; i < 4; i++) {
		struct puppet *web = puppet_start(t, "web");
		json_t *line;
		char kill[32];

		stage_listener(evil[i], 0, "0.0.0.0", (uint16_t)(PORT + i));
		stage_refused(web, 0, "0.0.0.0", (uint16_t)(PORT + i), EADDRINUSE);
		line = verdict_take(web);
		snprintf(kill, sizeof(kill), "kill %d", evil[i]->pid);
		if (!fixes_with_command(line, kill) || fixes_with_command(line, " stop ") ||
		    fixes_run_now(t, line) != 1) {
			test_fail(t, "expected that the process is stopped, and nothing by name");
			note_line(t, line);
		}
	}
	for (unsigned i = 0; i < 4; i++) {
		puppet_exit(evil[i]);
		group_remove(groups[i]);
	}
}

/* `free` believes such a name no more: the process itself is stopped, and nobody is told of the other's container. */
static void scenario_blame_by_group_before_free(struct test *t)
{
	static const char *const stop[] = { "--stop", NULL };
	static const char group[] = DELEGATED "/docker-" CONTAINER ".scope";
	struct puppet *evil =
		puppet_start_as(t, &(struct puppet_spec){ .name = "evil", .uid = NOBODY });
	char folder[600];
	struct freed f;
	json_t *stops;

	group_move(t, group, evil);
	if (group_folder(DELEGATED, folder, sizeof(folder)) || chown(folder, NOBODY, NOBODY))
		test_fail(t, "cannot give the group to a user");
	stage_listener(evil, 0, "0.0.0.0", PORT);
	f = free_run(t, "8080", stop, 0);
	stops = json_object_get(f.plan.json, "stops");
	if (json_array_size(stops) != 1 ||
	    !json_is_null(json_object_get(json_array_get(stops, 0), "name"))) {
		test_fail(t, "expected that no name is given for the process to stop");
		note_line(t, f.plan.json);
	}
	group_remove(group);
}

/* `who` names no unit of the system for the group of a user. */
static void scenario_blame_by_group_before_who(struct test *t)
{
	static const char group[] = DELEGATED "/nginx.service";
	struct puppet *evil =
		puppet_start_as(t, &(struct puppet_spec){ .name = "evil", .uid = NOBODY });
	char folder[600];
	struct prop p;
	struct spot line, holder, owners, process;

	group_move(t, group, evil);
	if (group_folder(DELEGATED, folder, sizeof(folder)) || chown(folder, NOBODY, NOBODY))
		test_fail(t, "cannot give the group to a user");
	puppet_identify(evil);
	p = stage_listener(evil, 0, "0.0.0.0", PORT);
	line = who_ask(t, PORT, "tcp", 3);
	holder = who_holder(&line, 0, &p, "LISTEN", evil);
	owners = spot_below(&holder, "owners");
	process = spot_at(&owners, 0);
	expect_int(&process, "pid", evil->pid);
	expect_null(&process, "unit");
	expect_contains(&process, "cgroup", "/nginx.service");
	puppet_exit(evil);
	group_remove(group);
}

/* The guard takes nobody for a service or a container by such a name. */
static void scenario_blame_by_group_before_guard(struct test *t)
{
	static const char *const groups[] = { DELEGATED "/nginx.service",
					      DELEGATED "/docker-" CONTAINER ".scope" };
	static const char *const policy[] = { "--own-netns", "--policy",
					      "system-units,container:" CONTAINER, NULL };
	struct puppet *evil[2],
		*early =
			puppet_start_as(t, &(struct puppet_spec){ .name = "early", .uid = NOBODY });
	char folder[600];
	struct guard g;

	for (unsigned i = 0; i < 2; i++) {
		evil[i] =
			puppet_start_as(t, &(struct puppet_spec){ .name = "evil", .uid = NOBODY });
		group_move(t, groups[i], evil[i]);
	}
	group_move(t, groups[0], early);
	if (group_folder(DELEGATED, folder, sizeof(folder)) || chown(folder, NOBODY, NOBODY))
		test_fail(t, "cannot give the group to a user");
	stage_listener(early, 0, "127.0.0.1", 45000);
	g = guard_begin(t, policy);
	for (unsigned i = 0; i < 2; i++)
		stage_listener(evil[i], 0, "127.0.0.1", (uint16_t)(45002 + 2 * i));
	sleep_ms(500);
	guard_expect_list(t, "");
	guard_end(&g, SIGTERM);
	puppet_exit(early);
	for (unsigned i = 0; i < 2; i++) {
		puppet_exit(evil[i]);
		group_remove(groups[i]);
	}
}

/* The process that claimed the port, and no other, is stopped, whatever it has become since. */
static void stop_what_it_became(struct test *t, struct puppet *evil)
{
	struct puppet *web = puppet_start(t, "web");
	json_t *line;
	char kill[32];

	stage_refused(web, 0, "0.0.0.0", PORT, EADDRINUSE);
	line = verdict_take(web);
	snprintf(kill, sizeof(kill), "kill %d", evil->pid);
	if (!fixes_with_command(line, kill) || fixes_with_command(line, "systemctl") ||
	    fixes_run_now(t, line) != 1) {
		test_fail(t, "expected `%s`, and no other command", kill);
		note_line(t, line);
	}
	fixes_expect_free(web, 0, "0.0.0.0", PORT);
}

static void act_move_away(void *io)
{
	*(int *)io = unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) ? errno : 0;
}

static void scenario_blame_by_moving(struct test *t)
{
	struct puppet *evil =
		puppet_start_as(t, &(struct puppet_spec){ .name = "evil", .uid = NOBODY });
	int err = 0;

	monitor_watch(t, NULL);
	stage_listener(evil, 0, "0.0.0.0", PORT);
	puppet_call(evil, act_move_away, &err, sizeof(err));
	if (err)
		test_skip(t, "a user cannot make namespaces here");
	stop_what_it_became(t, evil);
}

/* Gives itself the environment and the names of a service that systemd handed its socket. */
static void act_pose_as_service(void *io)
{
	char pid[16];

	fcntl(*(int *)io, F_SETFD, 0);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_FDNAMES", "ssh.socket", 1);
	setenv("INVOCATION_ID", "0123456789abcdef0123456789abcdef", 1);
	execl("/proc/self/exe", "/usr/sbin/sshd", "--puppet", "sshd", NULL);
	_exit(1);
}

static void scenario_blame_by_activation(struct test *t)
{
	struct puppet *evil =
		puppet_start_as(t, &(struct puppet_spec){ .name = "systemd", .uid = NOBODY });
	struct puppet now = *evil;
	struct prop listener;

	monitor_watch(t, NULL);
	listener = stage_listener(evil, 0, "0.0.0.0", PORT);
	puppet_begin(evil, act_pose_as_service, &listener.fd, sizeof(listener.fd));
	puppet_identify(&now);
	stop_what_it_became(t, evil);
}

const struct scenario cases_attack_blame[] = {
	{ .name = "blame-by-passing",
	  .run = scenario_blame_by_passing,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "blame-before-start",
	  .run = scenario_blame_before_start,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "blame-by-moving", .run = scenario_blame_by_moving, .where = NATIVE },
	{ .name = "blame-by-activation", .run = scenario_blame_by_activation, .where = ONCE },
	{ .name = "blame-by-group",
	  .run = scenario_blame_by_group,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "blame-before-free", .run = scenario_blame_before_free, .where = ONCE },
	{ .name = "blame-by-group-before-guard",
	  .run = scenario_blame_by_group_before_guard,
	  .where = ONCE },
	{ .name = "blame-by-group-before-free",
	  .run = scenario_blame_by_group_before_free,
	  .where = ONCE },
	{ .name = "blame-by-group-before-who",
	  .run = scenario_blame_by_group_before_who,
	  .where = ONCE },
	{ 0 },
};
