// SPDX-License-Identifier: GPL-2.0-only
/* Early warnings: comparing the fields that every warning has. */
#include "judge/warning.h"

#include <stdio.h>
#include <string.h>

#include "monitor/monitor.h"

/* Expects the fix with exactly this command. */
static bool has_command(json_t *line, const char *command, bool lasting)
{
	json_t *fixes = json_object_get(line, "fixes"), *fix;
	size_t i;

	json_array_foreach(fixes, i, fix)
	{
		const char *have = json_string_value(json_object_get(fix, "command"));

		if (have && !strcmp(have, command) &&
		    json_is_true(json_object_get(fix, "lasting")) == lasting)
			return true;
	}
	return false;
}

void warning_check_fixes(struct test *t, json_t *line, pid_t pid, const char *reserve)
{
	char command[256];

	snprintf(command, sizeof(command), "kill %d", pid);
	if (!has_command(line, command, false))
		test_fail(t, "expected the fix `%s`", command);
	if (!has_command(line, reserve, true))
		test_fail(t, "expected the fix `%s`", reserve);
}

json_t *warning_await(struct test *t, const struct prop *p, const char *how)
{
	json_t *line = monitor_line(t, "warning", p->by->pid, 5);
	struct spot s = spot_of(t, line), process = spot_below(&s, "process");

	if (!line) {
		test_fail(t, "expected a warning \"%s\" of %s, got none", how, p->by->who.comm);
		return NULL;
	}
	expect_int(&s, "schema", 1);
	expect_time(&s, "time", p->before, p->after);
	expect_string(&s, "how", how);
	expect_string(&s, "family", p->look.family == AF_INET6 ? "ipv6" : "ipv4");
	expect_int(&s, "port", PORT);
	expect_int(&s, "cookie", (long long)p->look.cookie);
	expect_int(&s, "netns", (long long)p->by->who.netns);
	expect_person(&s, "process", &p->by->who);
	expect_int(&process, "tid", p->by->who.tid);
	expect_contains(&s, "explanation", LIST);
	expect_contains(&s, "explanation", p->by->who.comm);
	return line;
}
