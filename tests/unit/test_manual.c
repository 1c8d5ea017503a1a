// SPDX-License-Identifier: GPL-2.0-only
/* The compiled-in page: every cause has its section, whole, and its line in the list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/names.h"
#include "core/text.h"
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

static void not_there(void **state)
{
	static const char *const names[] = {
		"",
		"invalid",
		"listene",
		"listener`\n",
		"Causes",
		"listener-listener-listener-listener-listener-listener-"
		"listener"
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
	assert_string_equal(line, "");
	free(all);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections),
		cmocka_unit_test(not_there),
		cmocka_unit_test(list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
