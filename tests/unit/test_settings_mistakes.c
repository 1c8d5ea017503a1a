// SPDX-License-Identifier: GPL-2.0-only
/* Mistakes in a configuration's text: for each the place and the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

struct bad {
	const char *text;
	unsigned line, column;
	const char *reason;
};

static void expect_mistake(const struct bad *b, size_t len)
{
	struct pc_settings_mistakes m;
	struct pc_settings s;

	assert_int_equal(settings_parse(b->text, len, &s, &m), -EINVAL);
	pc_settings_free(&s);
	if (m.count != 1 || m.list[0].line != b->line || m.list[0].column != b->column ||
	    !strstr(m.list[0].reason, b->reason))
		fail_msg("\"%s\": expected %u:%u: %s, got %u, the first %u:%u: %s", b->text,
			 b->line, b->column, b->reason, m.count, m.list[0].line, m.list[0].column,
			 m.list[0].reason);
}

static void mistakes_in_values(void **state)
{
	static const struct bad all[] = {
		{ "log: x.jsonl", 1, 6, "`log`: expected a path that starts with /" },
		{ "log: ''", 1, 6, "not an empty value" },
		{ "log: /var/log/", 1, 6, "not of a folder" },
		{ "log: [/a]", 1, 6, "`log`: expected one value, not a list" },
		{ "log: {a: b, c: [d]}", 1, 6, "not keys below it" },
		{ "log: \"/a\\0b\"", 1, 6, "control character" },
		{ "log: \"/a\\nb\"", 1, 6, "control character" },
		{ "log: \"/a\\e[1mb\"", 1, 6, "control character" },
		{ "log: |\n  /a\n", 1, 6, "control character" },
		{ "textfile: /a/b.txt", 1, 11, "ends in .prom (node_exporter reads no others)" },
		{ "textfile: /a/.prom", 1, 11, "ends in .prom" },
		{ "textfile: b.prom", 1, 11, "starts with /" },
		{ "textfile: -", 1, 11, "block sequence entries are not allowed" },
		{ "\n\ninterval: soon", 3, 11, "with ms, s, m, h or d, not \"soon\"" },
		{ "interval: 0", 1, 11, "seconds from 0.1 to 86400" },
		{ "interval: -5", 1, 11, "not \"-5\"" },
		{ "interval: 0.09", 1, 11, "0.1" },
		{ "interval: 99ms", 1, 11, "0.1" },
		{ "interval: 2d", 1, 11, "86400" },
		{ "interval: 22:22", 1, 11, "22:22" },
		{ "interval: 1e3", 1, 11, "1e3" },
		{ "interval: 0x10", 1, 11, "0x10" },
		{ "interval: nan", 1, 11, "nan" },
		{ "interval: inf", 1, 11, "inf" },
		{ "interval: 1.5.2", 1, 11, "1.5.2" },
		{ "interval: 5 5", 1, 11, "5 5" },
		{ "interval: 15x", 1, 11, "15x" },
		{ "interval: 15S", 1, 11, "15S" },
		{ "interval: s", 1, 11, "\"s\"" },
		{ "interval: '.'", 1, 11, "\".\"" },
		{ "interval: ''", 1, 11, "\"\"" },
		{ "protect: 0", 1, 10, "port 0 is out of range: expected 1 to 65535" },
		{ "protect: 65536", 1, 10, "65536" },
		{ "protect: 90-80", 1, 10, "90-80" },
		{ "protect: 80,", 1, 10, "80," },
		{ "protect: 80, 8080/tcp", 1, 10, "without protocol and address, because all are covered, not \"80, 8080/tcp\"" },
		{ "protect: 127.0.0.1:8080", 1, 10, "without protocol and address" },
		{ "protect: 80 90", 1, 10, "80 90" },
		{ "protect: ssh, https", 1, 10, "\"ssh\" is not a service in /etc/services" },
		{ "protect:\n  - 80\n  - telnet\n", 3, 5, "telnet" },
		{ "protect:\n  - 80\n  -\n", 3, 4, "a port is missing" },
		{ "protect:\n  - none\n", 2, 5, "none" },
		{ "protect: [80, [90]]", 1, 15, "not of lists or keys" },
		{ "protect: [80: 90]", 1, 11, "not of lists or keys" },
		{ "protect: {80: 90}", 1, 10, "not keys below it" },
		{ "backend: magic", 1, 10, "auto, fentry, kprobe or tracepoint, not \"magic\"" },
		{ "backend: Auto", 1, 10, "Auto" },
		{ "backend: yes\n", 1, 10, "yes" },
		{ "verbose: 1", 1, 10, "expected yes or no, not \"1\"" },
		{ "verbose: ''", 1, 10, "yes or no" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++)
		expect_mistake(&all[i], strlen(all[i].text));
}

static void mistakes_in_keys(void **state)
{
	static const struct bad all[] = {
		{ "intervall: 5", 1, 1, "unknown key `intervall`; did you mean `interval`?" },
		{ "Log: /x", 1, 1, "did you mean `log`?" },
		{ "text-file: /x.prom", 1, 1, "did you mean `textfile`?" },
		{ "x: 1", 1, 1, "unknown key `x`; see `man portclash.yaml`" },
		{ "'': 1", 1, 1, "unknown key ``" },
		{ "<<: {log: /x}", 1, 1, "unknown key `<<`" },
		{ "nonsense: {deep: [1, {a: b}]}", 1, 1, "nonsense" },
		{ "log: /a\nverbose: no\nlog: /b", 3, 1, "`log` is already set in line 1" },
		{ "? [a, b]\n: c\nlog: /x\n", 1, 3, "expected a key of one word" },
		{ "- log: /x\n- a\n", 1, 1, "lines of `key: value`" },
		{ "log", 1, 1, "lines of `key: value`" },
		{ "'null'", 1, 1, "lines of `key: value`" },
		{ "log: &a /x", 1, 6, "anchors and aliases (a) are not supported" },
		{ "log: *a", 1, 6, "not supported" },
		{ "protect: [*a]", 1, 11, "not supported" },
		{ "protect: &p [80]", 1, 10, "not supported" },
		{ "log: !include /x", 1, 6, "tags are not supported: remove !include" },
		{ "verbose: !!bool yes", 1, 10, "tags are not supported" },
		{ "log: /x\n---\nlog: /y\n", 2, 1, "second YAML document" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++)
		expect_mistake(&all[i], strlen(all[i].text));
}

static void mistakes_in_yaml(void **state)
{
	static const struct bad all[] = {
		{ "log: /x\n\tinterval: 5\n", 2, 1, "with spaces, not tabs" },
		{ "log /x\ninterval: 5\n", 2, 9, "is a colon or a quote missing" },
		{ "log: /x\ninterval\nverbose: no\n", 2, 1, "write `key: value`" },
		{ "log: 'x\n", 2, 1, "not valid YAML" },
		{ "protect: [80, 90\n", 2, 1, "not valid YAML" },
		{ "log: /a: b\n", 1, 8, "not valid YAML" },
		{ "log: @x\n", 1, 6, "not valid YAML" },
		{ "  log: /x\nverbose: no\n", 2, 1, "not valid YAML" },
		{ "%YAML 9.9\n---\nlog: /x\n", 1, 1, "not valid YAML" },
		{ "log: /\xc3\xa4\xff\n", 1, 8, "not UTF-8 text" },
		{ "# \xc3\xa4\nlog: /\xc3", 2, 7, "not UTF-8 text" },
		{ "log: /\x01\n", 1, 7, "control characters" },
		{ "\xff\xfel", 1, 1, "not UTF-8 text" },
	};
	static const struct bad nul = { "log: /x\0y", 1, 8, "control characters" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++)
		expect_mistake(&all[i], strlen(all[i].text));
	expect_mistake(&nul, 9);
}

static void all_mistakes_are_found(void **state)
{
	static const char text[] = "log: x\nbackend: y\nprotect: [1, b, c]\nz: 1\ninterval: -\n";
	static const unsigned lines[] = { 1, 2, 3, 3, 4, 5 };
	struct pc_settings_mistakes m;
	struct pc_settings s;

	(void)state;
	assert_int_equal(settings_parse(text, sizeof(text) - 1, &s, &m), -EINVAL);
	assert_int_equal(m.count, COUNT_OF(lines));
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		assert_int_equal(m.list[i].line, lines[i]);
	pc_settings_free(&s);
}

/* The rest is not read: each may take a look into /etc/services. */
static void so_many_mistakes(void **state)
{
	char text[8 * 1000 + 1] = "";
	struct pc_settings_mistakes m;
	struct pc_settings s;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		snprintf(text + i * 8, 9, "k%03u: 1\n", i);
	assert_int_equal(settings_parse(text, strlen(text), &s, &m), -EINVAL);
	assert_int_equal(m.count, PC_SETTINGS_MISTAKES_MAX);
	assert_int_equal(m.list[PC_SETTINGS_MISTAKES_MAX - 1].line, PC_SETTINGS_MISTAKES_MAX);
	pc_settings_free(&s);
}

