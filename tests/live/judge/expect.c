// SPDX-License-Identifier: GPL-2.0-only
/* Comparing one field of a JSON line with the truth. */
#include "judge/expect.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOTES_MAX 4

struct spot spot_of(struct test *t, json_t *line)
{
	return (struct spot){ .t = t, .json = line };
}

struct spot spot_below(const struct spot *s, const char *key)
{
	struct spot below = { .t = s->t, .json = json_object_get(s->json, key) };

	snprintf(below.path, sizeof(below.path), "%.100s%s%.50s", s->path, s->path[0] ? "." : "",
		 key);
	return below;
}

struct spot spot_at(const struct spot *s, size_t index)
{
	struct spot at = { .t = s->t, .json = json_array_get(s->json, index) };

	snprintf(at.path, sizeof(at.path), "%.130s[%zu]", s->path, index);
	return at;
}

void expected(const struct spot *s, const char *format, ...)
{
	char *got = s->json ? json_dumps(s->json, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	char what[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	test_fail(s->t, "expected %s, got %s at %s", what, got ? got : "nothing", s->path);
	free(got);
}

void expect_null(const struct spot *s, const char *key)
{
	struct spot at = spot_below(s, key);

	if (!json_is_null(at.json))
		expected(&at, "null");
}

void expect_bool(const struct spot *s, const char *key, bool value)
{
	struct spot at = spot_below(s, key);

	if (!json_is_boolean(at.json) || json_is_true(at.json) != value)
		expected(&at, "%s", value ? "true" : "false");
}

void expect_complete(const struct spot *verdict)
{
	expect_bool(verdict, "incomplete", false);
	expect_null(verdict, "incomplete_reason");
}

void expect_int(const struct spot *s, const char *key, long long value)
{
	struct spot at = spot_below(s, key);

	if (!json_is_integer(at.json) || json_integer_value(at.json) != value)
		expected(&at, "%lld", value);
}

void expect_string(const struct spot *s, const char *key, const char *value)
{
	struct spot at = spot_below(s, key);
	const char *have = json_string_value(at.json);

	if (!value)
		expect_null(s, key);
	else if (!have || strcmp(have, value))
		expected(&at, "\"%s\"", value);
}

void expect_contains(const struct spot *s, const char *key, const char *part)
{
	struct spot at = spot_below(s, key);
	const char *have = json_string_value(at.json);

	if (!have || !*have || (part && !strstr(have, part)))
		expected(&at, "a text with \"%s\"", part ? part : "");
}

/* Tells whether this is one whole character of UTF-8; the JSON library is the judge. */
static size_t character_length(const char *at)
{
	for (size_t len = 1; len <= 4 && len <= strlen(at); len++) {
		json_t *character = json_stringn(at, len);

		json_decref(character);
		if (character)
			return len;
	}
	return 0;
}

static void clean(const char *raw, char *out, size_t size)
{
	size_t used = 0;

	while (*raw && used + 5 < size) {
		size_t len = character_length(raw);

		if (len) {
			memcpy(out + used, raw, len);
			used += len;
			raw += len;
		} else {
			used += (size_t)sprintf(out + used, "\\x%02x", (unsigned char)*raw++);
		}
	}
	out[used] = '\0';
}

void expect_hostile(const struct spot *s, const char *key, const char *raw)
{
	size_t size = strlen(raw) * 4 + 8;
	char *text = malloc(size);

	if (!text)
		return;
	clean(raw, text, size);
	expect_string(s, key, text);
	free(text);
}

void expect_end(const struct spot *s, const char *key, const struct end *end)
{
	struct spot at = spot_below(s, key);

	if (!end->port && !end->address[0]) {
		expect_null(s, key);
		return;
	}
	expect_string(&at, "address", end->address);
	expect_int(&at, "port", end->port);
}

bool parse_time(const char *text, int64_t *ns)
{
	struct tm tm = { 0 };
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	char *end;
	long us;

	if (!rest || strlen(rest) != 8 || rest[0] != '.' || rest[7] != 'Z')
		return false;
	us = strtol(rest + 1, &end, 10);
	*ns = (int64_t)timegm(&tm) * 1000000000 + us * 1000;
	return end == rest + 7;
}

void expect_time(const struct spot *s, const char *key, int64_t after, int64_t before)
{
	int64_t slack = (int64_t)(CLOCK_SLACK_NS * s->t->settings->patience), ns;
	struct spot at = spot_below(s, key);

	if (!parse_time(json_string_value(at.json), &ns))
		expected(&at, "a time like 2026-01-31T12:00:00.123456Z");
	else if (ns < after - slack || ns > before + slack)
		expected(&at, "a time from %.6f to %.6f s of Unix time (not %.6f)",
			 (double)after / 1e9, (double)before / 1e9, (double)ns / 1e9);
}

void expect_recent(const struct spot *s, const char *key)
{
	int64_t now = wall_ns();

	expect_time(s, key, now - 3600 * 1000000000LL, now);
}

void expect_options(const struct spot *s, const char *key, const struct io_look *look)
{
	struct spot at = spot_below(s, key);

	expect_bool(&at, "reuseaddr", look->reuseaddr);
	expect_bool(&at, "reuseport", look->reuseport);
	expect_bool(&at, "v6only", look->v6only);
	if (look->ifindex)
		expect_int(&at, "bindtodevice", look->ifindex);
	else
		expect_null(&at, "bindtodevice");
}

void compare_person(const struct spot *at, const struct person *who)
{
	if (!json_is_object(at->json)) {
		expected(at, "%s[%d]", who->comm, who->pid);
		return;
	}
	expect_int(at, "pid", who->pid);
	expect_hostile(at, "comm", who->comm);
	expect_hostile(at, "exe", who->exe);
	expect_hostile(at, "cmdline", who->cmdline);
	expect_int(at, "uid", who->uid);
	expect_int(at, "netns", (long long)who->netns);
	if (who->cgroup[0])
		expect_hostile(at, "cgroup", who->cgroup);
	expect_time(at, "started", who->born_after, who->born_before);
}

void expect_person(const struct spot *s, const char *key, const struct person *who)
{
	struct spot at = spot_below(s, key);

	if (who)
		compare_person(&at, who);
	else
		expect_null(s, key);
}

void note_line(struct test *t, json_t *line)
{
	char *text;

	/* The JSON line is shown for the first few mismatches only. */
	if (t->noted++ >= NOTES_MAX)
		return;
	text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	test_note(t, "%s", text ? text : "(no line)");
	free(text);
}
