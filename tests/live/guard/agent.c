// SPDX-License-Identifier: GPL-2.0-only
/* The guard in the agent: lines in its log, metrics, and entries in the journal for each change. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "judge/guard.h"
#include "monitor/journald.h"
#include "monitor/logfile.h"
#include "run/cases.h"

/* One port may be guarded: a tenth of these. */
#define TEN_PORTS "45000 45009"

/* The agent's record is in /run/portclash: of the scenario's own here. */
static void hide_run(struct test *t)
{
	mkdir("/run", 0755);
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/run", "tmpfs", 0, "mode=755"))
		test_skip(t, "no /run of its own can be mounted here");
}

/* The port's life: a server listens, a second one is one too many, an admin wipes the list, the server
 * does not come back. */
static void play(struct test *t, const char *log)
{
	struct puppet *server = puppet_start(t, "server"), *second = puppet_start(t, "second");
	struct prop p = stage_listener(server, 0, "127.0.0.1", 45000);

	guard_await_list(t, "45000");
	stage_listener(second, 0, "127.0.0.1", 45002);
	logfile_expect(t, log, "\"deed\":\"refused\"");
	audit_set(t, RESERVED, "5000");
	logfile_expect(t, log, "\"deed\":\"restored\"");
	guard_await_list(t, "5000,45000");
	stage_close(&p);
	puppet_exit(second);
	logfile_expect(t, log, "\"deed\":\"released\"");
	guard_await_list(t, "5000");
}

static void expect_metrics(struct test *t, const char *prom)
{
	static const char *const lines[] = {
		"\nportclash_guard_active 1\n",
		"\nportclash_guarded_ports 0\n",
		"\nportclash_guard_additions_total 1\n",
		"\nportclash_guard_removals_total 1\n",
		"\nportclash_guard_restored_total 1\n",
		"\nportclash_guard_errors_total 0\n",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		logfile_expect(t, prom, lines[i]);
	/* Each look at the listeners counts the one that is too many again. */
	if (logfile_has(prom, "\nportclash_guard_refused_total{limit=\"over-share\"} 0\n"))
		test_fail(t, "expected that the refusal by the limit is counted");
}

static void check_entry(struct test *t, const char *type, const char *port, const char *says)
{
	char argument[64];
	json_t *entry;

	snprintf(argument, sizeof(argument), "PORTCLASH_TYPE=%s", type);
	entry = journald_only(t, argument);
	journald_field(t, entry, "PORTCLASH_PORT", port);
	journald_part(t, entry, "MESSAGE", says);
}

static void check_journal(struct test *t)
{
	check_entry(t, "guard-reserved", "45000", "is reserved for");
	check_entry(t, "guard-refused", "45002", "share");
	check_entry(t, "guard-restored", "45000", "stays reserved");
	check_entry(t, "guard-released", "45000", "no longer reserved");
}

static void agent_guards(struct test *t, const char *journal)
{
	char log[128], prom[128];
	const char *const argv[] = { "agent",
				     "--log",
				     test_path(t, "log", log, 128),
				     "--textfile",
				     test_path(t, "a.prom", prom, 128),
				     "--interval",
				     "200ms",
				     "--guard",
				     "all",
				     "--guard-grace",
				     "2s",
				     "--journal",
				     journal,
				     NULL };
	struct monitor *m;

	audit_set(t, RANGE, TEN_PORTS);
	m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv, .in_space = true });
	logfile_expect(t, prom, "\nportclash_guard_active 1\n");
	play(t, log);
	expect_metrics(t, prom);
	if (!strcmp(journal, "on"))
		check_journal(t);
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0, got %#x as exit status", m->status);
}

static void scenario_guard_in_agent(struct test *t)
{
	hide_run(t);
	agent_guards(t, "off");
}

static void scenario_guard_in_agent_journal(struct test *t)
{
	journald_enter(t);
	journald_start(t);
	agent_guards(t, "on");
}

const struct scenario cases_guard_agent[] = {
	{ .name = "guard-in-agent",
	  .run = scenario_guard_in_agent,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "guard-in-agent-journal",
	  .run = scenario_guard_in_agent_journal,
	  .watch = WATCH_OWN,
	  .where = NATIVE },
	{ 0 },
};
