// SPDX-License-Identifier: GPL-2.0-only
/* The layout of text for people: width, hanging indent, colours, commands that can be pasted. */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "out/escape.h"
#include "out/layout.h"
#include "out/text_parts.h"

static void assert_layout(unsigned width, bool color, const char *text, const char *want)
{
	const struct pc_layout layout = { .width = width, .color = color };
	size_t len = 0;
	char *have = pc_layout_text(text, strlen(text), &layout, &len);

	assert_string_equal(have, want);
	assert_int_equal(len, strlen(want));
	free(have);
}

static const char marked[] = "  held by  " PC_MARK_CULPRIT "thief[7]" PC_MARK_END
			     "  x\n      " PC_MARK_COMMAND "kill 7" PC_MARK_END;

/* Not a terminal: no escape, no wrap. */
static void without_terminal(void **state)
{
	char text[4000];

	(void)state;
	assert_layout(0, false, marked, "  held by  thief[7]  x\n      kill 7");
	memset(text, 'a', sizeof(text));
	for (size_t i = 1; i < sizeof(text); i += 7)
		text[i] = ' ';
	text[sizeof(text) - 1] = '\0';
	assert_layout(0, false, text, text);
	assert_layout(0, false, "", "");
	assert_layout(0, false, "\n", "\n");
}

static void colors(void **state)
{
	(void)state;
	assert_layout(0, true, marked,
		      "  held by  \033[1;31mthief[7]\033[0m  x\n      \033[1;32mkill 7\033[0m");
	assert_layout(0, true, PC_MARK_TITLE "refused" PC_MARK_END, "\033[1mrefused\033[0m");
}

static void hanging_indent(void **state)
{
	(void)state;
	assert_layout(30, false, "  why    one two three four five six",
		      "  why    one two three four\n         five six");
	assert_layout(30, false, "         one two three four five six",
		      "         one two three four\n         five six");
	assert_layout(24, false, "one two three four five six", "one two three four five\n    six");
	/* Too little room beside the text of the field. */
	assert_layout(24, false, "  why    one two three four five six",
		      "  why    one two three\n    four five six");
	/* The last column may be used. */
	assert_layout(20, false, "12345678 0 234567890", "12345678 0 234567890");
	assert_layout(20, false, "12345678 0 2345678901", "12345678 0\n    2345678901");
}

/* Paragraphs and lists go on at the margin, examples below their field. */
static void prose(void **state)
{
	static const char text[] = "one two three four five six seven eight nine\n"
				   "* an item of a list of items, nothing else\n"
				   "    why    one two three four five six";
	static const char want[] = "one two three four five six\nseven eight nine\n"
				   "* an item of a list of items,\n  nothing else\n"
				   "    why    one two three four\n           five six";
	const struct pc_layout layout = { .width = 31, .prose = true };
	size_t len;
	char *have = pc_layout_text(text, strlen(text), &layout, &len);

	(void)state;
	assert_string_equal(have, want);
	free(have);
}

/* A path that was broken could not be copied. */
static void long_words(void **state)
{
	(void)state;
	assert_layout(20, false, "at /a/very/long/path/to/a/socket now",
		      "at\n    /a/very/long/path/to/a/socket\n    now");
	assert_layout(20, false, "try `sysctl -w a.b.c=1` or not",
		      "try\n    `sysctl -w a.b.c=1`\n    or not");
	assert_layout(20, false, "a lone ` is an ordinary character",
		      "a lone ` is an\n    ordinary\n    character");
}

/* The terminal breaks it, and pastes it as the one line that it is. */
static void commands_stay_whole(void **state)
{
	static const char command[] =
		"                 " PC_MARK_COMMAND "portclash reserve 49686 --persist" PC_MARK_END;

	(void)state;
	assert_layout(60, false, command, "                 portclash reserve 49686 --persist");
	assert_layout(40, false, command, "    portclash reserve 49686 --persist");
	assert_layout(10, false, command, "    portclash reserve 49686 --persist");
}

