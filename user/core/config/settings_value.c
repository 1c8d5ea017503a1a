// SPDX-License-Identifier: GPL-2.0-only
/* Set one value of the configuration: text goes into a field, or a reason comes back. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/config/settings.h"
#include "core/config/units.h"
#include "core/base/port_item.h"
#include "core/base/ports.h"
#include "core/base/time.h"
#include "core/guard/policy.h"

/* The arguments of a setter. */
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
		return "expected a path, not an empty value";
	if (strlen(c->value) >= PATH_MAX)
		return "expected a shorter path";
	if (c->value[strlen(c->value) - 1] == '/')
		return "expected the path of a file, not of a folder";
	if (*c->value != '/' && !c->source->relative_paths)
		return "expected a path that starts with /";
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
			return refuse(c->reason, c->value, "expected a name that ends in %s (%s)",
				      c->key->suffix, c->key->why);
		copy = strdup(c->value);
		if (!copy)
			return -ENOMEM;
	}
	free(*field);
	*field = copy;
	return 0;
}

static int set_duration(const struct change *c)
{
	double ns;

	if (!pc_units_duration(c->value, &ns) || !(ns >= (double)c->key->min_ns) ||
	    !(ns <= (double)c->key->max_ns))
		return refuse(c->reason, c->value,
			      "expected seconds from %g to %g, or a number with ms, s, m, h or d",
			      pc_seconds(c->key->min_ns), pc_seconds(c->key->max_ns));
	*(uint64_t *)c->field = (uint64_t)ns;
	return 0;
}

static bool size_fits(const struct pc_settings_key *key, uint64_t bytes)
{
	return bytes ? bytes >= key->least && bytes <= key->most : key->unlimited;
}

static int set_size(const struct change *c)
{
	unsigned long long least = c->key->least, most = c->key->most;
	uint64_t bytes;

	if (pc_units_size(c->value, &bytes) || !size_fits(c->key, bytes))
		return c->key->unlimited ?
			       refuse(c->reason, c->value,
				      "expected a size from %lluK to %lluG, or 0 for no limit",
				      least >> 10, most >> 30) :
			       refuse(c->reason, c->value, "expected a size from %lluK to %lluM",
				      least >> 10, most >> 20);
	*(uint64_t *)c->field = bytes;
	return 0;
}

static int set_number(const struct change *c)
{
	size_t len = strspn(c->value, "0123456789");
	unsigned long number = strtoul(c->value, NULL, 10);

	if (!len || c->value[len] || number < c->key->least || number > c->key->most)
		return refuse(c->reason, c->value, "expected a number from %llu to %llu",
			      (unsigned long long)c->key->least, (unsigned long long)c->key->most);
	*(unsigned *)c->field = (unsigned)number;
	return 0;
}

/* A set has no protocols and addresses: an item that names one would mean more than was written. */
static int take_item(void *set, const struct pc_port_item *item)
{
	if (pc_port_item_is_narrow(item))
		return -EOPNOTSUPP;
	pc_port_item_add(item, set);
	return 0;
}

int pc_settings_ports(const char *list, const struct pc_settings_source *source, uint64_t *set,
		      char *reason)
{
	const struct pc_port_reader reader = { .service = source->service, .least = 1 };
	uint64_t ports[PC_PORT_WORDS] = { 0 };
	int err = pc_port_items_parse(list, &reader, take_item, ports, reason);

	if (err == -EOPNOTSUPP)
		return refuse(reason, list,
			      "expected ports without protocol and address, because all are covered");
	if (!err)
		pc_ports_unite(set, ports);
	return err;
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
	return refuse(c->reason, c->value, "expected %s", all);
}

