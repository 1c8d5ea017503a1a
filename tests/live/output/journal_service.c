// SPDX-License-Identifier: GPL-2.0-only
/* `portclash agent` as a service: its own entries in the journal, the service whose log shows them,
 * and a journald that goes away and comes back. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/journald.h"
#include "monitor/logfile.h"
#include "run/cases.h"
#include "stage/group.h"
#include "stage/theft.h"

static const char unit_path[] = "/" GROUP_ROOT "/orders.service";

struct cast {
	struct theft theft;
	char log[128];
};

static struct cast service_cast(struct test *t)
{
	struct cast c;

	c.theft = theft_cast(t);
	theft_listen(&c.theft, 0);
	test_path(t, "agent.log", c.log, sizeof(c.log));
	return c;
}

static struct monitor *agent(struct test *t, const struct cast *c)
{
	const char *argv[] = { "agent", "--journal", "on",   "--repeat-interval",
			       "0",	"--log",     c->log, NULL };

	return logfile_agent(t, argv, c->log);
}

static void end_well(struct test *t, struct monitor *m)
{
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0, got %#x as exit status", m->status);
}

/* The log of the refused service has the entry, though the service is gone. */
static void scenario_journal_service_log(struct test *t)
{
	struct monitor *m;
	struct cast c;
	json_t *entry;

	journald_enter(t);
	journald_start(t);
	c = service_cast(t);
	group_move(t, unit_path, c.theft.web);
	m = agent(t, &c);
	theft_connect(&c.theft, 0);
	theft_refuse(&c.theft);
	entry = journald_only(t, "-u orders.service PORTCLASH_TYPE=refusal");
	journald_field(t, entry, "OBJECT_SYSTEMD_UNIT", "orders.service");
	journald_field(t, entry, "PORTCLASH_REQUESTER_UNIT", "orders.service");
	journald_number(t, entry, "OBJECT_PID", c.theft.web->pid);
	end_well(t, m);
	puppet_exit(c.theft.web);
	group_remove(unit_path);
}

static size_t count_journal_entries(struct test *t, const char *arguments, size_t least)
{
	json_t *list = journald_find(t, arguments, least);
	size_t n = json_array_size(list);

	json_decref(list);
	return n;
}

static void expect_count(struct test *t, const char *arguments, size_t want)
{
	size_t have = count_journal_entries(t, arguments, want);

	if (have != want)
		test_fail(t, "expected %zu, got %zu entries for %s", want, have, arguments);
}

static void expect_refused_entries(struct test *t, const struct cast *c, size_t want)
{
	char words[128];

	snprintf(words, sizeof(words),
		 "_TRANSPORT=journal PORTCLASH_CAUSE=ephemeral-client PORTCLASH_REQUESTER_PID=%d",
		 c->theft.web->pid);
	expect_count(t, words, want);
}

/* The agent runs as systemd starts it: entries, and no JSON beside them, unless the journal is
 * switched off or the log goes elsewhere. */
static void scenario_journal_as_service(struct test *t)
{
	const char *plain[] = { "agent", NULL };
	const char *off[] = { "agent", "--journal", "off", NULL };
	struct monitor_spec spec = { .argv = plain };
	struct monitor *m;
	struct cast c;

	journald_enter(t);
	journald_start(t);
	c = service_cast(t);
	spec.stream = journald_stream(t);
	m = monitor_spawn(t, &spec);
	expect_count(t, "_TRANSPORT=journal PORTCLASH_TYPE=ready", 1);
	theft_connect(&c.theft, 0);
	theft_refuse(&c.theft);
	expect_refused_entries(t, &c, 1);
	end_well(t, m);
	expect_count(t, "_TRANSPORT=journal PORTCLASH_TYPE=summary", 1);
	expect_count(t, "_TRANSPORT=stdout", 0);
	spec.argv = off;
	m = monitor_spawn(t, &spec);
	if (!count_journal_entries(t, "_TRANSPORT=stdout --grep \'\"type\":\"ready\"\'", 1))
		test_fail(t, "expected the ready line on standard output with --journal off");
	end_well(t, m);
	expect_count(t, "_TRANSPORT=journal PORTCLASH_TYPE=ready", 1);
}

/* Other processes on this machine can be refused meanwhile: so many entries are lost, or more. */
static void expect_sentences(struct test *t, struct monitor *m, size_t want, long lost)
{
	static const char words[] =
		"\nportclash: the journal is written again; lines lost so far: ";
	char *said = monitor_text(m->err), *last = said, *next;

	if (logfile_count(said, "\n") != want)
		test_fail(t, "expected %zu sentences, got \"%s\"", want, said);
	while ((next = strstr(last + 1, words)))
		last = next;
	if (strncmp(last, words, strlen(words)) || strtol(last + strlen(words), NULL, 10) < lost)
		test_fail(t, "expected %ld lost lines, got \"%s\"", lost, said);
	free(said);
}

/* Waits for refusals in the log, which the agent writes just before the journal. */
static void await_log_refusals(struct test *t, const struct cast *c, size_t want)
{
	int64_t until = deadline_in(t, 10);
	char part[64];
	size_t have;

	snprintf(part, sizeof(part), "\"requester\":{\"pid\":%d,", c->theft.web->pid);
	do {
		char *text = logfile_read(c->log);

		have = logfile_count(text, part);
		free(text);
		sleep_ms(50);
	} while (have != want && !deadline_over(until));
	if (have != want)
		test_fail(t, "expected %zu, got %zu refusals in the log", want, have);
}

/* journald is absent, there, absent, there again: the agent reports each change once and counts it,
 * and the log goes on. */
static void scenario_journal_outage(struct test *t)
{
	struct monitor *m;
	struct cast c;
	pid_t journald;

	journald_enter(t);
	c = service_cast(t);
	m = agent(t, &c);
	logfile_await_said(t, m, "cannot write to the journal: No such file or directory");
	journald = journald_start(t);
	theft_connect(&c.theft, 0);
	theft_refuse(&c.theft);
	logfile_await_said(t, m, "the journal is written again");
	expect_refused_entries(t, &c, 1);
	journald_kill(journald);
	theft_refuse(&c.theft);
	theft_refuse(&c.theft);
	await_log_refusals(t, &c, 3);
	logfile_await_said(t, m, "cannot write to the journal: Connection refused");
	journald_start(t);
	theft_refuse(&c.theft);
	expect_refused_entries(t, &c, 2);
	end_well(t, m);
	expect_sentences(t, m, 4, 3);
	await_log_refusals(t, &c, 4);
}

const struct scenario cases_output_journal_service[] = {
	{ .name = "journal-service-log",
	  .run = scenario_journal_service_log,
	  .where = NATIVE,
	  .watch = WATCH_OWN },
	{ .name = "journal-as-service", .run = scenario_journal_as_service, .where = NATIVE },
	{ .name = "journal-outage",
	  .run = scenario_journal_outage,
	  .where = NATIVE,
	  .watch = WATCH_OWN },
	{ 0 },
};
