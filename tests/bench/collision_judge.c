// SPDX-License-Identifier: GPL-2.0-only
/* Judge whether the monitor has named both sides of collisions, their cause, and how the holder got
 * the port. */
#include "collision.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *cause;
	const char *or_cause; /* as true: when the holder has not ended before it is looked at */
	const char *how;
	const char *proto;
} expected[] = {
	[COLLISION_CLIENT] = { "ephemeral-client", "", "connect", "tcp" },
	[COLLISION_LISTENER] = { "listener", "duplicate-instance", "bind", "tcp" },
	[COLLISION_BIND_ZERO] = { "ephemeral-bind", "", "bind-zero", "tcp" },
	[COLLISION_UDP_CLIENT] = { "ephemeral-bind", "", "autobind", "udp" },
};
_Static_assert(sizeof(expected) / sizeof(expected[0]) == COLLISION_COUNT, "a kind is missing");

static bool is_text(const json_t *object, const char *key, const char *text)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value && !strcmp(value, text);
}

static json_int_t number(const json_t *object, const char *inside, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(object, inside), key));
}

static bool names_holder(const json_t *verdict, const struct collision *c)
{
	const json_t *holders = json_object_get(verdict, "holders"), *holder;
	size_t i;

	json_array_foreach(holders, i, holder)
	{
		if (number(holder, "process", "pid") == c->holder &&
		    number(holder, "local", "port") == c->port &&
		    is_text(holder, "how", expected[c->kind].how) &&
		    json_is_false(json_object_get(holder, "how_inferred")))
			return true;
	}
	return false;
}

static bool is_right(const json_t *verdict, const struct collision *c)
{
	return (is_text(verdict, "cause", expected[c->kind].cause) ||
		is_text(verdict, "cause", expected[c->kind].or_cause)) &&
	       is_text(verdict, "proto", expected[c->kind].proto) && names_holder(verdict, c);
}

static void collision_judge_count_verdict(const json_t *verdict, struct collision *c)
{
	if (is_right(verdict, c))
		c->named++;
	else if (json_is_true(json_object_get(verdict, "incomplete")))
		c->incomplete++;
	else
		c->wrong++;
}

/* Returns whether it is a verdict on none of them. */
static bool judge_line(const json_t *line, struct collision *collisions, unsigned count)
{
	bool other = is_text(line, "type", "refusal");

	for (unsigned i = 0; other && i < count; i++) {
		struct collision *c = &collisions[i];

		if (number(line, "requester", "pid") != c->requester ||
		    number(line, "requested", "port") != c->port)
			continue;
		collision_judge_count_verdict(line, c);
		other = false;
	}
	return other;
}

int collision_judge(const char *path, struct collision *collisions, unsigned count)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	int others = 0;

	if (!file)
		return -errno;
	while (getline(&text, &size, file) > 0) {
		json_t *line = json_loads(text, 0, NULL);

		others += judge_line(line, collisions, count);
		json_decref(line);
	}
	free(text);
	fclose(file);
	return others;
}
