// SPDX-License-Identifier: GPL-2.0-only
/* Running `portclash audit` and finding lines in its output. */
#include "judge/audit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stage/space.h"

void audit_set(struct test *t, const char *name, const char *value)
{
	if (space_set(name, value))
		test_abort(t, "stage: cannot set %s to %s", name, value);
}

struct audit audit_as(struct test *t, const struct monitor_spec *spec, int status)
{
	struct audit a = { t, monitor_spawn(t, spec), space_of(getpid()) };
	int have = monitor_stop(t, a.m, 0, 20);
	char *said = monitor_text(a.m->err);

	if (have != status)
		test_fail(t, "expected %d, got %d as exit status of the audit: %s", status, have,
			  said);
	free(said);
	return a;
}

struct audit audit_json(struct test *t, const char *const *argv, int status)
{
	struct audit a =
		audit_as(t, &(struct monitor_spec){ .argv = argv, .in_space = true }, status);

	monitor_read(t, a.m);
	return a;
}

void audit_hostile(struct test *t, const char *const *argv)
{
	struct audit a = audit_as(t, &(struct monitor_spec){ .argv = argv, .in_space = true }, 3);
	char *text = monitor_text(a.m->out);

	if (!strstr(text, "\\x1b[31m"))
		test_fail(t, "expected the hostile name, escaped, in the text");
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at < 0x20 && *at != '\n') {
			test_fail(t, "expected no control character, got \\x%02x in the text", *at);
			break;
		}
	free(text);
}

static bool is_one(const struct audit *a, json_t *line, const char *type, int port)
{
	json_t *end = json_object_get(line, "local");

	if (strcmp(json_string_value(json_object_get(line, "type")), type))
		return false;
	if (port && json_integer_value(json_object_get(end, "port")) != port)
		return false;
	return !a->netns || !json_is_integer(json_object_get(line, "netns")) ||
	       json_integer_value(json_object_get(line, "netns")) == (json_int_t)a->netns;
}

struct spot audit_line(const struct audit *a, const char *type, int port)
{
	json_t *found = NULL;

	for (size_t i = 0; i < a->m->count; i++) {
		if (!is_one(a, a->m->lines[i], type, port))
			continue;
		if (found)
			test_fail(a->t, "expected one line \"%s\" about port %d, got two", type,
				  port);
		found = a->m->lines[i];
	}
	if (!found)
		test_fail(a->t, "expected a line \"%s\" about port %d, got none", type, port);
	return spot_of(a->t, found);
}

void audit_count(const struct audit *a, const char *type, unsigned count)
{
	unsigned have = 0;

	for (size_t i = 0; i < a->m->count; i++)
		have += is_one(a, a->m->lines[i], type, 0);
	if (have != count)
		test_fail(a->t, "expected %u lines \"%s\", got %u", count, type, have);
}
