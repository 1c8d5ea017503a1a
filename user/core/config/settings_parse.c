// SPDX-License-Identifier: GPL-2.0-only
/* The configuration file: YAML of one level, by libyaml's events. Every scalar is text; what YAML
 * has beyond `key: value` and a list is refused, so that nobody has to know it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "core/config/settings.h"

/* A list in a key is one level. What is nested deeper is skipped, to find the mistakes behind it,
 * but libyaml's time grows with the square of the depth. */
#define DEPTH_MAX 16

#define NOT_KEYS "expected lines of `key: value`"

struct walk {
	struct pc_settings *settings;
	const struct pc_settings_source *source;
	struct pc_settings_mistakes *mistakes;
	const char *text;
	size_t len;
	yaml_parser_t parser;
	yaml_event_t event;
	unsigned depth;
	unsigned lines[PC_SETTINGS_KEYS_MAX]; /* where each key was set; 0: not yet */
	int err;			      /* nothing more can be read */
};

__attribute__((format(printf, 4, 5))) static void mistake_at(struct walk *w, size_t line,
							     size_t column, const char *format, ...)
{
	struct pc_settings_mistakes *m = w->mistakes;
	struct pc_settings_mistake *new;
	va_list args;

	if (m->count == PC_SETTINGS_MISTAKES_MAX)
		return;
	new = &m->list[m->count++];
	new->line = (unsigned)line + 1;
	new->column = (unsigned)column + 1;
	va_start(args, format);
	vsnprintf(new->reason, sizeof(new->reason), format, args);
	va_end(args);
	if (m->count == PC_SETTINGS_MISTAKES_MAX)
		w->err = -EINVAL;
}

/* Gives the line and column at which the event starts. */
#define mistake(w, ...) \
	mistake_at(w, (w)->event.start_mark.line, (w)->event.start_mark.column, __VA_ARGS__)

static const char *scalar(const struct walk *w)
{
	return (const char *)w->event.data.scalar.value;
}

/* libyaml says of bytes only how many precede them. */
static void mistake_in_bytes(struct walk *w)
{
	const char *at = w->text, *end = w->text + w->parser.problem_offset, *newline;
	size_t line = 0, column = 0;

	if (end > w->text + w->len)
		end = w->text + w->len;
	while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
		at = newline + 1;
		line++;
	}
	for (; at < end; at++)
		column += ((unsigned char)*at & 0xc0) != 0x80;
	mistake_at(w, line, column,
		   "not UTF-8 text (%s): save the file as UTF-8, without control characters",
		   w->parser.problem);
}

static void mistake_of_syntax(struct walk *w)
{
	const yaml_parser_t *p = &w->parser;
	const char *context = p->context ? p->context : "";
	/* A key without its colon is noticed only in the next line. */
	bool key = !strcmp(context, "while scanning a simple key");
	const yaml_mark_t *mark = key ? &p->context_mark : &p->problem_mark;
	bool tab = mark->index < w->len && w->text[mark->index] == '\t';
	const char *problem = p->problem ? p->problem : "no reason is known";
	bool colon = !strcmp(problem, "mapping values are not allowed in this context");

	mistake_at(w, mark->line, mark->column, "not valid YAML: %s%s%s%s", context,
		   *context ? ", " : "", problem,
		   tab	 ? "; indent with spaces, not tabs" :
		   key	 ? "; write `key: value`" :
		   colon ? "; is a colon or a quote missing here or above?" :
			   "");
}

static void stop(struct walk *w)
{
	w->err = -EINVAL;
	if (w->parser.error == YAML_MEMORY_ERROR)
		w->err = -ENOMEM;
	else if (w->parser.error == YAML_READER_ERROR)
		mistake_in_bytes(w);
	else
		mistake_of_syntax(w);
}

