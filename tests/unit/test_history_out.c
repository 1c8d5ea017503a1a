// SPDX-License-Identifier: GPL-2.0-only
/* A history as it is read: the text word for word, and nothing of a stranger's text that a terminal acts
 * upon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "logline.h"
#include "out/history.h"

static const struct pc_history_filter all;
static const struct pc_slice nobody;

static void take_out_line(struct pc_history *h, const char *line)
{
	assert_int_equal(pc_history_line(h, line, strlen(line), &nobody), 0);
}

static struct pc_history *two_ports(const char *thief)
{
	struct pc_history *h = pc_history_new(&all, PC_HISTORY_BUDGET);
	struct logline l = { .id = "1796014945151348157-27593",
			     .server = "orders",
			     .server_unit = "orders.service",
			     .thief = thief,
			     .thief_unit = "backup.service",
			     .port = 43409,
			     .uid = 990,
			     .pid = 700,
			     .total = 1 };

	assert_non_null(h);
	take_out_line(h, logline_refusal(&l));
	take_out_line(h, logline_outcome(&l, "gave-up"));
	l.count = 3;
	l.total = 4;
	l.pid = 701;
	take_out_line(h, logline_repeat(&l));
	take_out_line(h, logline_refusal(&(struct logline){
				 .id = "9-9", .port = 80, .time = "06:00:00", .pid = 5 }));
	take_out_line(h, "{\"broken");
	return h;
}

static char *written_history(const struct pc_history *h, bool json, unsigned ranks)
{
	struct pc_history_view view = { .totals = pc_history_totals(h),
					.sources = { .files = 1, .too_long = 2 } };
	struct pc_log log = { .fd = memfd_create("history", MFD_CLOEXEC) };
	const struct pc_history_group **groups = pc_history_groups(h, &view.count);
	const struct pc_clock clock = { 0 };
	char *text = calloc(1, 65536);
	int err;

	view.groups = groups;
	err = json ? pc_history_json(&log, &clock, &view, ranks) :
		     pc_history_text(&log, &view, ranks);
	assert_int_equal(err, 0);
	assert_true(pread(log.fd, text, 65535, 0) > 0);
	close(log.fd);
	free(groups);
	return text;
}

static void test_text(void **state)
{
	struct pc_history *h = two_ports("curl");
	char *text = written_history(h, false, 0);

	(void)state;
	assert_string_equal(text,
			    "tcp port 43409: 4 refusals, 2026-11-30 06:02:25 to 06:02:35 CET\n"
			    "  refused     orders orders.service, user 990: orders\n"
			    "  4 times     ephemeral-client, 2026-11-30 06:02:25 to 06:02:35 CET\n"
			    "  held by     curl[4120] backup.service, user 1000: curl\n"
			    "              10.0.0.5 port 43409 → 192.0.2.7 port 443 ESTABLISHED\n"
			    "  outcome     gave up\n"
			    "  why         it is so\n"
			    "\n"
			    "tcp port 80: 1 refusal, 2026-11-30 07:00:00 CET\n"
			    "  refused     web[5], user 0: web\n"
			    "  1 time      unknown, 2026-11-30 07:00:00 CET\n"
			    "  why         it is so\n"
			    "\n"
			    "5 refusals\n"
			    "  read        5 lines in 1 file, 2026-11-30 06:02:25 to 07:00:00 CET\n"
			    "  not read    1 damaged line\n"
			    "  not read    2 lines of more than 8 MiB\n");
	free(text);
	pc_history_free(h);
}

static void test_ranks(void **state)
{
	struct pc_history *h = two_ports("curl");
	char *text = written_history(h, false, 1);

	(void)state;
	assert_non_null(strstr(text, "ports: 2\n           4  tcp port 43409"));
	assert_non_null(strstr(text, "and 1 more"));
	assert_non_null(strstr(
		text, "holders of the ports: 2\n           4  curl backup.service, user 1000"));
	assert_non_null(strstr(text, "causes: 2\n           4  ephemeral-client"));
	free(text);
	pc_history_free(h);
}

/* Escapes, a newline, a right-to-left override, and half a pair of braces. */
static void test_hostile_names(void **state)
{
	struct pc_history *h = two_ports("\\u001b[2Ja\\nb\\u202e\\\"}");
	char *text = written_history(h, false, 0), *json = written_history(h, true, 0), *rest,
	     *line;
	unsigned lines = 0;

	(void)state;
	assert_non_null(strstr(text, "held by     \\x1b[2Ja\\x0ab\\xe2\\x80\\xae\"}[4120]"));
	assert_null(strchr(text, '\x1b'));
	for (line = strtok_r(json, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		const char *comm = json_string_value(json_object_get(
			json_object_get(json_object_get(o, "holder"), "process"), "comm"));

		assert_true(json_is_object(o));
		if (!lines++)
			assert_string_equal(comm, "\x1b[2Ja\nb\u202e\"}");
		json_decref(o);
	}
	assert_int_equal(lines, 3);
	free(text);
	free(json);
	pc_history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_ranks),
		cmocka_unit_test(test_hostile_names),
	};

	setenv("TZ", "CET-1", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
