// SPDX-License-Identifier: GPL-2.0-only
/* The configuration's text into settings: what is taken, and as what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"
#include "core/config/settings.h"
#include "settings.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

#define DEFAULTS "log=(none) textfile=(none) interval=15000ms protect= backend=auto verbose=0"

static char *settings_show(const struct pc_settings *s)
{
	char *ports = pc_ports_format(s->protect), *text = NULL;

	assert_true(asprintf(&text,
			     "log=%s textfile=%s interval=%" PRIu64
			     "ms protect=%s backend=%s verbose=%d",
			     s->log ? s->log : "(none)", s->textfile ? s->textfile : "(none)",
			     s->interval_ns / 1000000, ports, s->backend, s->verbose) > 0);
	free(ports);
	return text;
}

static void expect_settings(const char *text, const char *want)
{
	struct pc_settings_mistakes m;
	struct pc_settings s;
	char *have;

	if (settings_parse(text, strlen(text), &s, &m))
		fail_msg("\"%s\": %u:%u: %s", text, m.list[0].line, m.list[0].column,
			 m.list[0].reason);
	have = settings_show(&s);
	if (strcmp(have, want))
		fail_msg("\"%s\" is taken as %s", text, have);
	free(have);
	pc_settings_free(&s);
}

static void nothing_set_is_the_defaults(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n",
		"# nothing\n",
		"---\n",
		"---\n...\n",
		"{}",
		"~",
		"null\n",
		"\xef\xbb\xbf# byte order mark\n",
		"log:\ntextfile: ~\ninterval: null\nprotect:\nbackend: Null\nverbose: NULL\n",
		"protect: []\n",
		"protect: none\nlog: '-'\ntextfile: none\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		expect_settings(texts[i], DEFAULTS);
}

static void every_key_is_taken(void **state)
{
	(void)state;
	expect_settings(
		"log: /var/log/a b.jsonl # where\n"
		"textfile: \"/run/x.prom\"\n"
		"interval: 1m\n"
		"protect:\n- 10-12\n- https, 8000\n-   '90'\n"
		"backend: kprobe\n"
		"verbose: yes\n",
		"log=/var/log/a b.jsonl textfile=/run/x.prom interval=60000ms protect=10-12,90,443,8000 backend=kprobe verbose=1");
	expect_settings(
		"{ log: /ä, verbose: ON, protect: [http-alt, 1-2] }",
		"log=/ä textfile=(none) interval=15000ms protect=1-2,8080 backend=auto verbose=1");
	expect_settings(
		"---\r\nlog: /x\r\nprotect: 22 , 80-81\r\n",
		"log=/x textfile=(none) interval=15000ms protect=22,80-81 backend=auto verbose=0");
}

static void units_of_time(void **state)
{
	static const struct {
		const char *text;
		unsigned long ms;
	} times[] = {
		{ "0.1", 100 },	   { "100ms", 100 },	  { "15", 15000 },   { "15s", 15000 },
		{ "1.5 s", 1500 }, { "2m", 120000 },	  { "1h", 3600000 }, { "1d", 86400000 },
		{ "'7'", 7000 },   { "86400", 86400000 }, { "007", 7000 },   { ".5", 500 },
	};
	char text[64], want[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		snprintf(text, sizeof(text), "interval: %s", times[i].text);
		snprintf(
			want, sizeof(want),
			"log=(none) textfile=(none) interval=%lums protect= backend=auto verbose=0",
			times[i].ms);
		expect_settings(text, want);
	}
}

/* Words that YAML 1.1 takes for something else are text. */
static void words_are_text(void **state)
{
	static const struct {
		const char *word;
		bool yes;
	} words[] = {
		{ "yes", true }, { "no", false },  { "NO", false },  { "'no'", false },
		{ "on", true },	 { "off", false }, { "true", true }, { "False", false },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		snprintf(text, sizeof(text), "verbose: %s", words[i].word);
		expect_settings(
			text,
			words[i].yes ?
				"log=(none) textfile=(none) interval=15000ms protect= backend=auto verbose=1" :
				DEFAULTS);
	}
}