/* An alias can make a file of one KiB one of a GiB; and a tag asks for a type, which the key has. */
static void refuse_extras(struct walk *w)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	switch (w->event.type) {
	case YAML_SCALAR_EVENT:
		anchor = w->event.data.scalar.anchor;
		tag = w->event.data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = w->event.data.sequence_start.anchor;
		tag = w->event.data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = w->event.data.mapping_start.anchor;
		tag = w->event.data.mapping_start.tag;
		break;
	case YAML_ALIAS_EVENT:
		anchor = w->event.data.alias.anchor;
		break;
	default:
		break;
	}
	if (anchor)
		mistake(w, "anchors and aliases (%.*s) are not supported: write the value itself",
			pc_settings_shown((const char *)anchor), anchor);
	if (tag)
		mistake(w, "tags are not supported: remove %.*s",
			pc_settings_shown((const char *)tag), tag);
}

/* The type of the next event; YAML_NO_EVENT when nothing more can be read. */
static yaml_event_type_t settings_parse_next(struct walk *w)
{
	yaml_event_delete(&w->event);
	if (w->err)
		return YAML_NO_EVENT;
	if (!yaml_parser_parse(&w->parser, &w->event)) {
		stop(w);
		return YAML_NO_EVENT;
	}
	if (w->event.type == YAML_SEQUENCE_START_EVENT || w->event.type == YAML_MAPPING_START_EVENT)
		w->depth++;
	else if (w->event.type == YAML_SEQUENCE_END_EVENT ||
		 w->event.type == YAML_MAPPING_END_EVENT)
		w->depth--;
	if (w->depth > DEPTH_MAX) {
		mistake(w, "nested deeper than %d levels: a value takes at most a list", DEPTH_MAX);
		w->err = -EINVAL;
	}
	refuse_extras(w);
	return w->event.type;
}

/* The event is the first of a node: goes to its last. */
static void settings_parse_skip(struct walk *w)
{
	unsigned outside = w->depth;

	if (w->event.type != YAML_SEQUENCE_START_EVENT && w->event.type != YAML_MAPPING_START_EVENT)
		return;
	for (outside--; w->depth > outside;)
		if (settings_parse_next(w) == YAML_NO_EVENT)
			return;
}

/* A value that is left out, as YAML has it: the default stays. */
static bool is_null(const struct walk *w)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };

	if (w->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(scalar(w), words[i]))
			return true;
	return false;
}

static void settings_parse_set(struct walk *w, const struct pc_settings_key *key, bool more)
{
	char reason[PC_SETTINGS_REASON];
	int err;

	if (strlen(scalar(w)) != w->event.data.scalar.length) {
		mistake(w, "`%s`: remove the control character from the value", key->name);
		return;
	}
	err = pc_settings_set(w->settings, key, scalar(w), more, w->source, reason);
	if (err == -EINVAL)
		mistake(w, "`%s`: %s", key->name, reason);
	else if (err)
		w->err = err;
}

static void read_list(struct walk *w, const struct pc_settings_key *key)
{
	bool more = key->type == PC_SETTING_PORTS;

	if (!pc_settings_takes_list(key)) {
		mistake(w, "`%s`: expected one value, not a list", key->name);
		settings_parse_skip(w);
		return;
	}
	for (;;) {
		switch (settings_parse_next(w)) {
		case YAML_SCALAR_EVENT:
			settings_parse_set(w, key, more);
			more = true;
			break;
		case YAML_SEQUENCE_START_EVENT:
		case YAML_MAPPING_START_EVENT:
			mistake(w, "`%s`: expected a list of values, not of lists or keys",
				key->name);
			settings_parse_skip(w);
			break;
		case YAML_ALIAS_EVENT:
			break;
		default: /* its end */
			return;
		}
	}
}

static void settings_parse_read_value(struct walk *w, const struct pc_settings_key *key)
{
	switch (settings_parse_next(w)) {
	case YAML_SCALAR_EVENT:
		if (key && !is_null(w))
			settings_parse_set(w, key, false);
		break;
	case YAML_SEQUENCE_START_EVENT:
		if (key)
			read_list(w, key);
		else
			settings_parse_skip(w);
		break;
	case YAML_MAPPING_START_EVENT:
		if (key)
			mistake(w, "`%s`: expected one value, not keys below it", key->name);
		settings_parse_skip(w);
		break;
	default:
		break;
	}
}

