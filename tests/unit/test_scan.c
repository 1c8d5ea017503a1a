// SPDX-License-Identifier: GPL-2.0-only
/* The reader of JSON takes what jansson takes, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/history/instant.h"
#include "core/history/scan.h"

/* A copy that ends exactly where the text does, for the sanitizers. */
static bool scan_takes(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);
	struct pc_scan s;
	bool done;

	assert_non_null(copy);
	memcpy(copy, text, len);
	pc_scan_begin(&s, copy, len);
	pc_scan_skip(&s);
	done = pc_scan_is_done(&s);
	free(copy);
	return done;
}

static bool jansson_takes(const char *text, size_t len)
{
	json_t *value = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	json_decref(value);
	return value;
}

static const char *const texts[] = {
	"{}",
	"[]",
	"{\"a\":1}",
	" { \"a\" : [ 1 , 2.5e-3 , -0 , true , false , null ] } ",
	"\"\"",
	"\"\\u00e9\\ud83d\\ude00\\n\\/\\\"\"",
	"\"\xc3\xa9\xf0\x9f\x98\x80\"",
	"0",
	"-0.0",
	"1E+2",
	"{\"a\":{\"b\":[{\"c\":\"0123456789abcdef\"}]}}",
	"\"12345678\"",
	"\"1234567\"",
	"[[],{},[]]",
	/* Nothing of this is JSON. */
	"",
	" ",
	"{",
	"}",
	"[",
	"]",
	"{\"a\"}",
	"{\"a\":}",
	"{\"a\":1,}",
	"[1,]",
	"[,1]",
	"{,}",
	"[1 2]",
	"{\"a\":1 \"b\":2}",
	"{\"a\":1{\"b\":2}",
	"[1[2]",
	"{a:1}",
	"'a'",
	"\"",
	"\"a",
	"\"\t\"",
	"\"\\x\"",
	"\"\\u12\"",
	"\"\\ud800\"",
	"\"\\ud800\\u0041\"",
	"\"\\udc00\"",
	"\"\xff\"",
	"\"\xc0\x80\"",
	"\"\xed\xa0\x80\"",
	"\"\xf4\x90\x80\x80\"",
	"\"\xc3\"",
	"01",
	"-",
	"+1",
	"1.",
	".5",
	"1e",
	"0x1",
	"tru",
	"truee",
	"nul",
	"NaN",
	"1 2",
	"{} {}",
	"{}x",
	"[}",
	"{]",
	"\x01",
	"\"\\",
	"{\"a\":1}}",
	"//",
	"\xef\xbb\xbf{}",
};

static void test_takes_what_jansson_takes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (scan_takes(texts[i], strlen(texts[i])) !=
		    jansson_takes(texts[i], strlen(texts[i])))
			fail_msg("%s: jansson says otherwise", texts[i]);
}

/* Each prefix of each text, and each text with one byte that is another. (A NUL behind a number is taken by
 * jansson, and is no JSON.) */
static void test_takes_nothing_half(void **state)
{
	static const char bytes[] = "{}[]\":,\\0u \x80";
	char copy[128];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t len = strlen(texts[i]);

		for (size_t at = 0; at < len; at++) {
			assert_int_equal(scan_takes(texts[i], at), jansson_takes(texts[i], at));
			for (size_t b = 0; b < sizeof(bytes) - 1; b++) {
				memcpy(copy, texts[i], len);
				copy[at] = bytes[b];
				if (scan_takes(copy, len) != jansson_takes(copy, len))
					fail_msg("%.*s: jansson says otherwise", (int)len, copy);
			}
		}
	}
}

static void test_is_not_too_deep(void **state)
{
	char text[200];
	size_t depth = PC_SCAN_DEPTH_MAX;

	(void)state;
	for (size_t i = 0; i < depth; i++) {
		text[i] = '[';
		text[depth + i] = ']';
	}
	assert_true(scan_takes(text, 2 * depth));
	memset(text, '[', sizeof(text));
	assert_false(scan_takes(text, sizeof(text)));
	memset(text, '[', depth + 1);
	memset(text + depth + 1, ']', depth + 1);
	assert_false(scan_takes(text, 2 * depth + 2));
}

