// SPDX-License-Identifier: GPL-2.0-only
/* Command lines are checked against their table of options before argp reads them: its own messages say
 * neither what was meant nor what to do. */
#include "cmd/usage.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "core/base/nearest.h"

enum { OPT_USAGE = 0x10000 };

static const struct argp_option help_options[] = {
	{ "help", 'h', NULL, 0, "show this help", -1 },
	{ "version", 'V', NULL, 0, "show the version", -1 },
	{ NULL, '?', NULL, OPTION_HIDDEN, NULL, -1 },
	{ "usage", OPT_USAGE, NULL, OPTION_HIDDEN, "show the synopsis", -1 },
	{ 0 },
};

/* The most children that a subcommand's table has itself. */
#define CHILDREN_MAX 4

/* The table itself and the one of the help, those of the children, and a NULL. */
#define TABLES (CHILDREN_MAX + 3)

/* The struct is the state of a walk along a command line. */
struct walk {
	const char *name; /* of the subcommand */
	const struct argp_option *tables[TABLES];
	char **argv;
	int argc;
	int at;
};

static void say_usage_error(const char *name, const char *format, va_list args)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", name);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\nSee `%s --help`.\n", name);
}

void pc_usage_error(const struct argp_state *state, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_usage_error(state->name, format, args);
	va_end(args);
	exit(PC_EXIT_USAGE);
}

__attribute__((noreturn, format(printf, 2, 3))) static void wrong_option(const struct walk *w,
									 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_usage_error(w->name, format, args);
	va_end(args);
	exit(PC_EXIT_USAGE);
}

static bool is_last(const struct argp_option *o)
{
	return !o->name && !o->key && !o->doc && !o->group;
}

/* The option at this index of all tables, or NULL. */
static const struct argp_option *option_at(const struct walk *w, size_t index)
{
	for (int i = 0; w->tables[i]; i++)
		for (const struct argp_option *o = w->tables[i]; !is_last(o); o++)
			if (!index--)
				return o;
	return NULL;
}

static const char *shown_name_at(const void *walk, size_t index)
{
	const struct argp_option *o = option_at(walk, index);

	return o->flags & OPTION_HIDDEN ? NULL : o->name;
}

static size_t options_count(const struct walk *w)
{
	size_t n = 0;

	while (option_at(w, n))
		n++;
	return n;
}

__attribute__((noreturn)) static void unknown_option(const struct walk *w, const char *name)
{
	const char *near = pc_nearest(name, shown_name_at, w, options_count(w));

	if (near)
		wrong_option(w, "unknown option --%s; did you mean --%s?", name, near);
	wrong_option(w, "unknown option --%s", name);
}

/* Finds a whole name, or the beginning of just one, as getopt_long() does. */
static const struct argp_option *find_long(const struct walk *w, const char *name)
{
	const struct argp_option *o, *found = NULL;
	size_t len = strlen(name);

	for (size_t i = 0; (o = option_at(w, i)); i++) {
		if (!o->name || strncmp(o->name, name, len))
			continue;
		if (!o->name[len])
			return o;
		if (found)
			wrong_option(w, "--%s is ambiguous: write it in full, like --%s", name,
				     found->flags & OPTION_HIDDEN ? o->name : found->name);
		found = o;
	}
	if (!found)
		unknown_option(w, name);
	return found;
}

static void check_long(struct walk *w, const char *word)
{
	const char *value = strchr(word, '=');
	char *name = value ? strndup(word, (size_t)(value - word)) : strdup(word);
	const struct argp_option *o;

	if (!name)
		return;
	o = find_long(w, name);
	free(name);
	if (value && !o->arg)
		wrong_option(w, "--%s takes no value, but got \"%s\"", o->name, value + 1);
	if (value || !o->arg || o->flags & OPTION_ARG_OPTIONAL)
		return;
	if (++w->at >= w->argc)
		wrong_option(w, "--%s needs a value: write --%s %s", o->name, o->name, o->arg);
}

/* The one shown option whose name begins with the letter; NULL: there is none, or several. */
static const struct argp_option *only_long(const struct walk *w, char letter)
{
	const struct argp_option *o, *found = NULL;

	for (size_t i = 0; (o = option_at(w, i)); i++) {
		if (!o->name || o->name[0] != letter || o->flags & OPTION_HIDDEN)
			continue;
		if (found)
			return NULL;
		found = o;
	}
	return found;
}

static const struct argp_option *find_short(const struct walk *w, char letter)
{
	const struct argp_option *o;

	for (size_t i = 0; (o = option_at(w, i)); i++)
		if (o->key == letter)
			return o;
	o = only_long(w, letter);
	if (o)
		wrong_option(w, "unknown option -%c; did you mean --%s?", letter, o->name);
	wrong_option(w, "unknown option -%c", isprint((unsigned char)letter) ? letter : '?');
}

static void check_letters(struct walk *w, const char *letters)
{
	for (; *letters; letters++) {
		const struct argp_option *o = find_short(w, *letters);

		if (!o->arg)
			continue;
		if (!letters[1] && ++w->at >= w->argc)
			wrong_option(w, "-%c needs a value: write -%c %s", *letters, *letters,
				     o->arg);
		return;
	}
}

/* Up to "--". Where the usage begins with "[--", the parser itself complains of other operands. */
static void check_words(struct walk *w, const char *usage)
{
	bool alone = usage && !strncmp(usage, "[--", 3);

	for (w->at = 1; w->at < w->argc; w->at++) {
		const char *word = w->argv[w->at];

		if (!strcmp(word, "--"))
			return;
		if (word[0] != '-' || !word[1]) {
			if (alone)
				return;
		} else if (word[1] == '-') {
			check_long(w, word + 2);
		} else {
			check_letters(w, word + 1);
		}
	}
}

/* argp's remark about short options says nothing that the list does not show. */
static error_t parse_help(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	switch (key) {
	case 'h':
	case '?':
		setenv("ARGP_HELP_FMT", "no-dup-args-note", 0);
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case OPT_USAGE:
		argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		return 0;
	case 'V':
		exit(puts(argp_program_version) < 0 ? PC_EXIT_FAILED : PC_EXIT_OK);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

error_t pc_command_line(const struct argp *argp, int argc, char **argv, unsigned flags, void *input)
{
	static const struct argp help = { help_options, parse_help, NULL, NULL, NULL, NULL, NULL };
	struct argp_child children[CHILDREN_MAX + 2] = { 0 };
	unsigned n = 0;
	struct argp whole = *argp;
	struct walk w = {
		.name = argv[0],
		.tables = { help_options, argp->options },
		.argv = argv,
		.argc = argc,
	};

	for (; argp->children && argp->children[n].argp && n < CHILDREN_MAX; n++) {
		children[n] = argp->children[n];
		w.tables[2 + n] = children[n].argp->options;
	}
	children[n] = (struct argp_child){ &help, 0, NULL, -1 };
	check_words(&w, argp->args_doc);
	whole.children = children;
	return argp_parse(&whole, argc, argv, flags | ARGP_NO_HELP, NULL, input);
}
