// SPDX-License-Identifier: GPL-2.0-only
/* Compare docs/configuration.md and packaging/portclash.yaml with the table of keys, key by key.
 * Run from the root of the tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config/settings.h"

#define LINE 1024

static char *settings_docs_read_file(const char *path)
{
	char *text = calloc(1, PC_SETTINGS_BYTES_MAX + 1);
	FILE *file = fopen(path, "re");

	assert_non_null(text);
	if (!file)
		fail_msg("%s is not there", path);
	assert_true(fread(text, 1, PC_SETTINGS_BYTES_MAX, file) > 0);
	fclose(file);
	return text;
}

static bool some_service(const char *name, unsigned *port)
{
	*port = 443;
	return !strcmp(name, "https");
}

static const struct pc_settings_source source = { .service = some_service };

/* Without the marks of Markdown. */
static void plain(const char *text, char *out)
{
	for (; *text; text++)
		if (*text != '`')
			*out++ = *text;
	*out = '\0';
}

static void settings_docs_expect_text(const char *path, const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("%s has no line \"%s\"", path, wanted);
}

static void the_table_of_the_manual(void **state)
{
	static const char path[] = "docs/configuration.md";
	char *text = settings_docs_read_file(path), row[LINE];
	size_t rows = 0;

	(void)state;
	for (size_t i = 0; i < pc_settings_keys_count; i++) {
		const struct pc_settings_key *key = &pc_settings_keys[i];

		snprintf(row, sizeof(row), "\n| `%s` | %s | `%s` | %s | %s |\n", key->name,
			 key->takes, key->standard, key->at_start ? "stays" : "changes", key->help);
		settings_docs_expect_text(path, text, row);
	}
	for (const char *at = text; (at = strstr(at, "\n| `")); at++)
		rows += strncmp(at, "\n| `portclash_", 14) != 0;
	assert_int_equal(rows, pc_settings_keys_count);
	free(text);
}

/* The documents have the words of `takes`; the parser has the list of choices. */
static void takes_names_each_choice(void **state)
{
	char quoted[LINE];

	(void)state;
	for (size_t i = 0; i < pc_settings_keys_count; i++) {
		const struct pc_settings_key *key = &pc_settings_keys[i];

		for (size_t j = 0; key->choices && key->choices[j]; j++) {
			snprintf(quoted, sizeof(quoted), "`%s`", key->choices[j]);
			settings_docs_expect_text(key->name, key->takes, quoted);
		}
	}
}

static void the_default_file_names_each_key(void **state)
{
	static const char path[] = "packaging/portclash.yaml";
	char *text = settings_docs_read_file(path), line[LINE], takes[LINE / 2];

	(void)state;
	for (size_t i = 0; i < pc_settings_keys_count; i++) {
		const struct pc_settings_key *key = &pc_settings_keys[i];
		const char *at = text;
		bool follows = false;

		plain(key->takes, takes);
		snprintf(line, sizeof(line), "\n# Takes %s. Default: %s\n", takes, key->standard);
		settings_docs_expect_text(path, text, line);
		while (!follows && (at = strstr(at, line))) {
			at += strlen(line);
			at += *at == '#';
			follows = !strncmp(at, key->name, strlen(key->name)) &&
				  at[strlen(key->name)] == ':';
		}
		if (!follows)
			fail_msg("`%s` does not follow what it takes in %s", key->name, path);
	}
	free(text);
}

static void expect_right(const char *text)
{
	struct pc_settings_mistakes mistakes;
	struct pc_settings settings;

	assert_int_equal(pc_settings_init(&settings), 0);
	if (pc_settings_parse(&settings, text, strlen(text), &source, &mistakes))
		fail_msg("line %u: %s", mistakes.list[0].line, mistakes.list[0].reason);
	assert_string_equal(settings.log, "/var/log/portclash/events.jsonl");
	pc_settings_free(&settings);
}

/* The file is read as it is, and as when somebody takes away the # before each key. */
static void the_default_file_is_right(void **state)
{
	char *text = settings_docs_read_file("packaging/portclash.yaml");
	unsigned taken = 0;

	(void)state;
	expect_right(text);
	for (char *at = text; (at = strstr(at, "\n#")); at++) {
		bool item = at[2] == ' ' && at[3] == ' ' && at[4] == '-';

		if (item || islower((unsigned char)at[2])) {
			memmove(at + 1, at + 2, strlen(at + 1));
			taken++;
		}
	}
	assert_true(taken >= 3);
	expect_right(text);
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_the_manual),
		cmocka_unit_test(takes_names_each_choice),
		cmocka_unit_test(the_default_file_names_each_key),
		cmocka_unit_test(the_default_file_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
