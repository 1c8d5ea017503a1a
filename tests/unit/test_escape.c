// SPDX-License-Identifier: GPL-2.0-only
/* Hostile text: valid UTF-8 passes, everything else is named byte by byte, and no buffer, however
 * small, ends in half a character or half an escape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "out/escape.h"

typedef size_t (*escape_fn)(const char *in, size_t len, char *out, size_t size);

struct example {
	const char *in;
	size_t len;
	const char *expected;
};

/* A literal with its length, so that it may hold a NUL. */
#define TEXT(literal) (literal), sizeof(literal) - 1

static void check_examples(escape_fn escape, const struct example *examples, size_t count)
{
	char out[256];

	for (size_t i = 0; i < count; i++) {
		size_t n = escape(examples[i].in, examples[i].len, out, sizeof(out));

		assert_string_equal(out, examples[i].expected);
		assert_int_equal(n, strlen(examples[i].expected));
	}
}

#define CHECK(escape, examples) \
	check_examples(escape, examples, sizeof(examples) / sizeof((examples)[0]))

static void test_clean(void **state)
{
	static const struct example examples[] = {
		{ TEXT(""), "" },
		{ TEXT("plain \\ \" \n \x1b[31m"), "plain \\ \" \n \x1b[31m" },
		{ TEXT("a\0b"), "a\\x00b" },
		{ TEXT("\xc3\xa9\xe2\x82\xac"), "\xc3\xa9\xe2\x82\xac" },
		{ TEXT("\xf0\x9f\x90\x9d"), "\xf0\x9f\x90\x9d" },
		{ TEXT("\x7f"), "\x7f" },
		{ TEXT("\xc2\x80"), "\xc2\x80" },
		{ TEXT("\xed\x9f\xbf\xee\x80\x80"), "\xed\x9f\xbf\xee\x80\x80" },
		{ TEXT("\xf4\x8f\xbf\xbf"), "\xf4\x8f\xbf\xbf" },
	};

	(void)state;
	CHECK(pc_utf8_clean, examples);
}

