// SPDX-License-Identifier: GPL-2.0-only
/* The first line of a session. In a replay its texts come from a file that anybody may have written: none reaches
 * the terminal as it is, and each of them is valid JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "out/text_block.h"

/* Sets a title, and begins a line; no byte of it may get out. */
#define EVIL "\x1b]0;x\x07\n"
#define SHOWN "\\x1b]0;x\\x07\\x0a"

static const struct pc_ready evil = {
	.version = "1" EVIL,
	.backend = "b" EVIL,
	.why = "w" EVIL,
	.blind = "s\xff" EVIL,
	.kernel = "k" EVIL,
	.sockets = 3,
};

static char *ready_text(const struct pc_ready *r, bool verbose)
{
	struct pc_text text;

	assert_int_equal(pc_text_open(&text), 0);
	pc_put_ready(text.out, r, verbose);
	return pc_text_close(&text);
}

static void assert_harmless(const char *text)
{
	for (; *text; text++)
		assert_true((unsigned char)*text >= ' ' || *text == '\n');
	assert_null(strstr(text, "\n\n"));
}

static void banner_is_escaped(void **state)
{
	char *text = ready_text(&evil, true);

	(void)state;
	assert_harmless(text);
	assert_string_equal(
		text,
		"portclash 1" SHOWN " is watching with the b" SHOWN " back end, because it could not use w" SHOWN "; it cannot see s\\xff" SHOWN " (3 sockets were open before)");
	free(text);
}

static void hint_is_escaped(void **state)
{
	struct pc_ready r = evil;
	char *text;

	(void)state;
	r.invitation = "Watching.";
	text = ready_text(&r, false);
	assert_harmless(text);
	assert_string_equal(
		text,
		"Watching.\nBack end b" SHOWN ": it sees less than the best one. See `portclash features`.");
	free(text);
}

static void summary_has_losses(void **state)
{
	struct pc_counters counters = { .looks_skipped = 4 };
	const struct pc_summary summary = { .counters = &counters, .command_status = -1 };
	struct pc_text text;
	char *string;

	(void)state;
	assert_int_equal(pc_text_open(&text), 0);
	pc_put_summary(text.out, &summary, false);
	string = pc_text_close(&text);
	assert_non_null(strstr(string, "; looks at processes left out: 4;"));
	free(string);
}

static void json_keeps_all(void **state)
{
	static const char *const names[] = { "version", "backend", "backends_refused", "cannot_see",
					     "kernel" };
	const struct pc_clock clock = { .now_ns = 1 };
	struct pc_log log = PC_LOG_INIT;
	char path[] = "/tmp/portclash-ready-XXXXXX";
	int fd = mkstemp(path);
	json_t *line;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(pc_log_open(&log, path), 0);
	assert_int_equal(pc_sink_json.ready(&log, &clock, &evil), 0);
	pc_log_close(&log);
	line = json_load_file(path, 0, NULL);
	assert_non_null(line);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(json_is_string(json_object_get(line, names[i])));
	json_decref(line);
	unlink(path);
	close(fd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(banner_is_escaped),
		cmocka_unit_test(hint_is_escaped),
		cmocka_unit_test(summary_has_losses),
		cmocka_unit_test(json_keeps_all),
	};

	return cmocka_run_group_tests_name("text_session", tests, NULL, NULL);
}
