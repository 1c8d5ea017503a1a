// SPDX-License-Identifier: GPL-2.0-only
/* portclash's own sysctl.d file as text. */
#include "core/cure/dropin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/audit/sysctls.h"
#include "core/base/text.h"

#define RESERVED "net.ipv4.ip_local_reserved_ports"
#define MARK "# portclash "
#define BEFORE "before"

static const char head[] =
	"# portclash rewrites the comments \"portclash NAME:\" and the line under them. It never removes ports\n"
	"# that you add to that line by hand.\n";

/* The set that the mark "NAME: PORTS" is about; NULL: it is no mark. */
static uint64_t *marked_set(struct pc_dropin *d, const char *mark, const char **ports)
{
	const char *colon = mark + strcspn(mark, ":\n");
	size_t len = (size_t)(colon - mark);
	enum pc_keeper keeper;

	if (*colon != ':')
		return NULL;
	*ports = colon + 1 + strspn(colon + 1, " ");
	if (len == strlen(BEFORE) && !memcmp(mark, BEFORE, len))
		return d->before;
	keeper = pc_keeper_named(mark, len);
	return keeper == PC_KEEPER_INVALID ? NULL : d->kept[keeper];
}

static bool is_reserved_key(const char *line)
{
	char *key, *value;
	bool is;

	if (pc_sysctl_parse(line, &key, &value))
		return false;
	is = !strcmp(key, RESERVED);
	free(key);
	free(value);
	return is;
}

/* The kernel takes what pc_ports_parse() takes, and nothing of a list that has more in it. */
static int take_value(const char *line, uint64_t *set)
{
	char *key, *value;
	const char *bad;
	int err = pc_sysctl_parse(line, &key, &value);

	if (err)
		return err;
	err = pc_ports_parse(value, true, set, &bad) ? -EBADMSG : 0;
	free(key);
	free(value);
	return err;
}

static bool is_head(const char *line, size_t len)
{
	const char *at;

	for (at = head; *at; at = strchr(at, '\n') + 1)
		if (!strncmp(at, line, len))
			return true;
	return false;
}

/* The reader's place in the file: `value` is that of the last line that sets the ports. */
struct reading {
	struct pc_dropin d;
	struct pc_text rest;
	uint64_t value[PC_PORT_WORDS];
};

/* This function takes a line, with its newline unless the file ends in the line. */
static int take_line(struct reading *r, const char *line, size_t len)
{
	const char *ports, *bad;
	uint64_t *set = NULL;

	if (!strncmp(line, MARK, strlen(MARK)))
		set = marked_set(&r->d, line + strlen(MARK), &ports);
	if (set)
		return pc_ports_parse(ports, true, set, &bad) ? -EBADMSG : 0;
	if (is_reserved_key(line))
		return take_value(line, r->value);
	if (!is_head(line, len))
		fprintf(r->rest.out, "%.*s%s", (int)len, line, line[len - 1] == '\n' ? "" : "\n");
	return 0;
}

/* The ports in the line belong to the keepers, to the files before, or to somebody's hand. */
static void sort_out(struct pc_dropin *d, const uint64_t *value)
{
	uint64_t *by_hand = d->kept[PC_KEEPER_INVALID];

	memcpy(by_hand, value, sizeof(d->before));
	pc_ports_intersect(d->before, value);
	pc_ports_subtract(by_hand, d->before);
	for (int i = PC_KEEPER_INVALID + 1; i < PC_KEEPER_COUNT; i++) {
		pc_ports_intersect(d->kept[i], value);
		pc_ports_subtract(by_hand, d->kept[i]);
	}
}

int pc_dropin_parse(const char *text, size_t len, struct pc_dropin *out, unsigned *line)
{
	struct reading *r = calloc(1, sizeof(*r));
	int err = 0;

	*line = 0;
	if (!r || pc_text_open(&r->rest)) {
		free(r);
		return -ENOMEM;
	}
	if (strlen(text) != len)
		err = -EBADMSG;
	while (!err && *text) {
		size_t n = strcspn(text, "\n");

		++*line;
		n += text[n] == '\n';
		err = take_line(r, text, n);
		text += n;
	}
	sort_out(&r->d, r->value);
	r->d.rest = pc_text_close(&r->rest);
	if (!err && !r->d.rest)
		err = -ENOMEM;
	if (err)
		pc_dropin_free(&r->d);
	else
		*out = r->d;
	free(r);
	return err;
}

void pc_dropin_ports(const struct pc_dropin *d, uint64_t *set)
{
	pc_ports_unite(set, d->before);
	for (int i = PC_KEEPER_INVALID; i < PC_KEEPER_COUNT; i++)
		pc_ports_unite(set, d->kept[i]);
}

static int print_mark(FILE *out, const char *name, const uint64_t *set)
{
	char *ports;

	if (pc_ports_is_empty(set))
		return 0;
	ports = pc_ports_format(set);
	if (!ports)
		return -ENOMEM;
	fprintf(out, MARK "%s: %s\n", name, ports);
	free(ports);
	return 0;
}

static int print_line(FILE *out, const struct pc_dropin *d)
{
	uint64_t set[PC_PORT_WORDS] = { 0 };
	char *ports;
	int err = 0;

	pc_dropin_ports(d, set);
	if (pc_ports_is_empty(set))
		return 0;
	fputs(head, out);
	for (int i = PC_KEEPER_INVALID + 1; !err && i < PC_KEEPER_COUNT; i++)
		err = print_mark(out, pc_keeper_name((enum pc_keeper)i), d->kept[i]);
	if (!err)
		err = print_mark(out, BEFORE, d->before);
	ports = pc_ports_format(set);
	if (!ports)
		return -ENOMEM;
	fprintf(out, RESERVED " = %s\n", ports);
	free(ports);
	return err;
}

char *pc_dropin_format(const struct pc_dropin *d)
{
	struct pc_text text;
	char *string;
	int err;

	if (pc_text_open(&text))
		return NULL;
	if (d->rest)
		fputs(d->rest, text.out);
	err = print_line(text.out, d);
	string = pc_text_close(&text);
	if (!err)
		return string;
	free(string);
	return NULL;
}

void pc_dropin_free(struct pc_dropin *d)
{
	free(d->rest);
	d->rest = NULL;
}
