// SPDX-License-Identifier: GPL-2.0-only
/* portclash in a pid namespace of its own, where the machine's process ids mean others, and in a time
 * namespace, where the clocks differ. */
#include <errno.h>
#include <sys/socket.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/named.h"
#include "stage/stage.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static void refuses_to_start(struct test *t, int flags, const char *const *argv, const char *says)
{
	struct monitor *m =
		monitor_spawn(t, &(struct monitor_spec){ .argv = argv, .unshare = flags });
	int status = monitor_stop(t, m, 0, 20), want = !strcmp(argv[1], "--") ? 125 : 1;
	char *out = monitor_text(m->out), *err = monitor_text(m->err);

	if (status == 126)
		test_skip(t, "this namespace cannot be made here");
	if (status != want || *out || !strstr(err, says))
		test_fail(t, "expected status %d and \"%s\", got %d, \"%s\" and \"%s\"", want,
			  says, status, out, err);
	free(out);
	free(err);
}

/* The command itself must not run unwatched. */
static void scenario_trace_in_pid_namespace(struct test *t)
{
	char path[128];
	const char *const command[] = {
		"trace", "--", "/bin/sh", "-c", "echo > \"$0\"", path, NULL
	};

	/* To the guard, its own writes would be those of others. */
	const char *const guard[] = { "guard", "--protect", "8080", NULL };

	test_path(t, "ran", path, sizeof(path));
	refuses_to_start(t, CLONE_NEWPID, (const char *const[]){ "trace", "--json", NULL },
			 "a pid namespace of its own");
	refuses_to_start(t, CLONE_NEWPID, command, "--pid=host");
	refuses_to_start(t, CLONE_NEWPID, guard, "--pid=host");
	if (!access(path, F_OK))
		test_fail(t, "expected that the command does not run");
}

static void scenario_trace_in_time_namespace(struct test *t)
{
	refuses_to_start(t, CLONE_NEWTIME, (const char *const[]){ "trace", "--json", NULL },
			 "a time namespace");
	refuses_to_start(t, CLONE_NEWTIME,
			 (const char *const[]){ "agent", "--journal", "off", NULL },
			 "a time namespace");
}

/* An agent in a system container goes on: it reports what is sure, and advises no command with an id, which
 * would be another process's there. */
/* An address and a path: portclash looks for them, and must not need a process for that. */
static void refused_apart(struct test *t, struct puppet *api, struct puppet *web)
{
	char path[512];
	struct named name;
	struct spot s;

	stage_refused(web, 0, "192.0.2.1", 8080, EADDRNOTAVAIL);
	s = spot_of(t, monitor_line(t, "refusal", web->pid, 10));
	expect_string(&s, "cause", "address-not-local");
	test_path(t, "server.sock", path, sizeof(path));
	name = named_path(path);
	named_listener(api, SOCK_STREAM, &name);
	named_refused(web, SOCK_STREAM, &name);
	s = spot_of(t, monitor_line(t, "refusal", web->pid, 10));
	expect_string(&s, "proto", "unix");
}

static void scenario_agent_in_pid_namespace(struct test *t)
{
	static const char *const argv[] = { "agent", "--journal", "off", "--repeat-interval",
					    "0",     NULL };
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct spot s, holders, holder;
	json_t *line, *ready;

	t->monitor = monitor_spawn(
		t,
		&(struct monitor_spec){ .argv = argv, .unshare = CLONE_NEWPID, .in_space = true });
	ready = monitor_line(t, "ready", 0, 20);
	if (!ready)
		test_abort(t, "portclash did not start: %s", monitor_text(t->monitor->err));
	s = spot_of(t, ready);
	expect_contains(&s, "cannot_see", "a pid namespace of its own");
	stage_listener(api, 0, "127.0.0.1", 8080);
	stage_refused(web, 0, "127.0.0.1", 8080, EADDRINUSE);
	line = monitor_line(t, "refusal", web->pid, 10);
	s = spot_of(t, line);
	holders = spot_below(&s, "holders");
	holder = spot_at(&holders, 0);
	expect_string(&s, "cause", "listener");
	expect_string(&holder, "state", "LISTEN");
	if (fixes_with_command(line, "kill") || fixes_with_command(line, "nsenter"))
		test_fail(t, "a fix has a process id, which is another process's there");
	expect_null(&holder, "process_note");
	expect_person(&holder, "process", &api->who);
	expect_person(&s, "requester", &web->who);
	refused_apart(t, api, web);
}

const struct scenario cases_session_apart[] = {
	{ .name = "trace-in-pid-namespace",
	  .run = scenario_trace_in_pid_namespace,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "trace-in-time-namespace",
	  .run = scenario_trace_in_time_namespace,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "agent-in-pid-namespace",
	  .run = scenario_agent_in_pid_namespace,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ 0 },
};