static void on_the_command_line(void **state)
{
	static const struct pc_settings_source command = { .relative_paths = true };
	char reason[PC_SETTINGS_REASON];
	struct pc_settings s;

	(void)state;
	assert_int_equal(pc_settings_init(&s), 0);
	assert_int_equal(pc_settings_set(&s, pc_settings_find("log"), "a", 0, &command, reason), 0);
	assert_string_equal(s.log, "a");
	assert_int_equal(pc_settings_set(&s, pc_settings_find("log"), "a/", 0, &command, reason),
			 -EINVAL);
	assert_string_equal(s.log, "a");
	assert_int_equal(
		pc_settings_set(&s, pc_settings_find("protect"), "https", 0, &command, reason),
		-EINVAL);
	assert_non_null(strstr(reason, "https"));
	pc_settings_free(&s);
}

static void ports_are_added_or_replaced(void **state)
{
	const struct pc_settings_key *key = pc_settings_find("protect");
	static const struct {
		const char *list;
		bool more;
		const char *want;
	} steps[] = {
		{ "80,https", false, "80,443" },
		{ "90", true, "80,90,443" },
		{ "7", false, "7" },
		{ "none", false, "" },
	};
	char reason[PC_SETTINGS_REASON];
	struct pc_settings s;

	(void)state;
	assert_int_equal(pc_settings_init(&s), 0);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		char *have;

		assert_int_equal(pc_settings_set(&s, key, steps[i].list, steps[i].more,
						 &settings_source, reason),
				 0);
		have = pc_ports_format(s.protect);
		assert_string_equal(have, steps[i].want);
		free(have);
	}
	assert_int_equal(pc_settings_set(&s, key, "80,x", false, &settings_source, reason),
			 -EINVAL);
	assert_int_equal(pc_ports_count(s.protect, 0, 65535), 0);
	pc_settings_free(&s);
}

static void same_and_swap(void **state)
{
	static const char other[] =
		"log: /a\ntextfile: /b.prom\ninterval: 1\nprotect: 1\nbackend: fentry\n"
		"btf: /t\nverbose: yes\njournal: on\nrepeat_interval: 0\nenter_netns: yes\n"
		"container_names: no\n"
		"patience: 1\nnetns: self\nunit: a,b\ncontainer: [c, d/e]\nuid: 1\nignore: uid:2\n"
		"guard: [all, uid:7]\nguard_grace: 1h\nguard_share: 5\n"
		"log_max_size: 1G\nlog_keep: 9\n"
		"flight_recorder: /f\nflight_size: 1M\nflight_time: 5m\n";
	struct pc_settings_mistakes m;
	struct pc_settings a, b, c;

	(void)state;
	assert_int_equal(pc_settings_init(&a), 0);
	assert_int_equal(settings_parse(other, sizeof(other) - 1, &b, &m), 0);
	assert_int_equal(settings_parse(other, sizeof(other) - 1, &c, &m), 0);
	for (size_t i = 0; i < pc_settings_keys_count; i++) {
		const struct pc_settings_key *key = &pc_settings_keys[i];

		assert_true(pc_settings_same(&a, &a, key));
		assert_false(pc_settings_same(&a, &b, key));
		assert_true(pc_settings_same(&b, &c, key));
		pc_settings_swap(&a, &b, key);
		assert_true(pc_settings_same(&a, &c, key));
		assert_false(pc_settings_same(&b, &c, key));
	}
	pc_settings_free(&a);
	pc_settings_free(&b);
	pc_settings_free(&c);
}

static void long_values_are_cut_between_characters(void **state)
{
	char text[2 * PC_SETTINGS_SHOWN_MAX + 2] = "x";

	(void)state;
	for (size_t i = 1; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 3);
	assert_int_equal(pc_settings_shown(text), PC_SETTINGS_SHOWN_MAX - 1);
	assert_int_equal(pc_settings_shown("\xc3\xa4"), 2);
	assert_int_equal(pc_settings_shown(""), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_set_is_the_defaults),
		cmocka_unit_test(every_key_is_taken),
		cmocka_unit_test(units_of_time),
		cmocka_unit_test(words_are_text),
		cmocka_unit_test(on_the_command_line),
		cmocka_unit_test(ports_are_added_or_replaced),
		cmocka_unit_test(same_and_swap),
		cmocka_unit_test(long_values_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
