// SPDX-License-Identifier: GPL-2.0-only
/* Strings that grow, and quoting: whatever bytes a word has, a real shell must read it as that
 * one word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "shell.h"

static char *quoted(const char *word)
{
	struct pc_text text;

	assert_int_equal(pc_text_open(&text), 0);
	fputs("command ", text.out);
	pc_text_quote(text.out, word);
	return pc_text_close(&text);
}

static void assert_one_word(const char *word)
{
	char *command = quoted(word), words[4096] = "";

	assert_non_null(command);
	if (shell_words(command, words, sizeof(words)) != 1 || strcmp(words, word)) {
		print_error("sh reads %s as \"%s\"\n", command, words);
		fail();
	}
	free(command);
}

static void add(struct pc_words *words, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	pc_words_add(words, format, args);
	va_end(args);
}

static void words_grow(void **state)
{
	static const char piece[] = "7,xyz''\\'''";
	struct pc_words words = { 0 };
	size_t len = strlen(piece);
	char *string;

	(void)state;
	assert_null(pc_words_take(&words));
	for (int i = 0; i < 10000; i++) {
		add(&words, "%d,%s", 7, "xyz");
		pc_words_quote(&words, "'");
	}
	string = pc_words_take(&words);
	assert_int_equal(strlen(string), 10000 * len);
	for (size_t i = 0; i < 10000; i++)
		assert_memory_equal(string + i * len, piece, len);
	assert_null(words.string);
	free(string);
}

/* One text that is longer than the room that there is. */
static void words_long(void **state)
{
	struct pc_words words = { 0 };
	static char text[5000];
	char *string;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	add(&words, "a%sb", text);
	string = pc_words_take(&words);
	assert_int_equal(strlen(string), sizeof(text) + 1);
	assert_int_equal(string[sizeof(text)], 'b');
	free(string);
}

static void words_without_memory(void **state)
{
	struct pc_words words = { .failed = true };

	(void)state;
	add(&words, "%d", 1);
	pc_words_quote(&words, "x");
	assert_null(pc_words_take(&words));
	assert_false(words.failed);
}

static void text_empty(void **state)
{
	struct pc_text text;
	char *string;

	(void)state;
	assert_int_equal(pc_text_open(&text), 0);
	string = pc_text_close(&text);
	assert_string_equal(string, "");
	free(string);
}

static void grows(void **state)
{
	struct pc_text text;
	char *string;

	(void)state;
	assert_int_equal(pc_text_open(&text), 0);
	for (int i = 0; i < 100000; i++)
		fprintf(text.out, "%d,", i % 10);
	string = pc_text_close(&text);
	assert_int_equal(strlen(string), 200000);
	free(string);
}

static void plain_words_stay_plain(void **state)
{
	static const char *const words[] = { "/usr/bin/orders", "nginx.service",
					     "a_b-c+d=e:f,g@h%i", "getty@tty1.service" };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		char *command = quoted(words[i]);

		assert_string_equal(command + strlen("command "), words[i]);
		free(command);
	}
}

static void hostile_words(void **state)
{
	static const char *const words[] = {
		"",
		"'",
		"''",
		"a'b'c",
		"'; touch /tmp/portclash-was-here; '",
		"$(touch /tmp/portclash-was-here)",
		"`touch /tmp/portclash-was-here`",
		"${HOME}",
		"~root",
		"*",
		"a b",
		"a\nb",
		"\n",
		"a\\",
		"\\'",
		"\033]0;title\a",
		"#no comment",
		"!!",
		"a&b|c>d<e",
		"\xff\xfe\x80",
		"\u202egnp.exe",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_one_word(words[i]);
}

static void text_every_byte(void **state)
{
	char word[] = "a?b";

	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		word[1] = (char)byte;
		assert_one_word(word);
	}
}

static void random_words(void **state)
{
	char word[40];

	(void)state;
	srand(1);
	for (int i = 0; i < 300; i++) {
		size_t len = (size_t)rand() % (sizeof(word) - 1);

		for (size_t j = 0; j < len; j++)
			word[j] = "'\\\"$` \n*ab\xff"[rand() % 11];
		word[len] = '\0';
		assert_one_word(word);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_grow),
		cmocka_unit_test(words_long),
		cmocka_unit_test(words_without_memory),
		cmocka_unit_test(text_empty),
		cmocka_unit_test(grows),
		cmocka_unit_test(plain_words_stay_plain),
		cmocka_unit_test(hostile_words),
		cmocka_unit_test(text_every_byte),
		cmocka_unit_test(random_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
