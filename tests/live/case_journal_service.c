// SPDX-License-Identifier: GPL-2.0-only
/* `portclash agent` as a service: what it writes to the journal by itself, whose log has it, and a
 * journald that goes away and comes back. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "group.h"
#include "journald.h"
#include "logfile.h"
#include "theft.h"

static const char unit_path[] = "/" GROUP_ROOT "/orders.service";

struct cast {
	struct theft theft;
	char log[128];
};

static struct cast cast_of(struct test *t)
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

/* The log of the refused service itself has it, though the service is gone. */
static void service_log(struct test *t)
{
	struct monitor *m;
	struct cast c;
	json_t *entry;

	journald_enter(t);
	journald_start(t);
	c = cast_of(t);
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

static size_t count(struct test *t, const char *arguments, size_t least)
{
	json_t *list = journald_find(t, arguments, least);
	size_t n = json_array_size(list);

	json_decref(list);
	return n;
}

static void expect_count(struct test *t, const char *arguments, size_t want)
{
	size_t have = count(t, arguments, want);

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

/* As systemd starts it: entries, and no JSON beside them; unless the journal is not wanted, or the
 * log goes elsewhere. */
static void as_service(struct test *t)
{
	const char *plain[] = { "agent", NULL };
	const char *off[] = { "agent", "--journal", "off", NULL };
	struct monitor_spec spec = { .argv = plain };
	struct monitor *m;
	struct cast c;

	journald_enter(t);
	journald_start(t);
	c = cast_of(t);
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
	if (!count(t, "_TRANSPORT=stdout --grep \'\"type\":\"ready\"\'", 1))
		test_fail(t, "expected the ready line on standard output with --journal off");
	end_well(t, m);
	expect_count(t, "_TRANSPORT=journal PORTCLASH_TYPE=ready", 1);
}

/* Others on this machine can be refused meanwhile: so many entries are lost, or more. */
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

/* In the log, which is written just before the journal. */
static void await_refusals(struct test *t, const struct cast *c, size_t want)
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

/* Not there, there, gone, there again: said once each time and counted, and the log goes on. */
static void outage(struct test *t)
{
	struct monitor *m;
	struct cast c;
	pid_t journald;

	journald_enter(t);
	c = cast_of(t);
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
	await_refusals(t, &c, 3);
	logfile_await_said(t, m, "cannot write to the journal: Connection refused");
	journald_start(t);
	theft_refuse(&c.theft);
	expect_refused_entries(t, &c, 2);
	end_well(t, m);
	expect_sentences(t, m, 4, 3);
	await_refusals(t, &c, 4);
}

const struct scenario cases_journal_service[] = {
	{ .name = "journal-service-log", .run = service_log, .where = NATIVE },
	{ .name = "journal-as-service", .run = as_service, .where = NATIVE },
	{ .name = "journal-outage", .run = outage, .where = NATIVE },
	{ 0 },
};