static void test_gives_values(void **state)
{
	static const char text[] =
		"{\"s\":\"a\\tb\",\"n\":9223372036854775807,\"b\":true,\"big\":9223372036854775808,\"neg\":-1,\"part\":1.5,\"no\":\"7\"}";
	struct pc_slice key, string = { 0 };
	uint64_t number = 0, none = 7;
	bool boolean = false;
	struct pc_scan s;
	char out[8];

	(void)state;
	pc_scan_begin(&s, text, sizeof(text) - 1);
	assert_true(pc_scan_enter_object(&s));
	while (pc_scan_member(&s, &key)) {
		if (pc_slice_is(&key, "s"))
			assert_true(pc_scan_string(&s, &string));
		else if (pc_slice_is(&key, "n"))
			assert_true(pc_scan_count(&s, &number));
		else if (pc_slice_is(&key, "b"))
			assert_true(pc_scan_bool(&s, &boolean));
		else
			assert_false(pc_scan_count(&s, &none));
	}
	assert_true(pc_scan_is_done(&s));
	assert_string_equal(pc_slice_text(&string, out, sizeof(out)), "a\tb");
	assert_true(number == INT64_MAX && boolean && none == 7);
}

static void expect_unescaped(const char *raw, size_t size, const char *wanted)
{
	const struct pc_slice slice = { raw, strlen(raw) };
	char out[64];

	assert_string_equal(pc_slice_text(&slice, out, size), wanted);
}

static void test_escapes_are_undone(void **state)
{
	struct pc_slice slice = { "ab\\u00e9cd", 10 }, cut;

	(void)state;
	expect_unescaped("\\u001b[31m\\\"\\\\\\/\\b\\f\\n\\r\\t", 64, "\x1b[31m\"\\/\b\f\n\r\t");
	expect_unescaped("\\ud83d\\ude00|\\u00e9", 64, "\xf0\x9f\x98\x80|\xc3\xa9");
	expect_unescaped("a\\u0000b", 64, "ab");
	expect_unescaped("\\ud83d\\ude00", 4, "");
	expect_unescaped("abc", 3, "ab");
	cut = pc_slice_cut(&slice, 7);
	assert_int_equal(cut.len, 2);
	cut = pc_slice_cut(&slice, 8);
	assert_int_equal(cut.len, 8);
}

static void expect_instant(const char *text, const char *wanted)
{
	char out[PC_INSTANT_TEXT];
	uint64_t ns;

	if (!pc_instant_parse(text, strlen(text), &ns))
		fail_msg("%s is an instant", text);
	assert_string_equal(pc_instant_text(ns, out), wanted);
}

static void test_instants(void **state)
{
	static const char *const none[] = { "",
					    "2026",
					    "2026-11-30",
					    "2026-11-30T00:54:33",
					    "2026-13-01T00:00:00Z",
					    "2026-02-29T00:00:00Z",
					    "2026-11-30T24:00:00Z",
					    "2026-11-30T00:54:33Zx",
					    "2026-11-30T00:54:33.Z",
					    "1969-12-31T23:59:59Z",
					    "2026-11-30T00:54:33+1:00",
					    "1970-01-01T00:00:00+01:00" };
	uint64_t ns;

	(void)state;
	expect_instant("2026-11-30T05:02:25.151348Z", "2026-11-30T05:02:25.151348Z");
	expect_instant("2024-02-29t23:59:59z", "2024-02-29T23:59:59.000000Z");
	expect_instant("2026-11-30 00:30:00.5+01:00", "2026-11-29T23:30:00.500000Z");
	expect_instant("2000-12-31T20:00:00-05:30", "2001-01-01T01:30:00.000000Z");
	expect_instant("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z");
	expect_instant("2261-12-31T23:59:59.999999999Z", "2261-12-31T23:59:59.999999Z");
	assert_true(pc_instant_parse("1970-01-01T00:00:01.000000002Z", 30, &ns));
	assert_true(ns == 1000000002);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (pc_instant_parse(none[i], strlen(none[i]), &ns))
			fail_msg("\"%s\" is no instant", none[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_takes_what_jansson_takes),
		cmocka_unit_test(test_takes_nothing_half),
		cmocka_unit_test(test_is_not_too_deep),
		cmocka_unit_test(test_gives_values),
		cmocka_unit_test(test_escapes_are_undone),
		cmocka_unit_test(test_instants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
