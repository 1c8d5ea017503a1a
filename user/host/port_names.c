// SPDX-License-Identifier: GPL-2.0-only
/* Ports of services by name. */
#include "host/port_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portclash/values.h"

/* A port has at most the digits of 65535; nobody writes leading zeros. */
#define PORT_DIGITS 5

/* "443/tcp". By hand: scanf() takes signs, and makes a port of what overflows. */
static bool port_names_parse_number(const char *text, unsigned *port)
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
	if (!number || !port_names_parse_number(number, port))
		return false;
	matches = !strcmp(word, name);
	while (!matches && (word = strtok_r(NULL, " \t", &rest)))
		matches = !strcmp(word, name);
	return matches;
}

bool pc_port_names_port(const char *file, const char *name, unsigned *port)
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