static void test_clean_invalid(void **state)
{
	static const struct example examples[] = {
		{ TEXT("\x80"), "\\x80" },
		{ TEXT("\xff\xfe"), "\\xff\\xfe" },
		{ TEXT("\xc0\xaf"), "\\xc0\\xaf" },		      /* overlong / */
		{ TEXT("\xc1\xbf"), "\\xc1\\xbf" },		      /* overlong DEL */
		{ TEXT("\xe0\x80\xaf"), "\\xe0\\x80\\xaf" },	      /* overlong / */
		{ TEXT("\xe0\x9f\xbf"), "\\xe0\\x9f\\xbf" },	      /* overlong U+7FF */
		{ TEXT("\xf0\x8f\xbf\xbf"), "\\xf0\\x8f\\xbf\\xbf" }, /* overlong U+FFFF */
		{ TEXT("\xed\xa0\x80"), "\\xed\\xa0\\x80" },	      /* surrogate U+D800 */
		{ TEXT("\xed\xbf\xbf"), "\\xed\\xbf\\xbf" },	      /* surrogate U+DFFF */
		{ TEXT("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80" }, /* U+110000 */
		{ TEXT("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80" },
		{ TEXT("\xe2\x82"), "\\xe2\\x82" }, /* cut off at the end */
		{ TEXT("\xe2\x82z"), "\\xe2\\x82z" },
		{ TEXT("\xe2\xc3\xa9"), "\\xe2\xc3\xa9" }, /* the next one is whole */
		{ TEXT("\xc3\0"), "\\xc3\\x00" },
	};

	(void)state;
	CHECK(pc_utf8_clean, examples);
}

static void test_terminal(void **state)
{
	static const struct example examples[] = {
		{ TEXT("C:\\x41 \"quoted\""), "C:\\x41 \"quoted\"" },
		{ TEXT("\x1b[2J\a\r\n\t"), "\\x1b[2J\\x07\\x0d\\x0a\\x09" },
		{ TEXT("\x7f"), "\\x7f" },
		{ TEXT("\0"), "\\x00" },
		{ TEXT("\xc2\x9bm"), "\\xc2\\x9bm" }, /* C1: CSI */
		{ TEXT("\xc2\xa0"), "\xc2\xa0" },
		{ TEXT("\x9b"), "\\x9b" },			   /* the same, not UTF-8 */
		{ TEXT("\xe2\x80\xaetxt"), "\\xe2\\x80\\xaetxt" }, /* override */
		{ TEXT("\xe2\x80\x8b\xe2\x80\x8f"), "\\xe2\\x80\\x8b\\xe2\\x80\\x8f" },
		{ TEXT("\xe2\x80\xa8\xe2\x80\xa9"), "\\xe2\\x80\\xa8\\xe2\\x80\\xa9" },
		{ TEXT("\xe2\x81\xa0\xe2\x81\xa9"), "\\xe2\\x81\\xa0\\xe2\\x81\\xa9" },
		{ TEXT("\xef\xbb\xbf"), "\\xef\\xbb\\xbf" },
		{ TEXT("\xd8\x9c"), "\\xd8\\x9c" },
		{ TEXT("\xf3\xa0\x81\xa1"), "\\xf3\\xa0\\x81\\xa1" }, /* tag a */
		{ TEXT("\xef\xbf\xb9x\xef\xbf\xbb"),
		  "\\xef\\xbf\\xb9x\\xef\\xbf\\xbb" }, /* annotation */
		{ TEXT("\xe2\x80\x90\xe2\x86\x92"), "\xe2\x80\x90\xe2\x86\x92" },
		{ TEXT("\xf0\x9f\x90\x9d"), "\xf0\x9f\x90\x9d" },
	};

	(void)state;
	CHECK(pc_escape_terminal, examples);
}

static void test_label(void **state)
{
	static const struct example examples[] = {
		{ TEXT("6.18.1-generic"), "6.18.1-generic" },
		{ TEXT("a\\b\"c\nd"), "a\\\\b\\\"c\\nd" },
		{ TEXT("\xff\0"), "\\\\xff\\\\x00" },
		{ TEXT("\xc3\xa9"), "\xc3\xa9" },
	};

	(void)state;
	CHECK(pc_escape_label, examples);
}

static void test_sizes(void **state)
{
	static const char in[] = "a\xc3\xa9\xff";
	static const char *const expected[] = {
		"",	     "",	  "a",
		"a",	     "a\xc3\xa9", "a\xc3\xa9",
		"a\xc3\xa9", "a\xc3\xa9", "a\xc3\xa9\\xff",
	};

	(void)state;
	for (size_t size = 0; size < sizeof(expected) / sizeof(expected[0]); size++) {
		char out[16] = "untouched";
		size_t n = pc_utf8_clean(in, sizeof(in) - 1, out, size);

		assert_string_equal(out, size ? expected[size] : "untouched");
		assert_int_equal(n, strlen(expected[size]));
	}
}

static void escape_test_nothing(void **state)
{
	char out[4] = "abc";

	(void)state;
	assert_int_equal(pc_utf8_clean(NULL, 0, out, sizeof(out)), 0);
	assert_string_equal(out, "");
	assert_int_equal(pc_escape_terminal("abc", 3, NULL, 0), 0);
}

/* A check of its own, written differently from the code: by the table of RFC 3629. */
static bool is_utf8(const char *text)
{
	const uint8_t *s = (const uint8_t *)text;

	while (*s) {
		unsigned more = *s < 0x80 ? 0 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : 3;
		uint8_t low = 0x80, high = 0xbf;

		if ((*s >= 0x80 && *s < 0xc2) || *s > 0xf4)
			return false;
		low = *s == 0xe0 ? 0xa0 : *s == 0xf0 ? 0x90 : low;
		high = *s == 0xed ? 0x9f : *s == 0xf4 ? 0x8f : high;
		for (s++; more; more--, s++, low = 0x80, high = 0xbf)
			if (*s < low || *s > high)
				return false;
	}
	return true;
}

static void fill_random(char *in, size_t len)
{
	static const char *const parts[] = { "\xe2\x80\xae", "\xed\xa0\x80", "\xf0\x9f\x90\x9d",
					     "\\",	     "\"",	     "\n",
					     "\xc3" };

	for (size_t i = 0; i < len; i++)
		in[i] = random();
	for (size_t at = 0; at + 4 < len; at += 1 + random() % 8) {
		const char *part = parts[random() % (sizeof(parts) / sizeof(parts[0]))];

		memcpy(in + at, part, strlen(part));
	}
}

/* Every size: valid, ended, a beginning of the whole result, and never half of an escape. */
static void check_every_size(escape_fn escape, const char *in, size_t len)
{
	size_t room = PC_ESCAPE_SIZE(len), before = 0;
	char *whole = malloc(room), *out;
	size_t full = escape(in, len, whole, room);

	assert_true(full < room);
	assert_int_equal(full, strlen(whole));
	for (size_t size = 1; size <= full + 1; size++) {
		size_t n;

		out = malloc(size); /* so that ASan sees one byte too many */
		n = escape(in, len, out, size);
		assert_true(n < size && n >= before && out[n] == '\0');
		assert_memory_equal(out, whole, n);
		assert_true(is_utf8(out));
		assert_true(n == before || n == size - 1); /* grows by whole pieces only */
		before = n;
		free(out);
	}
	assert_int_equal(before, full);
	free(whole);
}

static void test_random(void **state)
{
	(void)state;
	srandom(1);
	for (int round = 0; round < 300; round++) {
		size_t len = random() % 48;
		char *in = malloc(len ? len : 1);

		fill_random(in, len);
		check_every_size(pc_utf8_clean, in, len);
		check_every_size(pc_escape_terminal, in, len);
		check_every_size(pc_escape_label, in, len);
		free(in);
	}
}

/* All two-byte and many three-byte inputs: what comes out is valid and shows no control. */
static void test_exhaustive(void **state)
{
	char out[PC_ESCAPE_SIZE(4)];

	(void)state;
	for (unsigned i = 0; i < 1u << 20; i++) {
		char in[4] = { i >> 12, i >> 4, 0x80 | (i & 0x3f), 0xa0 };

		pc_utf8_clean(in, sizeof(in), out, sizeof(out));
		assert_true(is_utf8(out));
		pc_escape_terminal(in, sizeof(in), out, sizeof(out));
		for (const char *s = out; *s; s++)
			assert_true((uint8_t)*s >= 0x20 && *s != 0x7f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),	 cmocka_unit_test(test_clean_invalid),
		cmocka_unit_test(test_terminal), cmocka_unit_test(test_label),
		cmocka_unit_test(test_sizes),	 cmocka_unit_test(escape_test_nothing),
		cmocka_unit_test(test_random),	 cmocka_unit_test(test_exhaustive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
