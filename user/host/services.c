// SPDX-License-Identifier: GPL-2.0-only
/* Names of services in a list of ports. */
#include "host/services.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "portclash/record.h"

/* Of 65535; leading zeros are nobody's habit. */
#define PORT_DIGITS 5

/* "443/tcp". By hand: scanf() takes signs, and makes a port of what overflows. */
static bool parse_number(const char *text, unsigned *port)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > PORT_DIGITS || text[digits] != '/')
		return false;
	*port = (unsigned)strtoul(text, NULL, 10);
	return *port < PC_PORTS;
}

/* A line is "https 443/tcp alias... # comment". */
static bool line_names(char *line, const char *name, unsigned *port)
{
	char *rest, *word, *number;
	bool matches;

	line[strcspn(line, "#\n")] = '\0';
	word = strtok_r(line, " \t", &rest);
	number = word ? strtok_r(NULL, " \t", &rest) : NULL;
	if (!number || !parse_number(number, port))
		return false;
	matches = !strcmp(word, name);
	while (!matches && (word = strtok_r(NULL, " \t", &rest)))
		matches = !strcmp(word, name);
	return matches;
}

bool pc_services_port(const char *file, const char *name, unsigned *port)
{
	FILE *services = fopen(file, "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (services && !found && getline(&line, &size, services) > 0)
		found = line_names(line, name, port);
	free(line);
	if (services)
		fclose(services);
	return found;
}

static int put_item(FILE *out, const char *file, const char *item, size_t len, char **bad)
{
	char *name;
	unsigned port;

	if (!len || !isalpha((unsigned char)*item)) {
		fwrite(item, 1, len, out);
		return 0;
	}
	name = strndup(item, len);
	if (!name)
		return -ENOMEM;
	if (!pc_services_port(file, name, &port)) {
		*bad = name;
		return -ENOENT;
	}
	fprintf(out, "%u", port);
	free(name);
	return 0;
}

int pc_services_expand(const char *file, const char *list, char **out, char **bad)
{
	struct pc_text text;
	char *expanded;
	int err = pc_text_open(&text);

	if (err)
		return err;
	while (!err) {
		size_t len = strcspn(list, ",");

		err = put_item(text.out, file, list, len, bad);
		list += len;
		if (!*list)
			break;
		fputc(*list++, text.out);
	}
	expanded = pc_text_close(&text);
	if (!err && !expanded)
		err = -ENOMEM;
	if (err)
		free(expanded);
	else
		*out = expanded;
	return err;
}
