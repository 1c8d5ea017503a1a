// SPDX-License-Identifier: GPL-2.0-only
/* Names and command lines made to break terminals, logs and parsers: the JSON holds them whole and
 * escaped; the text shows no byte of them that a terminal would obey. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/binary.h"

#define NOBODY 65534

/* Escape sequences, quotes, newlines, broken and overlong UTF-8, a right-to-left override, a
 * terminal's C1 control. */
#define EVIL_COMM "\033[31m\"\n\\\xff\xc0\xaf\r"
#define EVIL_NAME "x\033]0;owned\007\n\"'`$(id)\\\xfe\xed\xa0\x80\xe2\x80\xae\xc2\x9b"
#define EVIL_ARGUMENT "a\nFAIL\033[2J{\"type\":\"refusal\"}\t\xf0\x9f\x92\xa5\xf8\x88"

struct cast {
	struct puppet *evil;
	struct puppet *web;
};

static struct cast hostile_cast(struct test *t, uid_t uid)
{
	static char path[256];
	struct puppet_spec evil = {
		.name = EVIL_COMM,
		.exe = binary_copy(t, EVIL_NAME, path, sizeof(path)),
		.argv0 = EVIL_NAME,
		.argument = EVIL_ARGUMENT,
		.uid = uid,
	};

	return (struct cast){ .evil = puppet_start_as(t, &evil), .web = puppet_start(t, "web") };
}

static void scenario_hostile_holder(struct test *t)
{
	struct cast c = hostile_cast(t, 0);
	struct prop listener;
	struct attempt a;

	monitor_watch(t, NULL);
	listener = stage_listener(c.evil, 0, "0.0.0.0", 8080);
	a = stage_refused(c.web, 0, "0.0.0.0", 8080, EADDRINUSE);
	truth_check_listener(t, &a, &listener);
}

static void scenario_hostile_requester(struct test *t)
{
	struct cast c = hostile_cast(t, NOBODY);
	struct attempt a;

	monitor_watch(t, NULL);
	a = stage_refused(c.evil, 0, "0.0.0.0", 80, EACCES);
	verdict_check(t, &(struct truth){ .attempt = &a, .cause = "privileged-port" });
}

/* Fails for bytes that a terminal would obey or that would feign a line: C0 except the newline,
 * DEL, C1 and whatever is not UTF-8. Each line must be one that portclash began. */
static void check_bytes(struct test *t, const char *text)
{
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		bool c1 = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;

		if ((*at >= 0x20 && *at != 0x7f && !c1) || *at == '\n')
			continue;
		test_fail(t, "expected no control characters, got \\x%02x at byte %td of the text",
			  *at, at - (const unsigned char *)text);
		test_note(t, "%s", text);
		return;
	}
	if (strstr(text, "\nFAIL") || strstr(text, "\xe2\x80\xae"))
		test_fail(t, "expected no line and no override of a stranger in the text");
}

static void check_text_utf8(struct test *t, const char *text)
{
	json_t *whole = json_string(text);

	if (!whole)
		test_fail(t, "expected UTF-8 in the text");
	json_decref(whole);
}

static void text_of_all(struct test *t, bool claims)
{
	const char *argv[] = { "trace", claims ? "--claims" : NULL, NULL };
	struct cast c = hostile_cast(t, 0), poor = hostile_cast(t, NOBODY);
	struct monitor *m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	char *text;

	if (!monitor_await_text(t, m->out, "Watching ", 20))
		test_abort(t, "expected a line that says it is watching");
	stage_listener(c.evil, 0, "0.0.0.0", 8080);
	stage_refused(c.web, 0, "0.0.0.0", 8080, EADDRINUSE);
	stage_refused(c.evil, 0, "0.0.0.0", 8080, EADDRINUSE);
	stage_refused(poor.evil, 0, "0.0.0.0", 80, EACCES);
	if (!monitor_await_text(t, m->out, "privileged-port", 10))
		test_fail(t, "expected three verdicts");
	monitor_stop(t, m, SIGINT, 10);
	text = monitor_text(m->out);
	if (!strstr(text, "\\x1b[31m"))
		test_fail(t, "expected the hostile name, escaped, in the text");
	check_bytes(t, text);
	check_text_utf8(t, text);
	free(text);
}

static void scenario_hostile_in_text(struct test *t)
{
	text_of_all(t, false);
}

static void scenario_hostile_in_text_claims(struct test *t)
{
	text_of_all(t, true);
}

/* A command line longer than any record is whole in the verdict, or marked as cut. */
static void scenario_long_command_line(struct test *t)
{
	static char argument[100000];
	struct puppet *web;
	struct attempt a;
	json_t *line;
	struct spot s;

	memset(argument, 'x', sizeof(argument) - 1);
	web = puppet_start_as(t, &(struct puppet_spec){ .name = "web", .argument = argument });
	monitor_watch(t, NULL);
	a = stage_refused(web, 0, "192.0.2.1", 8080, EADDRNOTAVAIL);
	line = monitor_line(t, "refusal", web->pid, 10);
	s = spot_below(&(struct spot){ .t = t, .json = line }, "requester");
	expect_contains(&s, "cmdline", "live --puppet web xxxxxxxx");
	if (json_string_length(json_object_get(s.json, "cmdline")) < 100000)
		expect_bool(&s, "cmdline_cut", true);
	(void)a;
}

const struct scenario cases_process_hostile_name[] = {
	{ .name = "hostile-holder", .run = scenario_hostile_holder, .where = EACH_KERNEL },
	{ .name = "hostile-requester", .run = scenario_hostile_requester, .where = EACH_KERNEL },
	{ .name = "hostile-in-text", .run = scenario_hostile_in_text, .where = ONCE },
	{ .name = "hostile-in-text-claims", .run = scenario_hostile_in_text_claims, .where = ONCE },
	{ .name = "long-command-line", .run = scenario_long_command_line, .where = EACH_KERNEL },
	{ 0 },
};
