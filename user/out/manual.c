// SPDX-License-Identifier: GPL-2.0-only
/* The page docs/causes.md, compiled in: a section begins with "## `cause`" and ends at the next
 * heading. */
#include "out/manual.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/base/nearest.h"
#include "core/verdict/causes.h"

static const char page[] =
#include "causes.inc"
	;

/* Errors and socket states that have a section. */
static const struct {
	const char *name;
	int error; /* 0: none */
} topics[] = {
	{ "EADDRINUSE", EADDRINUSE }, { "EACCES", EACCES }, { "EADDRNOTAVAIL", EADDRNOTAVAIL },
	{ "EPERM", EPERM },	      { "TIME_WAIT", 0 },   { "SO_REUSEADDR", 0 },
	{ "SO_REUSEPORT", 0 },
};

#define TOPICS (sizeof(topics) / sizeof(topics[0]))
#define CAUSES (PC_CAUSE_COUNT - PC_CAUSE_INVALID - 1)

static bool names_error(const char *word, int error)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", error);
	return error && (!strcmp(word, number) || !strcasecmp(word, strerror(error)));
}

const char *pc_manual_topic(const char *word)
{
	for (size_t i = 0; i < TOPICS; i++)
		if (!strcasecmp(word, topics[i].name) || names_error(word, topics[i].error))
			return topics[i].name;
	return NULL;
}

static const char *entry_at(const void *context, size_t index)
{
	(void)context;
	return index < CAUSES ? pc_cause_name((enum pc_cause)(PC_CAUSE_INVALID + 1 + index)) :
				topics[index - CAUSES].name;
}

/* The first letters of a name stand for the name, from so many letters on. */
#define PREFIX_MIN 4

const char *pc_manual_nearest(const char *word)
{
	const char *near = pc_nearest(word, entry_at, NULL, CAUSES + TOPICS);
	size_t len = strlen(word);

	for (size_t i = 0; !near && len >= PREFIX_MIN && i < CAUSES + TOPICS; i++) {
		const char *name = entry_at(NULL, i);

		near = name && !strncasecmp(name, word, len) ? name : NULL;
	}
	return near;
}

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

static bool is_example(const char *line)
{
	return !strncmp(line, "    ", 4);
}

/* Code marks are for a browser; indented lines are as they are. */
static void put_line(FILE *out, const char *line, const char *end)
{
	bool code = is_example(line);

	for (; line < end; line++)
		if (code || *line != '`')
			fputc(*line, out);
}

static void put_manual_line(FILE *out, const char *name)
{
	const char *line = find_section(name);

	fprintf(out, "%-22s ", name);
	if (line)
		put_line(out, line, line_end(line));
	fputc('\n', out);
}

void pc_manual_list(FILE *out)
{
	for (size_t i = 0; i < CAUSES + TOPICS; i++) {
		if (i == CAUSES)
			fputc('\n', out);
		put_manual_line(out, entry_at(NULL, i));
	}
}

/* Lines of one paragraph or of one item of a list: their breaks are those of the page. */
static bool goes_on(const char *before, const char *line)
{
	return before && !is_example(before) && !is_example(line) && strncmp(line, "* ", 2);
}

bool pc_manual_section(FILE *out, const char *cause)
{
	const char *line = find_section(cause), *before = NULL;

	if (!line)
		return false;
	fputs(cause, out);
	for (bool blank = true; *line && *line != '#'; line = line_end(line) + 1) {
		/* A blank line is printed with what follows it: not at the end. */
		if (*line == '\n') {
			blank = true;
			before = NULL;
			continue;
		}
		if (goes_on(before, line))
			fputc(' ', out);
		else
			fputs(blank ? "\n\n" : "\n", out);
		blank = false;
		before = line;
		if (!is_example(line))
			line += strspn(line, " ");
		put_line(out, line, line_end(line));
	}
	fputc('\n', out);
	return true;
}
