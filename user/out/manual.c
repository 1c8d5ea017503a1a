// SPDX-License-Identifier: GPL-2.0-only
/* The page docs/causes.md, compiled in: a section begins with "## `cause`" and ends at the next
 * heading. */
#include "out/manual.h"

#include <string.h>

#include "core/names.h"

static const char page[] =
#include "causes.inc"
	;

/* Behind the heading's line; NULL: there is no such section. */
static const char *find_section(const char *cause)
{
	char heading[64];
	const char *at;

	if ((size_t)snprintf(heading, sizeof(heading), "\n## `%s`\n\n", cause) >= sizeof(heading))
		return NULL;
	at = strstr(page, heading);
	return at ? at + strlen(heading) : NULL;
}

static const char *line_end(const char *line)
{
	return line + strcspn(line, "\n");
}

/* Code marks are for a browser; indented lines are as they are. */
static void put_line(FILE *out, const char *line, const char *end)
{
	bool code = !strncmp(line, "    ", 4);

	for (; line < end; line++)
		if (code || *line != '`')
			fputc(*line, out);
}

void pc_manual_list(FILE *out)
{
	for (int i = PC_CAUSE_INVALID + 1; i < PC_CAUSE_COUNT; i++) {
		const char *name = pc_cause_name(i), *line = find_section(name);

		fprintf(out, "%-22s ", name);
		if (line)
			put_line(out, line, line_end(line));
		fputc('\n', out);
	}
}

bool pc_manual_section(FILE *out, const char *cause)
{
	const char *line = find_section(cause);
	bool blank = false;

	if (!line)
		return false;
	fprintf(out, "%s\n\n", cause);
	for (; *line && *line != '#'; line = line_end(line) + 1) {
		/* A blank line is printed with what follows it: not at the end. */
		if (*line == '\n') {
			blank = true;
			continue;
		}
		if (blank)
			fputc('\n', out);
		blank = false;
		put_line(out, line, line_end(line));
		fputc('\n', out);
	}
	return true;
}
