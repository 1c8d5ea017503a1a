// SPDX-License-Identifier: GPL-2.0-only
/* One value of the configuration: text into a field, or the reason why not. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/settings.h"
#include "core/ports.h"

/* The longest item of a list of ports: names of services have at most 15 letters (RFC 6335). */
#define ITEM_MAX 64

/* What a setter gets. */
struct change {
	const struct pc_settings_key *key;
	const char *value;
	bool more;
	const struct pc_settings_source *source;
	void *field;
	char *reason;
};

int pc_settings_shown(const char *text)
{
	size_t len = strnlen(text, PC_SETTINGS_SHOWN_MAX + 1);

	if (len <= PC_SETTINGS_SHOWN_MAX)
		return (int)len;
	for (len = PC_SETTINGS_SHOWN_MAX; len && ((unsigned char)text[len] & 0xc0) == 0x80;)
		len--;
	return (int)len;
}

__attribute__((format(printf, 3, 4))) static int refuse(char *reason, const char *value,
							const char *format, ...)
{
	int len = 0;
	va_list args;

	va_start(args, format);
	len = vsnprintf(reason, PC_SETTINGS_REASON, format, args);
	va_end(args);
	if (value && len >= 0 && len < PC_SETTINGS_REASON)
		snprintf(reason + len, PC_SETTINGS_REASON - (size_t)len, ", not \"%.*s\"",
			 pc_settings_shown(value), value);
	return -EINVAL;
}

static bool ends_in(const char *text, const char *suffix)
{
	size_t len = strlen(text), end = strlen(suffix);

	return len > end && !strcmp(text + len - end, suffix) && text[len - end - 1] != '/';
}

/* NULL: it is a path that can be used. */
static const char *wrong_with_path(const struct change *c)
{
	if (!*c->value)
		return "takes a path, and has nothing";
	if (strlen(c->value) >= PATH_MAX)
		return "takes a path, and this is longer than one can be";
	if (c->value[strlen(c->value) - 1] == '/')
		return "takes the path of a file, and this is one of a folder";
	if (*c->value != '/' && !c->source->relative_paths)
		return "takes a path that starts with /, because it is not said where portclash "
		       "is started";
	return NULL;
}

static int set_path(const struct change *c)
{
	char **field = c->field, *copy = NULL;
	const char *wrong;

	if (strcmp(c->value, c->key->none)) {
		wrong = wrong_with_path(c);
		if (wrong)
			return refuse(c->reason, *c->value ? c->value : NULL, "%s", wrong);
		if (c->key->suffix && !ends_in(c->value, c->key->suffix))
			return refuse(c->reason, c->value, "takes a name that ends in %s (%s)",
				      c->key->suffix, c->key->why);
		copy = strdup(c->value);
		if (!copy)
			return -ENOMEM;
	}
	free(*field);
	*field = copy;
	return 0;
}

/* 0: there is no such unit. */
static double unit_ns(const char *unit)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {
		{ "", 1e9 },	   { "ms", 1e6 },	{ "s", 1e9 },
		{ "m", 60 * 1e9 }, { "h", 3600 * 1e9 }, { "d", 86400 * 1e9 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(unit, units[i].name))
			return units[i].ns;
	return 0;
}

/* A decimal number and a unit; strtod() alone would take "inf" and "0x1p4" as well. */
static bool parse_duration(const char *text, double *ns)
{
	size_t len = strspn(text, "0123456789.");
	double unit;
	char *end;

	while (text[len] == ' ')
		len++;
	unit = unit_ns(text + len);
	*ns = strtod(text, &end) * unit;
	end += strspn(end, " ");
	return unit > 0 && end > text && end == text + len;
}

static int set_duration(const struct change *c)
{
	double ns;

	if (!parse_duration(c->value, &ns) || !(ns >= (double)c->key->min_ns) ||
	    !(ns <= (double)c->key->max_ns))
		return refuse(
			c->reason, c->value,
			"takes seconds from %g to %g, or a number with a unit (ms, s, m, h, d)",
			(double)c->key->min_ns / 1e9, (double)c->key->max_ns / 1e9);
	*(uint64_t *)c->field = (uint64_t)ns;
	return 0;
}

static int add_item(const char *item, const struct pc_settings_source *source, uint64_t *set,
		    char *reason)
{
	uint64_t ports[PC_PORT_WORDS] = { 0 };
	const char *bad;
	unsigned port;

	if (isalpha((unsigned char)*item)) {
		if (!source->service || !source->service(item, &port) || !port || port >= PC_PORTS)
			return refuse(reason, NULL,
				      "names a service \"%s\" that is not in /etc/services", item);
		pc_ports_add(ports, (uint16_t)port);
	} else if (pc_ports_parse(item, false, ports, &bad) || pc_ports_has(ports, 0)) {
		return -EINVAL;
	}
	for (unsigned i = 0; i < PC_PORT_WORDS; i++)
		set[i] |= ports[i];
	return 0;
}

/* One item without the blanks around it; -EINVAL when there is none. */
static int cut_item(const char *from, size_t len, char *out)
{
	while (len && isspace((unsigned char)*from)) {
		from++;
		len--;
	}
	while (len && isspace((unsigned char)from[len - 1]))
		len--;
	if (!len || len >= ITEM_MAX)
		return -EINVAL;
	memcpy(out, from, len);
	out[len] = '\0';
	return 0;
}

