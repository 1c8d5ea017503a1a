// SPDX-License-Identifier: GPL-2.0-only
/* The end of every scenario that watched: summary, exit status, standard error, and lines
 * that nobody expected. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "judge/expect.h"
#include "monitor/monitor.h"
#include "monitor/shared.h"
#include "stage/puppet.h"

static void check_line(struct test *t, json_t *line)
{
	struct spot s = spot_of(t, line);

	expect_int(&s, "schema", 1);
	if (!json_is_string(json_object_get(line, "type")))
		test_fail(t, "expected a type on every line");
	expect_recent(&s, "time");
}

static void check_unexpected(struct test *t, json_t *line)
{
	const char *type = json_string_value(json_object_get(line, "type"));
	bool warns = type && !strcmp(type, "warning");
	json_t *who = json_object_get(line, warns ? "process" : "requester");
	pid_t pid = (pid_t)json_integer_value(json_object_get(who, "pid"));

	/* A shared portclash gives only lines about this scenario. */
	if (!type || (!warns && strcmp(type, "refusal")) ||
	    (!t->monitor->netns && !test_has_puppet(t, pid)))
		return;
	test_fail(t, "expected no more %ss of %d", type, pid);
	note_line(t, line);
}

/* portclash may lose records of other processes on this machine, too. So the check for lost records
 * is made only where the scenario itself is the load. */
static void check_lost(struct test *t, struct spot *summary)
{
	struct spot lost = spot_below(summary, "lost");
	long long total = 0;

	if (!json_is_object(lost.json))
		expected(&lost, "the numbers of lost records");
	for (void *i = json_object_iter(lost.json); i; i = json_object_iter_next(lost.json, i)) {
		const char *kind = json_object_iter_key(i);

		total += json_integer_value(json_object_iter_value(i));
		if (t->lossless && (!t->forgiven || !strstr(t->forgiven, kind)))
			expect_int(&lost, kind, 0);
	}
	expect_int(summary, "lost_total", total);
}

static unsigned long refusals_shown(const struct monitor *m)
{
	unsigned long shown = 0;

	for (size_t i = 0; i < m->count; i++) {
		const char *type = json_string_value(json_object_get(m->lines[i], "type"));

		shown += type && !strcmp(type, "refusal");
	}
	return shown;
}

static void check_monitor_summary(struct test *t)
{
	json_t *line = monitor_line(t, "summary", 0, 0);
	struct spot s = spot_of(t, line), by_cause;
	unsigned long sum = 0, shown = refusals_shown(t->monitor);

	if (!line) {
		test_fail(t, "expected a summary line at the end, got none");
		return;
	}
	/* Refusals of other programs on this machine that look for any free port have no line. */
	shown += (unsigned long)json_integer_value(json_object_get(line, "hunting"));
	expect_int(&s, "verdicts_total", (long long)shown);
	by_cause = spot_below(&s, "verdicts");
	for (void *i = json_object_iter(by_cause.json); i;
	     i = json_object_iter_next(by_cause.json, i))
		sum += (unsigned long)json_integer_value(json_object_iter_value(i));
	if (sum != shown)
		test_fail(t, "expected %lu, got %lu as the sum of verdicts", shown, sum);
	check_lost(t, &s);
}

static void check_silence(struct test *t)
{
	char *said = monitor_text(t->monitor->err);

	if (!said || *said)
		test_fail(t, "expected nothing on standard error, got \"%s\"", said ? said : "");
	free(said);
}

static void end_monitor(struct test *t, struct monitor *m)
{
	int status = monitor_stop(t, m, SIGINT, 10), expected;

	monitor_read(t, m);
	expected = refusals_shown(m) && !m->agent ? 3 : 0;
	if (status != expected)
		test_fail(t, "expected %d, got %d as exit status", expected, status);
	check_monitor_summary(t);
	check_silence(t);
}

void monitor_finish(struct test *t)
{
	struct monitor *m = t->monitor;

	if (!m)
		return;
	if (m->netns)
		shared_settle(t);
	else
		end_monitor(t, m);
	for (size_t i = 0; i < m->count; i++) {
		check_line(t, m->lines[i]);
		if (!m->used[i] && !t->retries)
			check_unexpected(t, m->lines[i]);
	}
}