static void width_of_characters(void **state)
{
	(void)state;
	assert_int_equal(pc_layout_columns("a\u2192b", strlen("a\u2192b")), 3);
	assert_int_equal(pc_layout_columns("\u4f60\u597d", strlen("\u4f60\u597d")), 4);
	assert_int_equal(pc_layout_columns("e\u0301", strlen("e\u0301")), 1);
	assert_int_equal(pc_layout_columns(marked, strlen(marked)), strlen(marked) - 5);
	assert_layout(20, false, "a \u4f60\u597d\u4f60\u597d \u4f60\u597d\u4f60\u597d \u4f60\u597d",
		      "a \u4f60\u597d\u4f60\u597d \u4f60\u597d\u4f60\u597d\n    \u4f60\u597d");
}

/* The C library knows the widths in a locale of UTF-8; the layout must know them in all. */
static void as_wcwidth(void **state)
{
	static const uint32_t blocks[][2] = { { 0x20, 0x7e },	  { 0xa1, 0x17f },  { 0x2190, 0x21ff },
					      { 0x370, 0x373 },	  { 0x400, 0x45f }, { 0x4e00, 0x9f00 },
					      { 0x3041, 0x3096 }, { 0xac00, 0xd7a3 } };
	const char *locale = setlocale(LC_CTYPE, "C.UTF-8");
	char text[8];

	(void)state;
	if (!locale)
		skip();
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		for (uint32_t code = blocks[i][0]; code <= blocks[i][1]; code++) {
			int len = snprintf(text, sizeof(text), "%lc", (wint_t)code);

			if (code == 0xad) /* a soft hyphen is escaped */
				continue;
			assert_true(len > 0);
			assert_int_equal(pc_layout_columns(text, (size_t)len), wcwidth((wchar_t)code));
		}
	}
	setlocale(LC_CTYPE, "C");
}

/* No name that a process gives itself looks like a mark. */
static void marks_are_ours(void **state)
{
	static const char name[] = PC_MARK_COMMAND "evil" PC_MARK_END "\033[31m";
	char *string = NULL;
	size_t len;
	FILE *out = open_memstream(&string, &len);

	(void)state;
	pc_put_string(out, name);
	fclose(out);
	assert_string_equal(string, "\\x02evil\\x04\\x1b[31m");
	free(string);
}

/* No line of prose is wider than the terminal, whatever the words are, and no word gets lost. */
static void any_text(void **state)
{
	char text[300], words[4000], *have, *save;
	size_t len;

	(void)state;
	srand(1);
	for (int round = 0; round < 2000; round++) {
		const struct pc_layout layout = { .width = 20 + (unsigned)rand() % 60 };

		len = (size_t)rand() % (sizeof(text) - 1);
		for (size_t i = 0; i < len; i++)
			text[i] = rand() % 5 ? 'x' : ' ';
		for (size_t i = 13; i < len; i += 14)
			text[i] = ' ';
		text[len] = '\0';
		have = pc_layout_text(text, len, &layout, &len);
		*words = '\0';
		for (char *line = strtok_r(have, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			assert_true(strspn(line, " ") >= layout.width ||
				    pc_layout_columns(line, strlen(line)) <= layout.width);
			strncat(words, line, sizeof(words) - strlen(words) - 1);
		}
		for (size_t at = 0, i = 0; text[i]; i++) {
			if (text[i] == ' ')
				continue;
			at += strspn(words + at, " ");
			assert_int_equal(words[at++], text[i]);
		}
		free(have);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_terminal),
		cmocka_unit_test(colors),
		cmocka_unit_test(hanging_indent),
		cmocka_unit_test(prose),
		cmocka_unit_test(long_words),
		cmocka_unit_test(commands_stay_whole),
		cmocka_unit_test(width_of_characters),
		cmocka_unit_test(as_wcwidth),
		cmocka_unit_test(marks_are_ours),
		cmocka_unit_test(any_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