/* The first of several values takes the place of what was there, the others are added. */
static int set_policy(const struct change *c)
{
	struct pc_guard_policy *field = c->field, policy;
	const char *bad;

	if (pc_guard_policy_parse(c->value, &policy, &bad) ||
	    (c->more && field->count + policy.count > PC_GUARD_WORDS_MAX))
		return refuse(
			c->reason, c->value,
			"expected off, all, system-units, unit:NAME, container:ID or uid:NUMBER");
	if (c->more) {
		memcpy(&field->words[field->count], policy.words,
		       policy.count * sizeof(policy.words[0]));
		field->count += policy.count;
	} else {
		*field = policy;
	}
	return 0;
}

static int set_whose(const struct change *c)
{
	struct pc_whose list = { .count = 0 };

	if (c->more)
		list = *(const struct pc_whose *)c->field;
	if ((c->more || strcmp(c->value, c->key->none)) &&
	    pc_whose_add(&list, c->key->whose, c->value))
		return refuse(c->reason, c->value, "expected values like %s (at most %d), or %s",
			      c->key->example, PC_WHOSE_WORDS_MAX, c->key->none);
	*(struct pc_whose *)c->field = list;
	return 0;
}

/* A larger share would leave too few ports to clients. */
#define PERCENT_MAX 50

static int set_percent(const struct change *c)
{
	size_t len = strspn(c->value, "0123456789");
	unsigned long percent = len ? strtoul(c->value, NULL, 10) : 0;

	if (!percent || percent > PERCENT_MAX || (c->value[len] && strcmp(c->value + len, "%")))
		return refuse(c->reason, c->value, "expected a share from 1%% to %d%%",
			      PERCENT_MAX);
	*(unsigned *)c->field = (unsigned)percent;
	return 0;
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
	return refuse(c->reason, c->value, "expected yes or no");
}

int pc_settings_set(struct pc_settings *settings, const struct pc_settings_key *key,
		    const char *value, bool more, const struct pc_settings_source *source,
		    char *reason)
{
	static int (*const setters[PC_SETTING_COUNT])(const struct change *c) = {
		[PC_SETTING_PATH] = set_path,	    [PC_SETTING_DURATION] = set_duration,
		[PC_SETTING_PORTS] = set_ports,	    [PC_SETTING_CHOICE] = set_choice,
		[PC_SETTING_BOOL] = set_bool,	    [PC_SETTING_POLICY] = set_policy,
		[PC_SETTING_PERCENT] = set_percent, [PC_SETTING_SIZE] = set_size,
		[PC_SETTING_NUMBER] = set_number,   [PC_SETTING_WHOSE] = set_whose,
	};
	struct change c = { key, value, more, source, (char *)settings + key->offset, reason };

	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return refuse(reason, NULL, "remove the control character from the value");
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

static size_t settings_value_size_of(const struct pc_settings_key *key)
{
	static const size_t sizes[PC_SETTING_COUNT] = {
		[PC_SETTING_PATH] = sizeof(char *),
		[PC_SETTING_DURATION] = sizeof(uint64_t),
		[PC_SETTING_PORTS] = PC_PORT_WORDS * sizeof(uint64_t),
		[PC_SETTING_CHOICE] = sizeof(const char *),
		[PC_SETTING_BOOL] = sizeof(bool),
		[PC_SETTING_POLICY] = sizeof(struct pc_guard_policy),
		[PC_SETTING_PERCENT] = sizeof(unsigned),
		[PC_SETTING_SIZE] = sizeof(uint64_t),
		[PC_SETTING_NUMBER] = sizeof(unsigned),
		[PC_SETTING_WHOSE] = sizeof(struct pc_whose),
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
	if (key->type == PC_SETTING_WHOSE)
		return pc_whose_same(field_a, field_b);
	return !memcmp(field_a, field_b, settings_value_size_of(key));
}

void pc_settings_swap(struct pc_settings *a, struct pc_settings *b,
		      const struct pc_settings_key *key)
{
	unsigned char *field_a = (unsigned char *)a + key->offset;
	unsigned char *field_b = (unsigned char *)b + key->offset;

	for (size_t i = 0; i < settings_value_size_of(key); i++) {
		unsigned char byte = field_a[i];

		field_a[i] = field_b[i];
		field_b[i] = byte;
	}
}
