// SPDX-License-Identifier: GPL-2.0-only
/* A strict reader of the Prometheus text format: one bad line loses the whole file for
 * node_exporter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "promtext.h"

static bool is_name(const char *name, size_t len)
{
	return len > 0 && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == len;
}

/* Past `name="value"`; fails on anything the format does not allow in it. */
static const char *read_label(const char *s)
{
	const char *equals = strchr(s, '=');

	assert_non_null(equals);
	assert_true(is_name(s, equals - s));
	s = equals + 1;
	assert_int_equal(*s, '"');
	for (s++; *s != '"'; s++) {
		assert_true(*s && (unsigned char)*s < 0x80); /* the tests give no other UTF-8 */
		if (*s == '\\')
			assert_true(*++s == '\\' || *s == '"' || *s == 'n');
	}
	return s + 1;
}

static const char *read_labels(const char *s)
{
	do
		s = read_label(s + 1); /* after { or , */
	while (*s == ',');
	assert_int_equal(*s, '}');
	return s + 1;
}

/* A value and nothing behind it: a timestamp makes node_exporter skip the file. */
static void read_value(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	assert_true(digits > 0);
	s += digits;
	if (*s == '.')
		s += 1 + strspn(s + 1, "0123456789");
	assert_string_equal(s, "");
}

static void read_help(struct reading *reading, char *line)
{
	char *name = line + strlen("# HELP ");
	char *space = strchr(name, ' ');

	assert_non_null(space);
	assert_true(strlen(space) > 10 && !strchr(space, '\\'));
	*space = '\0';
	assert_true(is_name(name, strlen(name)) && !strncmp(name, "portclash_", 10));
	for (int i = 0; i < reading->families_count; i++)
		assert_string_not_equal(reading->families[i], name);
	assert_true(reading->families_count < FAMILIES_MAX);
	reading->families[reading->families_count++] = name;
}

static void read_type(const struct reading *reading, const char *line)
{
	const char *family = reading->families[reading->families_count - 1];
	const char *name = line + strlen("# TYPE ");
	size_t len = strlen(family);
	bool is_total = len > 6 && !strcmp(family + len - 6, "_total");

	assert_true(!strncmp(line, "# TYPE ", 7));
	assert_true(!strncmp(name, family, len) && name[len] == ' ');
	assert_string_equal(name + len + 1, is_total ? "counter" : "gauge");
}

static void read_sample(struct reading *reading, char *line)
{
	int last = reading->families_count - 1;
	const char *family = last < 0 ? "#" : reading->families[last]; /* a sample has no # */
	size_t len = strlen(family), end;
	const char *rest = line + len;

	assert_true(*line != '#' && !strncmp(line, family, len)); /* so families are contiguous */
	if (*rest == '{')
		rest = read_labels(rest);
	assert_int_equal(*rest, ' ');
	read_value(rest + 1);
	end = rest - line;
	for (int i = 0; i < reading->series_count; i++)
		assert_false(!strncmp(reading->series[i], line, end + 1));
	assert_true(reading->series_count < SERIES_MAX);
	reading->series[reading->series_count++] = line;
}

/* Ends the line with a NUL; returns the one after it. */
static char *cut_line(char *line)
{
	char *end = strchr(line, '\n');

	assert_non_null(end);
	*end = '\0';
	return end + 1;
}

void promtext_read(struct reading *reading, char *text, size_t len)
{
	memset(reading, 0, sizeof(*reading));
	assert_int_equal(strlen(text), len);
	for (char *line = text, *next; *line; line = next) {
		next = cut_line(line);
		if (strncmp(line, "# HELP ", 7)) {
			read_sample(reading, line);
			continue;
		}
		read_help(reading, line);
		line = next;
		next = cut_line(line);
		read_type(reading, line);
	}
}

int promtext_count(const struct reading *reading, const char *start)
{
	int count = 0;

	for (int i = 0; i < reading->series_count; i++)
		count += !strncmp(reading->series[i], start, strlen(start));
	return count;
}

void assert_sample(const struct reading *reading, const char *line)
{
	for (int i = 0; i < reading->series_count; i++)
		if (!strcmp(reading->series[i], line))
			return;
	fail_msg("no sample %s", line);
}
