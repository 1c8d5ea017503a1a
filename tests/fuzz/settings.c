// SPDX-License-Identifier: GPL-2.0-only
/* The configuration file: whatever is in it, it is taken whole, with every value within its limits,
 * or each mistake has a place and a reason; and each value as the command line would have it. */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"
#include "core/config/settings.h"

static bool settings_service(const char *name, unsigned *port)
{
	*port = 8443;
	return !strcmp(name, "https-alt");
}

static const struct pc_settings_source source = { .service = settings_service };

static const void *field(const struct pc_settings *s, const struct pc_settings_key *key)
{
	return (const char *)s + key->offset;
}

static void settings_check_path(const struct pc_settings_key *key, const char *path)
{
	size_t len = path ? strlen(path) : 0, suffix = key->suffix ? strlen(key->suffix) : 0;

	if (!path)
		return;
	FUZZ_CHECK(*path == '/');
	FUZZ_CHECK(len >= suffix &&
		   !memcmp(path + len - suffix, key->suffix ? key->suffix : "", suffix));
}

static void check_choice(const struct pc_settings_key *key, const char *value)
{
	bool known = false;

	FUZZ_CHECK(value);
	for (const char *const *choice = key->choices; *choice; choice++)
		known = known || !strcmp(*choice, value);
	FUZZ_CHECK(known);
}

static void check_value(const struct pc_settings_key *key, const struct pc_settings *s)
{
	uint64_t ns;

	switch (key->type) {
	case PC_SETTING_PATH:
		settings_check_path(key, *(char *const *)field(s, key));
		break;
	case PC_SETTING_DURATION:
		ns = *(const uint64_t *)field(s, key);
		FUZZ_CHECK(ns >= key->min_ns && ns <= key->max_ns);
		break;
	case PC_SETTING_PORTS:
		FUZZ_CHECK(!pc_ports_has(field(s, key), 0));
		break;
	case PC_SETTING_CHOICE:
		check_choice(key, *(const char *const *)field(s, key));
		break;
	default:
		break;
	}
}

static void settings_check_taken(const struct pc_settings *s)
{
	for (size_t i = 0; i < pc_settings_keys_count; i++)
		check_value(&pc_settings_keys[i], s);
}

static void check_mistakes(const struct pc_settings_mistakes *m)
{
	FUZZ_CHECK(m->count > 0 && m->count <= PC_SETTINGS_MISTAKES_MAX);
	for (unsigned i = 0; i < m->count; i++) {
		FUZZ_CHECK(m->list[i].line && m->list[i].column);
		FUZZ_CHECK(*m->list[i].reason);
		FUZZ_CHECK(memchr(m->list[i].reason, '\0', PC_SETTINGS_REASON));
	}
}

/* The same bytes as the value of each key, as on a command line. A refusal changes nothing. */
static void check_options(const char *value)
{
	for (size_t i = 0; i < pc_settings_keys_count; i++) {
		const struct pc_settings_key *key = &pc_settings_keys[i];
		char reason[PC_SETTINGS_REASON] = "";
		struct pc_settings s, before;

		FUZZ_CHECK(!pc_settings_init(&s) && !pc_settings_init(&before));
		if (pc_settings_set(&s, key, value, false, &source, reason)) {
			FUZZ_CHECK(*reason && memchr(reason, '\0', sizeof(reason)));
			FUZZ_CHECK(pc_settings_same(&s, &before, key));
		} else {
			check_value(key, &s);
		}
		pc_settings_free(&s);
		pc_settings_free(&before);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	struct pc_settings_mistakes *mistakes = calloc(1, sizeof(*mistakes));
	struct pc_settings s;
	int err;

	FUZZ_CHECK(mistakes && !pc_settings_init(&s));
	err = pc_settings_parse(&s, text, size, &source, mistakes);
	if (err) {
		FUZZ_CHECK(err == -EINVAL);
		check_mistakes(mistakes);
	} else {
		FUZZ_CHECK(!mistakes->count);
		settings_check_taken(&s);
	}
	pc_settings_free(&s);
	if (size < 256)
		check_options(text);
	free(mistakes);
	free(text);
	return 0;
}
