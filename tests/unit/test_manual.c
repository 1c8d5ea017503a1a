// SPDX-License-Identifier: GPL-2.0-only
/* The compiled-in page: every cause has its section, whole, and its line in the list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/verdict/causes.h"
#include "out/layout.h"
#include "out/manual.h"

static char *section(const char *cause, bool *found)
{
	struct pc_text text;

	assert_int_equal(pc_text_open(&text), 0);
	*found = pc_manual_section(text.out, cause);
	return pc_text_close(&text);
}

static void assert_part(const char *cause, const char *text, const char *part, bool wanted)
{
	if (!!strstr(text, part) == wanted)
		return;
	print_error("%s: \"%s\" is %s in: %s\n", cause, part, wanted ? "missing" : "unwanted",
		    text);
	fail();
}

static void sections(void **state)
{
	char line[64];
	bool found;

	(void)state;
	for (int i = PC_CAUSE_INVALID + 1; i < PC_CAUSE_COUNT; i++) {
		const char *name = pc_cause_name(i);
		char *text = section(name, &found);

		assert_true(found);
		assert_int_equal(strncmp(text, name, strlen(name)), 0);
		snprintf(line, sizeof(line), "\n    cause       %s\n", name);
		assert_part(name, text, line, true);
		assert_part(name, text, "\nWhat to do: ", true);
		assert_part(name, text, "\n#", false);
		assert_part(name, text, "`", false);
		assert_part(name, text, "\n\n\n", false);
		assert_string_not_equal(text + strlen(text) - 2, "\n\n");
		free(text);
	}
}

/* The page breaks its lines anywhere; a terminal breaks a paragraph at its own width. */
static void paragraphs(void **state)
{
	bool found;
	char *text = section("ephemeral-client", &found);

	(void)state;
	assert_part("ephemeral-client", text,
		    "\n\nThe kernel takes the source port of a connection from the ephemeral range (net.",
		    true);
	free(text);
	text = section("address-not-local", &found);
	assert_part("address-not-local", text,
		    "\n* on a device that is down;\n* still tentative", true);
	free(text);
}

/* The widest example of a cause that fits 80 columns, also with the indent of a manual page. Commands, which
 * stand deeper, may be longer: nobody breaks them. */
#define EXAMPLE_COLUMNS 76
#define COMMAND_DEPTH 18

static void examples_fit(void **state)
{
	bool found;

	(void)state;
	for (int i = PC_CAUSE_INVALID + 1; i < PC_CAUSE_COUNT; i++) {
		char *text = section(pc_cause_name(i), &found), *rest = text;

		for (char *line; (line = strsep(&rest, "\n"));) {
			size_t spaces = strspn(line, " ");
			size_t columns = pc_layout_columns(line, strlen(line));

			if (spaces >= 4 && spaces < COMMAND_DEPTH && columns > EXAMPLE_COLUMNS)
				fail_msg("%s: %zu columns: %s", pc_cause_name(i), columns, line);
		}
		free(text);
	}
}

static void not_there(void **state)
{
	static const char *const names[] = {
		"",	   "invalid",
		"listene", "listener`\n",
		"Causes",  "listener-listener-listener-listener-listener-listener-listener"
	};
	bool found;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *text = section(names[i], &found);

		assert_false(found);
		assert_string_equal(text, "");
		free(text);
	}
}

static void list(void **state)
{
	struct pc_text text;
	const char *line;
	char *all;

	(void)state;
	assert_int_equal(pc_text_open(&text), 0);
	pc_manual_list(text.out);
	all = pc_text_close(&text);
	line = all;
	for (int i = PC_CAUSE_INVALID + 1; i < PC_CAUSE_COUNT; i++) {
		const char *end = strchr(line, '\n');

		assert_non_null(end);
		assert_int_equal(strncmp(line, pc_cause_name(i), strlen(pc_cause_name(i))), 0);
		assert_true(end[-1] == '.');
		line = end + 1;
	}
	assert_int_equal(*line++, '\n');
	assert_int_equal(strncmp(line, "EADDRINUSE ", 11), 0);
	assert_non_null(strstr(line, "\nTIME_WAIT "));
	for (; *line; line = strchr(line, '\n') + 1)
		assert_true(strchr(line, '\n')[-1] == '.');
	free(all);
}

static void topics(void **state)
{
	static const struct {
		const char *word, *topic;
	} all[] = {
		{ "TIME_WAIT", "TIME_WAIT" },
		{ "time_wait", "TIME_WAIT" },
		{ "eaddrinuse", "EADDRINUSE" },
		{ "98", "EADDRINUSE" },
		{ "Address already in use", "EADDRINUSE" },
		{ "EACCES", "EACCES" },
		{ "13", "EACCES" },
		{ "permission denied", "EACCES" },
		{ "0", NULL },
		{ "", NULL },
		{ "time-wait", NULL },
		{ "EIO", NULL },
	};
	bool found;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const char *have = pc_manual_topic(all[i].word);

		if (!all[i].topic) {
			assert_null(have);
			continue;
		}
		assert_string_equal(have, all[i].topic);
		free(section(have, &found));
		assert_true(found);
	}
	assert_string_equal(pc_manual_nearest("listner"), "listener");
	assert_string_equal(pc_manual_nearest("EADRINUSE"), "EADDRINUSE");
	assert_null(pc_manual_nearest("something"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections),
		cmocka_unit_test(paragraphs),
		cmocka_unit_test(examples_fit),
		cmocka_unit_test(not_there),
		cmocka_unit_test(list),
		cmocka_unit_test(topics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