int pc_settings_ports(const char *list, const struct pc_settings_source *source, uint64_t *set,
		      char *reason)
{
	uint64_t ports[PC_PORT_WORDS] = { 0 };
	const char *at = list;
	char item[ITEM_MAX];

	for (;;) {
		size_t len = strcspn(at, ",");

		*reason = '\0';
		if (cut_item(at, len, item) || add_item(item, source, ports, reason))
			return *reason ? -EINVAL :
					 refuse(reason, list,
						"takes ports, ranges and services from 1 to 65535 "
						"like 30000-32767,10250,https");
		at += len;
		if (!*at++)
			break;
	}
	for (unsigned i = 0; i < PC_PORT_WORDS; i++)
		set[i] |= ports[i];
	return 0;
}

static int set_ports(const struct change *c)
{
	uint64_t ports[PC_PORT_WORDS] = { 0 };
	int err;

	if (c->more)
		memcpy(ports, c->field, sizeof(ports));
	if (c->more || strcmp(c->value, c->key->none)) {
		err = pc_settings_ports(c->value, c->source, ports, c->reason);
		if (err)
			return err;
	}
	memcpy(c->field, ports, sizeof(ports));
	return 0;
}

static int set_choice(const struct change *c)
{
	char all[128] = "";

	for (const char *const *choice = c->key->choices; *choice; choice++) {
		size_t len = strlen(all);

		if (!strcmp(c->value, *choice)) {
			*(const char **)c->field = *choice;
			return 0;
		}
		snprintf(all + len, sizeof(all) - len, "%s%s",
			 !len	   ? "" :
			 choice[1] ? ", " :
				     " or ",
			 *choice);
	}
	return refuse(c->reason, c->value, "takes %s", all);
}

/* Text, so that no parser decides which of these words are no words. */
static int set_bool(const struct change *c)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcasecmp(c->value, words[i])) {
			*(bool *)c->field = i & 1;
			return 0;
		}
	}
	return refuse(c->reason, c->value, "takes yes or no");
}

int pc_settings_set(struct pc_settings *settings, const struct pc_settings_key *key,
		    const char *value, bool more, const struct pc_settings_source *source,
		    char *reason)
{
	static int (*const setters[PC_SETTING_COUNT])(const struct change *c) = {
		[PC_SETTING_PATH] = set_path,	[PC_SETTING_DURATION] = set_duration,
		[PC_SETTING_PORTS] = set_ports, [PC_SETTING_CHOICE] = set_choice,
		[PC_SETTING_BOOL] = set_bool,
	};
	struct change c = { key, value, more, source, (char *)settings + key->offset, reason };

	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return refuse(reason, NULL, "has a control character in its value");
	return setters[key->type](&c);
}

int pc_settings_init(struct pc_settings *settings)
{
	static const struct pc_settings_source none = { .relative_paths = false };
	char reason[PC_SETTINGS_REASON];
	int err = 0;

	memset(settings, 0, sizeof(*settings));
	for (size_t i = 0; i < pc_settings_keys_count && !err; i++)
		err = pc_settings_set(settings, &pc_settings_keys[i], pc_settings_keys[i].standard,
				      false, &none, reason);
	return err;
}

void pc_settings_free(struct pc_settings *settings)
{
	for (size_t i = 0; settings && i < pc_settings_keys_count; i++) {
		char **path = (char **)((char *)settings + pc_settings_keys[i].offset);

		if (pc_settings_keys[i].type != PC_SETTING_PATH)
			continue;
		free(*path);
		*path = NULL;
	}
}

static size_t size_of(const struct pc_settings_key *key)
{
	static const size_t sizes[PC_SETTING_COUNT] = {
		[PC_SETTING_PATH] = sizeof(char *),
		[PC_SETTING_DURATION] = sizeof(uint64_t),
		[PC_SETTING_PORTS] = PC_PORT_WORDS * sizeof(uint64_t),
		[PC_SETTING_CHOICE] = sizeof(const char *),
		[PC_SETTING_BOOL] = sizeof(bool),
	};

	return sizes[key->type];
}

bool pc_settings_same(const struct pc_settings *a, const struct pc_settings *b,
		      const struct pc_settings_key *key)
{
	const void *field_a = (const char *)a + key->offset;
	const void *field_b = (const char *)b + key->offset;

	if (key->type == PC_SETTING_PATH) {
		const char *path_a = *(char *const *)field_a, *path_b = *(char *const *)field_b;

		return path_a && path_b ? !strcmp(path_a, path_b) : path_a == path_b;
	}
	return !memcmp(field_a, field_b, size_of(key));
}

void pc_settings_swap(struct pc_settings *a, struct pc_settings *b,
		      const struct pc_settings_key *key)
{
	unsigned char *field_a = (unsigned char *)a + key->offset;
	unsigned char *field_b = (unsigned char *)b + key->offset;

	for (size_t i = 0; i < size_of(key); i++) {
		unsigned char byte = field_a[i];

		field_a[i] = field_b[i];
		field_b[i] = byte;
	}
}
