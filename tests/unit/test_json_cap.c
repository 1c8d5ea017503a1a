// SPDX-License-Identifier: GPL-2.0-only
/* The cap on the text of a JSON line: the worst verdict that strangers can bring about stays a valid line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "out/json_cap.h"
#include "out/sink.h"

#define TEXT_LEN 4096

_Static_assert(PC_JSON_LINE_MAX == 256 * 1024, "docs/json.md and SECURITY.md say so");

/* A line as written, parsed. */
static json_t *written_verdict(const struct pc_verdict *v, size_t *len)
{
	struct pc_log log = PC_LOG_INIT;
	struct pc_clock clock = { 0 };
	char path[] = "/tmp/portclash-unit-XXXXXX", *line = NULL;
	size_t size = 0;
	ssize_t n;
	json_t *parsed;
	FILE *file;

	close(mkstemp(path));
	assert_int_equal(pc_log_open(&log, path), 0);
	assert_int_equal(pc_sink_json.verdict(&log, &clock, v), 0);
	pc_log_close(&log);
	file = fopen(path, "re");
	n = getline(&line, &size, file);
	fclose(file);
	unlink(path);
	assert_true(n > 0);
	*len = (size_t)n;
	parsed = json_loads(line, 0, NULL);
	free(line);
	assert_non_null(parsed);
	return parsed;
}

/* All holders have all owners, and each text is as long as can be and has `byte` only. */
static void fill_verdict(struct pc_verdict *v, struct pc_identity *who, char byte, size_t len)
{
	char *text = malloc(len + 1);

	memset(text, byte, len);
	text[len] = '\0';
	*who = (struct pc_identity){ .key.tgid = 1,
				     .exe = text,
				     .cmdline = text,
				     .cgroup = text,
				     .unit = text,
				     .container = text };
	memset(v, 0, sizeof(*v));
	v->requester.who = who;
	v->explanation = text;
	v->holders_count = PC_HOLDERS_MAX;
	for (unsigned i = 0; i < PC_HOLDERS_MAX; i++) {
		struct pc_holder *h = &v->holders[i];

		h->owners_count = PC_OWNERS_MAX;
		h->claimer.who = h->peer.who = who;
		for (unsigned j = 0; j < PC_OWNERS_MAX; j++)
			h->owners[j].who = who;
	}
}

static void check_capped(char byte, size_t text_len)
{
	static struct pc_verdict v;
	struct pc_identity who;
	json_t *line, *owner;
	const char *cmdline;
	size_t len;

	fill_verdict(&v, &who, byte, text_len);
	line = written_verdict(&v, &len);
	assert_true(len <= PC_JSON_LINE_MAX);
	assert_true(json_integer_value(json_object_get(line, "text_cut")) > 100);
	assert_int_equal(json_array_size(json_object_get(line, "holders")), PC_HOLDERS_MAX);
	owner = json_array_get(
		json_object_get(json_array_get(json_object_get(line, "holders"), 15), "owners"), 7);
	cmdline = json_string_value(json_object_get(owner, "cmdline"));
	assert_non_null(cmdline);
	assert_true(strlen(cmdline) > 5 && strlen(cmdline) < text_len);
	assert_true(json_is_true(json_object_get(owner, "cmdline_cut")));
	json_decref(line);
	free(who.exe);
}

static void worst_lines_are_capped(void **state)
{
	(void)state;
	check_capped('x', TEXT_LEN);
	check_capped('\x01', TEXT_LEN); /* \u0001 */
	check_capped('"', TEXT_LEN);
	check_capped('\xff', TEXT_LEN); /* no UTF-8 */
	check_capped('x', 128 * 1024);
}

/* Lines just below the cap and just above it: what is written of each character is counted. */
static void lines_of_any_length(void **state)
{
	static const char bytes[] = { 'x', '\x01', '"', '\\' };
	static struct pc_verdict v;
	struct pc_identity who;
	size_t written;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		for (size_t len = 40; len < TEXT_LEN; len += len / 8) {
			fill_verdict(&v, &who, bytes[i], len);
			json_decref(written_verdict(&v, &written));
			assert_true(written <= PC_JSON_LINE_MAX);
			free(who.exe);
		}
	}
}

static void usual_lines_are_not(void **state)
{
	static struct pc_verdict v;
	struct pc_identity who;
	json_t *line;
	size_t len;

	(void)state;
	fill_verdict(&v, &who, 'x', 80);
	line = written_verdict(&v, &len);
	assert_null(json_object_get(line, "text_cut"));
	json_decref(line);
	free(who.exe);
}

/* Characters of several bytes stay whole, and half a command is none. */
static void cuts_make_sense(void **state)
{
	json_t *line = json_object(), *fix;
	char *text = malloc(PC_JSON_LINE_MAX + 3);
	const char *cut;

	(void)state;
	for (size_t i = 0; i < PC_JSON_LINE_MAX; i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	text[PC_JSON_LINE_MAX] = '\0';
	json_object_set_new(line, "path", json_pack("s+", "a", text));
	json_object_set_new(line, "fixes", json_pack("[{s:s,s:s}]", "command", text, "what", "do"));
	pc_json_cap(line);
	cut = json_string_value(json_object_get(line, "path"));
	assert_true(cut && strlen(cut) > 64 && strlen(cut) <= 1024 && strlen(cut) % 2 == 1);
	fix = json_array_get(json_object_get(line, "fixes"), 0);
	assert_true(json_is_null(json_object_get(fix, "command")));
	assert_string_equal(json_string_value(json_object_get(fix, "what")), "do");
	assert_int_equal(json_integer_value(json_object_get(line, "text_cut")), 2);
	json_decref(line);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worst_lines_are_capped),
		cmocka_unit_test(lines_of_any_length),
		cmocka_unit_test(usual_lines_are_not),
		cmocka_unit_test(cuts_make_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
