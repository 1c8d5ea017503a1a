// SPDX-License-Identifier: GPL-2.0-only
/* Finds and replaces the line of a sysctl.d file that sets the reserved ports. */
#include "core/audit/sysctl_edit.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/audit/sysctls.h"
#include "core/base/ports.h"
#include "core/base/text.h"

#define RESERVED "net.ipv4.ip_local_reserved_ports"
#define PLAIN RESERVED " = "

/* The folders of /proc/sys. The first part of each key is one of them, which tells a sysctl.d file from
 * another file with lines like "server.port = 80". */
static const char *const roots[] = { "abi", "crypto", "debug", "dev", "fs", "kernel",
				     "net", "sunrpc", "user",  "vm",  "xen" };

static bool sysctl_edit_is_root(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		if (strlen(roots[i]) == len && !memcmp(roots[i], name, len))
			return true;
	return false;
}

/* Does a line that ends at `end` say nothing, or set or spare (sysctl.d(5): "-key") a sysctl? */
static bool sysctl_edit_is_line(const char *line, const char *end)
{
	bool spares;
	size_t len;

	while (line < end && isspace((unsigned char)*line))
		line++;
	if (line == end || *line == '#' || *line == ';')
		return true;
	spares = *line == '-';
	line += spares;
	while (line < end && isblank((unsigned char)*line))
		line++;
	len = strcspn(line, "./");
	if (line + len >= end || !sysctl_edit_is_root(line, len))
		return false;
	return spares || memchr(line, '=', (size_t)(end - line));
}

/* Notes where in the text the value of this line is. */
static void note_value(struct pc_sysctl_edit *e, const char *text, const char *line,
		       const char *end)
{
	const char *from = (const char *)memchr(line, '=', (size_t)(end - line)) + 1;

	while (end > from && isspace((unsigned char)end[-1]))
		end--;
	while (from < end && isspace((unsigned char)*from))
		from++;
	e->from = (size_t)(from - text);
	e->to = (size_t)(end - text);
}

static int sysctl_edit_take(struct pc_sysctl_edit *e, const char *text, const char *line,
			    const char *end)
{
	char *key, *value;
	const char *bad;
	int err;

	if (!sysctl_edit_is_line(line, end))
		return -ENOEXEC;
	err = pc_sysctl_parse(line, &key, &value);
	if (err)
		return err == -ENOENT ? 0 : err;
	if (strcmp(key, RESERVED)) {
		e->mixed = true;
	} else {
		e->mixed |= e->to || strncmp(line, PLAIN, strlen(PLAIN));
		err = pc_ports_parse(value, true, e->ports, &bad) ? -EBADMSG : 0;
		note_value(e, text, line, end);
	}
	free(key);
	free(value);
	return err;
}

int pc_sysctl_edit_parse(const char *text, size_t len, struct pc_sysctl_edit *out, unsigned *line)
{
	struct pc_sysctl_edit e = { 0 };
	const char *at = text;

	*line = 0;
	while (at < text + len) {
		size_t n = strcspn(at, "\n");
		int err;

		++*line;
		err = at[n] || at + n == text + len ? sysctl_edit_take(&e, text, at, at + n) :
						      -ENOEXEC;
		if (err)
			return err;
		at += n + 1;
	}
	*out = e;
	return 0;
}

static void put_edited(FILE *out, const char *text, const struct pc_sysctl_edit *e,
		       const char *list, const char *dropin)
{
	size_t len = strlen(text);

	if (e->to) {
		fprintf(out, "%.*s%s%s", (int)e->from, text, list, text + e->to);
		return;
	}
	fprintf(out, "%s%s%s", text, len && text[len - 1] != '\n' ? "\n" : "", dropin);
}

char *pc_sysctl_edit_format(const char *text, const struct pc_sysctl_edit *edit,
			    const uint64_t *ports, const char *dropin)
{
	char *list = pc_ports_format(ports);
	struct pc_text out;

	if (!list || pc_text_open(&out)) {
		free(list);
		return NULL;
	}
	put_edited(out.out, text, edit, list, dropin);
	free(list);
	return pc_text_close(&out);
}
