// SPDX-License-Identifier: GPL-2.0-only
/* Read what the bench wants from the monitor's last JSON line. */
#include "summary.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number, or the sum of all numbers inside: the kinds of loss may become more. */
static long sum(const json_t *value)
{
	const char *key;
	json_t *inner;
	long total = 0;

	if (!json_is_object(value))
		return (long)json_integer_value(value);
	json_object_foreach((json_t *)value, key, inner) total += sum(inner);
	return total;
}

static int extract(const json_t *line, struct summary *ret)
{
	const json_t *claims = json_object_get(json_object_get(line, "claims"), "connect");
	const json_t *lost = json_object_get(line, "lost");

	if (!json_is_integer(claims) || !(json_is_integer(lost) || json_object_size(lost) > 0))
		return -EBADMSG;
	ret->claims = (long)json_integer_value(claims);
	ret->lost = sum(lost);
	return 0;
}

int summary_read(const char *path, struct summary *ret)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	int err = -ENOENT;

	if (!file)
		return -errno;
	while (getline(&text, &size, file) > 0) {
		json_t *line = json_loads(text, 0, NULL);
		const char *type = json_string_value(json_object_get(line, "type"));

		if (type && strcmp(type, "summary") == 0)
			err = extract(line, ret);
		json_decref(line);
	}
	free(text);
	fclose(file);
	return err;
}
