// SPDX-License-Identifier: GPL-2.0-only
/* Lines of sysctl.d files. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/array.h"
#include "core/base/ports.h"
#include "core/audit/sysctls.h"

#define RESERVED "net.ipv4.ip_local_reserved_ports"

static char *trimmed(const char *from, const char *end)
{
	while (from < end && isspace((unsigned char)*from))
		from++;
	while (end > from && isspace((unsigned char)end[-1]))
		end--;
	return strndup(from, (size_t)(end - from));
}

/* sysctl.d(5): slashes separate, and dots belong to names, if the first separator is a slash. */
static void use_dots(char *key)
{
	if (key[strcspn(key, "./")] != '/')
		return;
	for (; *key; key++)
		*key = *key == '/' ? '.' : *key == '.' ? '/' : *key;
}

int pc_sysctl_parse(const char *text, char **key, char **value)
{
	const char *equals, *end = text + strcspn(text, "\n");
	char *name, *content;

	while (text < end && isspace((unsigned char)*text))
		text++;
	if (text == end || *text == '#' || *text == ';')
		return -ENOENT;
	text += *text == '-';
	equals = memchr(text, '=', (size_t)(end - text));
	if (!equals)
		return -ENOENT;
	name = trimmed(text, equals);
	content = trimmed(equals + 1, end);
	if (!name || !content || !*name) {
		int err = name && content ? -ENOENT : -ENOMEM;

		free(name);
		free(content);
		return err;
	}
	use_dots(name);
	*key = name;
	*value = content;
	return 0;
}

static struct pc_sysctl_line *new_line(struct pc_sysctl_lines *lines)
{
	if (pc_array_reserve(&lines->list, &lines->room, lines->count + 1, sizeof(*lines->list)))
		return NULL;
	return &lines->list[lines->count];
}

static void override(struct pc_sysctl_lines *lines, const char *key)
{
	for (size_t i = 0; i < lines->count; i++)
		if (!strcmp(lines->list[i].key, key))
			lines->list[i].overridden = true;
}

int pc_sysctl_add(struct pc_sysctl_lines *lines, const char *file, unsigned number,
		  const char *text)
{
	struct pc_sysctl_line line = { .line = number }, *to;
	int err = pc_sysctl_parse(text, &line.key, &line.value);

	if (err)
		return err == -ENOENT ? 0 : err;
	line.file = strdup(file);
	to = new_line(lines);
	if (!line.file || !to) {
		free(line.file);
		free(line.key);
		free(line.value);
		return -ENOMEM;
	}
	override(lines, line.key);
	*to = line;
	lines->count++;
	return 0;
}

const struct pc_sysctl_line *pc_sysctl_reserved(const struct pc_sysctl_lines *lines, uint64_t *set)
{
	for (size_t i = lines->count; i--;) {
		uint64_t ports[PC_PORT_WORDS];
		const char *bad;

		if (strcmp(lines->list[i].key, RESERVED) ||
		    pc_ports_parse(lines->list[i].value, true, ports, &bad))
			continue;
		for (unsigned word = 0; word < PC_PORT_WORDS; word++)
			set[word] |= ports[word];
		return &lines->list[i];
	}
	return NULL;
}

static bool sysctl_lines_ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && !strcmp(text + len - n, end);
}

/* /etc/sysctl.conf is read last. */
bool pc_sysctl_comes_later(const char *file, const char *than)
{
	const char *name = strrchr(file, '/'), *other = strrchr(than, '/');

	return strcmp(file, than) && (sysctl_lines_ends_with(file, "/etc/sysctl.conf") ||
				      strcmp(name ? name + 1 : file, other ? other + 1 : than) > 0);
}

void pc_sysctl_lines_free(struct pc_sysctl_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		free(lines->list[i].file);
		free(lines->list[i].key);
		free(lines->list[i].value);
	}
	free(lines->list);
	*lines = (struct pc_sysctl_lines){ 0 };
}
