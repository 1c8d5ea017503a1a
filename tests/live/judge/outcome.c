// SPDX-License-Identifier: GPL-2.0-only
/* Comparing an outcome with the truth. */
#include "judge/outcome.h"

#include "monitor/monitor.h"

#define OUTCOME_SECONDS 5

static void expect_number_or_null(const struct spot *s, const char *key, int value)
{
	if (value < 0)
		expect_null(s, key);
	else
		expect_int(s, key, value);
}

static void expect_gained(const struct spot *s, const struct true_outcome *truth)
{
	struct spot gained = spot_below(s, "gained"), process = spot_below(&gained, "process");

	if (!truth->gained) {
		expect_null(s, "gained");
		return;
	}
	expect_int(&gained, "port", truth->gained);
	expect_string(&gained, "how", truth->how ? truth->how : "bind");
	expect_int(&process, "pid", truth->winner ? truth->winner : truth->pid);
}

static void expect_counts(const struct spot *s, const struct true_outcome *truth)
{
	int total = truth->total ? truth->total : 1;

	expect_int(s, "total", total);
	expect_int(s, "refusals",
		   truth->refusals < 0 ? 0 :
		   truth->refusals     ? truth->refusals :
					 total);
	expect_int(s, "processes", truth->processes ? truth->processes : 1);
	expect_int(s, "lowest_port", truth->lowest ? truth->lowest : truth->wanted);
	expect_int(s, "highest_port", truth->highest ? truth->highest : truth->wanted);
}

void outcome_compare(struct test *t, json_t *line, const struct true_outcome *truth)
{
	struct spot s = spot_of(t, line), requester = spot_below(&s, "requester");
	struct spot requested = spot_below(&s, "requested");
	unsigned before = t->report->failures;

	expect_int(&s, "schema", 1);
	expect_string(&s, "outcome", truth->outcome);
	expect_string(&s, "of", truth->of);
	expect_string(&s, "cause", truth->cause);
	expect_bool(&s, "hunt", truth->hunt);
	expect_int(&requested, "port", truth->wanted);
	expect_int(&requester, "pid", truth->pid);
	expect_bool(&requester, "running", !truth->gone);
	if (truth->who)
		compare_person(&requester, truth->who);
	expect_counts(&s, truth);
	expect_gained(&s, truth);
	expect_number_or_null(&s, "exit_status", truth->exit_status);
	expect_number_or_null(&s, "exit_signal", truth->exit_signal);
	if (truth->after)
		expect_time(&s, "time", truth->after, truth->before);
	if (t->report->failures > before)
		note_line(t, line);
}

json_t *outcome_check(struct test *t, const struct true_outcome *truth)
{
	json_t *line = monitor_line(t, "outcome", truth->pid, OUTCOME_SECONDS);

	if (!line)
		test_fail(t, "expected the outcome \"%s\" of %d, got none", truth->outcome,
			  truth->pid);
	else
		outcome_compare(t, line, truth);
	return line;
}

const char *outcome_take_verdict(struct test *t, pid_t pid)
{
	json_t *line = monitor_line(t, "refusal", pid, OUTCOME_SECONDS);
	const char *id = json_string_value(json_object_get(line, "id"));

	if (!id)
		test_abort(t, "expected a refusal of %d with an id, got none", pid);
	return id;
}
