// SPDX-License-Identifier: GPL-2.0-only
/* The agent's options, which are the keys of its configuration, and reading that file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/agent_options.h"
#include "cmd/cmd.h"
#include "cmd/filter.h"
#include "host/config_file.h"
#include "out/escape.h"

/* The word for "no file", as keys have it. A file of that name is ./none. */
#define NO_FILE "none"

#define NAME_SIZE 32
#define HELP_SIZE 256

/* An option of a key is OPT_KEY and its index. */
enum { OPT_CONFIG = 256, OPT_CHECK, OPT_KEY };

struct pc_agent_override {
	const struct pc_settings_key *key;
	const char *value;
};

static const char doc[] =
	"Watch until SIGTERM. Write JSON lines about each refused bind() and listen(), and each connect() or send that finds no port, and metrics for Prometheus. Options override the configuration file. It needs root.\vOn SIGHUP the agent reads the configuration and opens the log again. It rejects a configuration with a mistake and keeps the previous one.\n\nExamples:\n"
	"  sudo portclash agent                     watch as portclash.yaml says\n"
	"  portclash agent --check-config           check the configuration file\n"
	"  sudo portclash agent --log /tmp/x.jsonl  write the JSON lines to a file\n"
	"\n"
	"Exit status:\n"
	"  0  SIGTERM or SIGINT ended the agent, or the configuration is right\n"
	"  1  portclash could not watch\n"
	"  2  the command line or the configuration is wrong\n";

static const struct argp_option own_options[] = {
	{ "config", OPT_CONFIG, "FILE", 0,
	  "read this file, or none (default " PC_CONFIG_PATH ", if it is there)", 0 },
	{ "check-config", OPT_CHECK, NULL, 0, "say what is wrong with the configuration, and end",
	  0 },
};

#define OWN_OPTIONS (sizeof(own_options) / sizeof(own_options[0]))

/* argp's table, made from that of the keys. */
struct table {
	struct argp_option options[OWN_OPTIONS + PC_SETTINGS_KEYS_MAX + 1];
	char names[PC_SETTINGS_KEYS_MAX][NAME_SIZE];
	char help[PC_SETTINGS_KEYS_MAX][HELP_SIZE];
};

/* NAME_SIZE bytes. */
static const char *option_name(const struct pc_settings_key *key, char *name)
{
	snprintf(name, NAME_SIZE, "%s", key->name);
	for (char *c = name; (c = strchr(c, '_'));)
		*c = '-';
	return name;
}

static void make_table(struct table *t)
{
	memcpy(t->options, own_options, sizeof(own_options));
	for (size_t i = 0; i < pc_settings_keys_count; i++) {
		const struct pc_settings_key *key = &pc_settings_keys[i];

		snprintf(t->help[i], HELP_SIZE, "%s (default %s)", key->help, key->standard);
		t->options[OWN_OPTIONS + i] = (struct argp_option){
			.name = option_name(key, t->names[i]),
			.key = OPT_KEY + (int)i,
			.arg = key->argument,
			.flags = key->type == PC_SETTING_BOOL ? OPTION_ARG_OPTIONAL : 0,
			.doc = t->help[i],
		};
	}
}

/* The first of several lists of ports takes the place of the file's, the others are added. */
static bool is_more(const struct pc_agent_options *o, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (o->overrides[i].key == o->overrides[index].key)
			return true;
	return false;
}

static int apply(const struct pc_agent_options *o, size_t index, struct pc_settings *settings,
		 char *reason)
{
	static const struct pc_settings_source source = {
		.service = pc_service_port,
		.relative_paths = true,
	};
	const struct pc_agent_override *own = &o->overrides[index];

	return pc_settings_set(settings, own->key, own->value, is_more(o, index), &source, reason);
}

static error_t add_override(struct argp_state *state, struct pc_agent_options *o,
			    const struct pc_settings_key *key, const char *value)
{
	char reason[PC_SETTINGS_REASON], name[NAME_SIZE];
	struct pc_settings scratch;
	int err = pc_settings_init(&scratch);

	if (err)
		return -err;
	o->overrides[o->count++] = (struct pc_agent_override){ key, value ? value : "yes" };
	err = apply(o, o->count - 1, &scratch, reason);
	pc_settings_free(&scratch);
	if (err == -EINVAL)
		pc_usage_error(state, "--%s: %s", option_name(key, name), reason);
	return -err;
}

static error_t agent_options_parse(int key, char *arg, struct argp_state *state)
{
	struct pc_agent_options *o = state->input;

	switch (key) {
	case OPT_CONFIG:
		o->path = strcmp(arg, NO_FILE) ? arg : NULL;
		o->required = true;
		return 0;
	case OPT_CHECK:
		o->check = true;
		return 0;
	case ARGP_KEY_ARG:
		pc_usage_error(state, "unexpected \"%s\": agent takes options only", arg);
		return EINVAL;
	default:
		if (key < OPT_KEY || (size_t)(key - OPT_KEY) >= pc_settings_keys_count)
			return ARGP_ERR_UNKNOWN;
		return add_override(state, o, &pc_settings_keys[key - OPT_KEY], arg);
	}
}