static void expect_limit(const char *open, size_t times, const char *reason)
{
	struct pc_settings_mistakes m;
	struct pc_settings s;
	size_t len = strlen(open);
	char *text = malloc(5 + len * times);

	assert_non_null(text);
	memcpy(text, "log: ", 5);
	for (size_t i = 0; i < times; i++)
		memcpy(text + 5 + i * len, open, len);
	assert_int_equal(settings_parse(text, 5 + len * times, &s, &m), -EINVAL);
	if (!strstr(m.list[m.count - 1].reason, reason))
		fail_msg("expected \"%s\", got \"%s\"", reason, m.list[m.count - 1].reason);
	pc_settings_free(&s);
	free(text);
}

static void limits(void **state)
{
	(void)state;
	expect_limit("[", 60000, "nested deeper");
	expect_limit("{a: ", 15000, "nested deeper");
	expect_limit("x", PC_SETTINGS_BYTES_MAX - 5, "a shorter path");
	expect_limit("x", PC_SETTINGS_BYTES_MAX, "larger than 65536 bytes");
}

/* Whatever is cut off, or stands where it should not, ends in settings or in a reason. */
static void settings_mistakes_damaged(void **state)
{
	static const char text[] =
		"# a\nlog: \"/x\\u00e4\"\nprotect: [80, {a: *b}]\n? &c [d]\n: |\n  e\n"
		"interval: 5 # f\n--- !t\n";
	static const char odd[] = "\t\0\n&*!|>%@`'\"#-?:,[]{}\xff\xc3\xef\xbb\xbf";
	struct pc_settings_mistakes m;
	struct pc_settings s;
	char copy[sizeof(text)];

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		for (size_t i = 0; i < sizeof(odd); i++) {
			int err;

			memcpy(copy, text, sizeof(text));
			copy[len] = odd[i];
			err = settings_parse(copy, i ? sizeof(text) - 1 : len, &s, &m);
			assert_true(err == 0 || err == -EINVAL);
			assert_true(!err == !m.count);
			for (unsigned k = 0; k < m.count && k < PC_SETTINGS_MISTAKES_MAX; k++)
				assert_true(m.list[k].line && m.list[k].column &&
					    *m.list[k].reason);
			pc_settings_free(&s);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_in_values),
		cmocka_unit_test(mistakes_in_keys),
		cmocka_unit_test(mistakes_in_yaml),
		cmocka_unit_test(all_mistakes_are_found),
		cmocka_unit_test(so_many_mistakes),
		cmocka_unit_test(limits),
		cmocka_unit_test(settings_mistakes_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
