// SPDX-License-Identifier: GPL-2.0-only
/* Sets of ports as bitmaps and as lists. */
#include "core/base/ports.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool ports_parse_port(const char **at, unsigned *port)
{
	const char *p = *at;
	unsigned value = 0;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++) {
		value = value * 10 + (unsigned)(*p - '0');
		if (value >= PC_PORTS)
			return false;
	}
	*port = value;
	*at = p;
	return true;
}

static bool parse_range(const char **at, uint64_t *set)
{
	const char *start = *at;
	unsigned low, high;

	if (!ports_parse_port(at, &low))
		return false;
	high = low;
	if (**at == '-') {
		++*at;
		if (!ports_parse_port(at, &high))
			return false;
		if (high < low) {
			*at = start;
			return false;
		}
	}
	for (unsigned port = low; port <= high; port++)
		pc_ports_add(set, (uint16_t)port);
	return true;
}

static bool is_end(char c)
{
	return c == '\0' || c == '\n';
}

int pc_ports_parse(const char *list, bool allow_empty, uint64_t *set, const char **bad)
{
	uint64_t parsed[PC_PORT_WORDS] = { 0 };
	const char *p = list;

	*bad = p;
	if (is_end(*p) && !allow_empty)
		return -EINVAL;
	while (!is_end(*p)) {
		bool ok = parse_range(&p, parsed);

		*bad = p;
		if (!ok)
			return -EINVAL;
		if (is_end(*p))
			break;
		if (*p++ != ',' || is_end(*p))
			return -EINVAL;
	}
	memcpy(set, parsed, sizeof(parsed));
	return 0;
}

char *pc_ports_format(const uint64_t *set)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	const char *comma = "";

	if (!out)
		return NULL;
	for (unsigned port = 0; port < PC_PORTS; port++) {
		unsigned last = port;

		if (!pc_ports_has(set, (uint16_t)port))
			continue;
		while (last + 1 < PC_PORTS && pc_ports_has(set, (uint16_t)(last + 1)))
			last++;
		fprintf(out, last > port ? "%s%u-%u" : "%s%u", comma, port, last);
		comma = ",";
		port = last;
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

unsigned pc_ports_count(const uint64_t *set, uint16_t low, uint16_t high)
{
	unsigned count = 0;

	for (unsigned word = low / 64; word <= high / 64U; word++) {
		uint64_t bits = set[word];

		if (word == low / 64)
			bits &= ~0ULL << (low % 64);
		if (word == high / 64U)
			bits &= ~0ULL >> (63 - high % 64);
		count += (unsigned)__builtin_popcountll(bits);
	}
	return count;
}