int pc_agent_options_parse(struct pc_agent_options *o, int argc, char **argv)
{
	struct table table = { 0 };
	const struct argp argp = {
		table.options, agent_options_parse, NULL, doc, NULL, NULL, NULL
	};
	int err;

	*o = (struct pc_agent_options){ .path = PC_CONFIG_PATH };
	o->overrides = calloc((size_t)argc, sizeof(*o->overrides));
	if (!o->overrides)
		return -ENOMEM;
	make_table(&table);
	err = pc_command_line(&argp, argc, argv, 0, o);
	if (err)
		pc_agent_options_free(o);
	return -err;
}

void pc_agent_options_free(struct pc_agent_options *o)
{
	free(o->overrides);
	o->overrides = NULL;
	o->count = 0;
}

/* Mistakes come in lines that editors understand: FILE:LINE:COLUMN. */
static const char *speaker(const struct pc_agent_options *o)
{
	return o->check ? "" : "portclash: ";
}

static void say_mistakes(const struct pc_agent_options *o, const struct pc_settings_mistakes *m)
{
	char reason[PC_ESCAPE_SIZE(PC_SETTINGS_REASON)];
	unsigned shown = m->count < PC_SETTINGS_MISTAKES_MAX ? m->count : PC_SETTINGS_MISTAKES_MAX;

	for (unsigned i = 0; i < shown; i++) {
		const struct pc_settings_mistake *one = &m->list[i];

		pc_escape_terminal(one->reason, strlen(one->reason), reason, sizeof(reason));
		fprintf(stderr, "%s%s:%u:%u: %s\n", speaker(o), o->path, one->line, one->column,
			reason);
	}
	if (m->count == PC_SETTINGS_MISTAKES_MAX)
		fprintf(stderr, "%s%s: too many mistakes: portclash stopped reading\n", speaker(o),
			o->path);
}

static void warn_if_foreign(const struct pc_agent_options *o, const struct pc_config_file *file)
{
	if (file->foreign)
		fprintf(stderr,
			"%s%s: warning: others can change this file (uid %u, mode %04o): chown root:root, chmod go-w\n",
			speaker(o), o->path, file->owner, file->mode);
}

static int agent_options_read_file(struct pc_agent_options *o, struct pc_settings *settings,
				   unsigned *mistakes)
{
	static const struct pc_settings_source source = { .service = pc_service_port };
	struct pc_settings_mistakes *m;
	struct pc_config_file file;
	int err = pc_config_file_read(o->path, &file);

	if (err == -ENOENT && !o->required)
		return 0;
	*mistakes = 1;
	if (err) {
		fprintf(stderr, "%s%s: cannot be read: %s\n", speaker(o), o->path, strerror(-err));
		return err;
	}
	warn_if_foreign(o, &file);
	m = malloc(sizeof(*m));
	err = m ? pc_settings_parse(settings, file.text, file.len, &source, m) : -ENOMEM;
	if (err == -EINVAL) {
		say_mistakes(o, m);
		*mistakes = m->count;
	} else if (err) {
		fprintf(stderr, "%s%s: %s\n", speaker(o), o->path, strerror(-err));
	} else {
		o->required = true;
		*mistakes = 0;
	}
	free(m);
	free(file.text);
	return err;
}

static int apply_all(const struct pc_agent_options *o, struct pc_settings *settings,
		     unsigned *mistakes)
{
	char reason[PC_SETTINGS_REASON], name[NAME_SIZE];
	int err = 0;

	/* The ports were right at the start; a name may have gone from /etc/services since. */
	for (size_t i = 0; i < o->count && !err; i++) {
		snprintf(reason, sizeof(reason), "out of memory");
		err = apply(o, i, settings, reason);
		if (!err)
			continue;
		fprintf(stderr, "%s--%s: %s\n", speaker(o), option_name(o->overrides[i].key, name),
			reason);
		*mistakes = 1;
	}
	return err;
}

int pc_agent_options_load(struct pc_agent_options *o, struct pc_settings *out, unsigned *mistakes)
{
	struct pc_settings settings;
	int err = pc_settings_init(&settings);

	*mistakes = !!err;
	if (err)
		fprintf(stderr, "%s%s\n", speaker(o), strerror(-err));
	else if (o->path)
		err = agent_options_read_file(o, &settings, mistakes);
	if (!err)
		err = apply_all(o, &settings, mistakes);
	if (!err && !o->check && pc_filter_resolve(&settings.whose, o->may_enter, speaker(o))) {
		err = -EINVAL;
		*mistakes = 1;
	}
	if (err)
		pc_settings_free(&settings);
	else
		*out = settings;
	return err;
}

int pc_agent_options_check(struct pc_agent_options *o)
{
	struct pc_settings settings;
	unsigned mistakes;

	if (pc_agent_options_load(o, &settings, &mistakes))
		return PC_EXIT_USAGE;
	pc_settings_free(&settings);
	if (o->path && o->required)
		printf("%s: OK\n", o->path);
	else
		printf("no configuration file%s%s: the command line and the defaults apply\n",
		       o->path ? ": there is no " : "", o->path ? o->path : "");
	return PC_EXIT_OK;
}