static void unknown(struct walk *w)
{
	const char *name = scalar(w);
	const struct pc_settings_key *nearest = pc_settings_nearest(name);

	if (nearest)
		mistake(w, "unknown key `%.*s`; did you mean `%s`?", pc_settings_shown(name), name,
			nearest->name);
	else
		mistake(w, "unknown key `%.*s`; see `man portclash.yaml`", pc_settings_shown(name),
			name);
}

/* The key of the scalar that was read, or NULL and a mistake. */
static const struct pc_settings_key *read_key(struct walk *w)
{
	const struct pc_settings_key *key;
	unsigned *line;

	if (w->event.type != YAML_SCALAR_EVENT) {
		if (w->event.type != YAML_ALIAS_EVENT)
			mistake(w, "expected a key of one word, not a list or keys");
		settings_parse_skip(w);
		return NULL;
	}
	key = pc_settings_find(scalar(w));
	if (!key) {
		unknown(w);
		return NULL;
	}
	line = &w->lines[key - pc_settings_keys];
	if (*line) {
		mistake(w, "`%s` is already set in line %u: remove one of them", key->name, *line);
		return NULL;
	}
	*line = (unsigned)w->event.start_mark.line + 1;
	return key;
}

/* A colon is missing in the first line, if nothing worse follows. */
static void read_root_scalar(struct walk *w)
{
	yaml_mark_t mark = w->event.start_mark;
	bool nothing = is_null(w);

	settings_parse_next(w);
	if (!nothing && !w->err)
		mistake_at(w, mark.line, mark.column, NOT_KEYS);
}

/* Up to the document's end. */
static void read_root(struct walk *w)
{
	yaml_event_type_t type = settings_parse_next(w);

	if (type == YAML_SCALAR_EVENT) {
		read_root_scalar(w);
		return;
	}
	if (type == YAML_SEQUENCE_START_EVENT) {
		mistake(w, NOT_KEYS);
		settings_parse_skip(w);
	} else if (type == YAML_MAPPING_START_EVENT) {
		while ((type = settings_parse_next(w)) != YAML_MAPPING_END_EVENT &&
		       type != YAML_NO_EVENT)
			settings_parse_read_value(w, read_key(w));
	}
	settings_parse_next(w);
}

static void read_stream(struct walk *w)
{
	settings_parse_next(w);					 /* its start */
	if (settings_parse_next(w) != YAML_DOCUMENT_START_EVENT) /* nothing but comments */
		return;
	read_root(w);
	if (settings_parse_next(w) == YAML_DOCUMENT_START_EVENT)
		mistake(w, "a second YAML document starts here: keep only one");
}

static int settings_parse_document(struct walk *w)
{
	if (!yaml_parser_initialize(&w->parser))
		return -ENOMEM;
	/* Without this libyaml would take UTF-16, too. */
	yaml_parser_set_encoding(&w->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&w->parser, (const unsigned char *)w->text, w->len);
	read_stream(w);
	yaml_event_delete(&w->event);
	yaml_parser_delete(&w->parser);
	return w->err;
}

int pc_settings_parse(struct pc_settings *settings, const char *text, size_t len,
		      const struct pc_settings_source *source,
		      struct pc_settings_mistakes *mistakes)
{
	struct walk w = {
		.settings = settings,
		.source = source,
		.mistakes = mistakes,
		.text = text,
		.len = len,
	};
	int err;

	mistakes->count = 0;
	if (len > PC_SETTINGS_BYTES_MAX) {
		mistake_at(&w, 0, 0, "the file is larger than %d bytes: is it the configuration?",
			   PC_SETTINGS_BYTES_MAX);
		return -EINVAL;
	}
	err = settings_parse_document(&w);
	return err == -ENOMEM ? err : mistakes->count ? -EINVAL : 0;
}
