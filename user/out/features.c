// SPDX-License-Identifier: GPL-2.0-only
/* Print `portclash features`. */
#include "out/features.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config/capabilities.h"
#include "out/sink.h"
#include "out/text_parts.h"

static const char *default_of(const struct pc_features *f)
{
	for (unsigned i = 0; i < PC_BACKENDS; i++)
		if (f->backends[i].available)
			return f->backends[i].name;
	return NULL;
}

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

static void text_backend(FILE *out, const struct pc_feature *b, bool in_use)
{
	if (!b->available) {
		fprintf(out, "  %-11s no: %s\n", b->name, b->sentence);
		return;
	}
	fprintf(out, "  %-11s yes%s\n", b->name, in_use ? ", used by default" : "");
	fprintf(out, "  %-11s names the holder from %s\n", "",
		b->exact ?
			"the kernel's own conflict check, the others on the port from its table" :
			"the kernel's port table, right after the refusal");
	if (b->sentence[0])
		fprintf(out, "  %-11s cannot see %s\n", "", b->sentence);
}

static bool features_has(const struct pc_features *f, const struct pc_capability *c)
{
	return f->capabilities >> c->bit & 1;
}

static void text_capabilities(FILE *out, const struct pc_features *f)
{
	fprintf(out, "capabilities, with which it\n");
	for (size_t i = 0; i < pc_capabilities_count; i++) {
		const struct pc_capability *c = &pc_capabilities[i];

		fprintf(out, "  %-15s %-4s %s\n", c->name, yes_no(features_has(f, c)), c->reason);
		if (!features_has(f, c))
			fprintf(out, "  %-15s %-4s without it, %s\n", "", "", c->lost);
	}
}

/* Prints one line for each need, and for a missing one also what follows. */
static void text_needs(FILE *out, const struct pc_features *f)
{
	fprintf(out, "what the programs need\n");
	for (unsigned i = PC_KERNEL_NOTHING + 1; i < PC_KERNEL_COUNT; i++) {
		const struct pc_kernel_row *row = &pc_kernel_rows[i];
		enum pc_presence has = f->offer.has[i];
		char parts[256];

		fprintf(out, "  %-19s %-4s %s\n", row->name,
			has == PC_PRESENCE_UNKNOWN ? "?" : yes_no(has == PC_PRESENCE_YES),
			row->what);
		if (has == PC_PRESENCE_YES)
			continue;
		pc_kernel_parts((enum pc_kernel_need)i, parts, sizeof(parts));
		if (has == PC_PRESENCE_NO)
			fprintf(out, "  %-19s %-4s missing: %s\n", "", "", parts);
		fprintf(out, "  %-19s %-4s without it, %s\n", "", "", row->lost);
	}
}

static int write_features(char *text, int err)
{
	free(text);
	return err;
}

int pc_features_text(struct pc_log *log, const struct pc_features *f)
{
	const char *chosen = default_of(f);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return -ENOMEM;
	fprintf(out, "kernel                  %s\n", f->support.release);
	fprintf(out, "type information (BTF)  %s%s%s\n",
		f->btf_wrong[0] ? "no: " : yes_no(f->support.btf),
		f->btf && !f->btf_wrong[0] ? ", of " : "",
		f->btf_wrong[0] ? f->btf_wrong :
		f->btf		? f->btf :
				  "");
	fprintf(out, "ring buffers            %s\n",
		f->support.ring_buffers || f->support.root ? yes_no(f->support.ring_buffers) :
							     "not known: only root can ask");
	fprintf(out, "lockdown                %s\n", pc_lockdown_name(f->support.lockdown));
	fprintf(out, "back ends, best first\n");
	for (unsigned i = 0; i < PC_BACKENDS; i++)
		text_backend(out, &f->backends[i], f->backends[i].name == chosen);
	text_needs(out, f);
	text_capabilities(out, f);
	if (fclose(out)) {
		free(text);
		return -ENOMEM;
	}
	/* The log adds the last newline. */
	return write_features(text, text ? pc_text_write(log, text, len - 1) : -ENOMEM);
}

static json_t *json_backend(const struct pc_feature *b)
{
	json_t *o = json_object();

	json_object_set_new(o, "name", json_string(b->name));
	json_object_set_new(o, "available", json_boolean(b->available));
	json_object_set_new(o, "reason", b->available ? json_null() : json_string(b->sentence));
	json_object_set_new(o, "cannot_see", b->available ? json_string(b->sentence) : json_null());
	json_object_set_new(o, "found_by",
			    b->available ? json_string(b->exact ? "conflict-check" : "port-table") :
					   json_null());
	return o;
}

static json_t *json_capabilities(const struct pc_features *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < pc_capabilities_count; i++) {
		const struct pc_capability *c = &pc_capabilities[i];
		json_t *o = json_object();

		json_object_set_new(o, "name", json_string(c->name));
		json_object_set_new(o, "held", json_boolean(features_has(f, c)));
		json_object_set_new(o, "when", json_string(pc_capability_when_name(c->when)));
		json_object_set_new(o, "reason", json_string(c->reason));
		json_object_set_new(o, "lost", json_string(c->lost));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *json_parts(enum pc_kernel_need need)
{
	json_t *list = json_array();

	for (const struct pc_kernel_part *p = pc_kernel_rows[need].any; p->kind; p++) {
		char text[128];

		pc_kernel_part(p, text, sizeof(text));
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *json_words(const char *words)
{
	json_t *list = json_array();

	while (*words) {
		size_t len = strcspn(words, " ");

		json_array_append_new(list, json_stringn(words, len));
		words += len + (words[len] == ' ');
	}
	return list;
}

static json_t *json_needs(const struct pc_features *f)
{
	json_t *list = json_array();

	for (unsigned i = PC_KERNEL_NOTHING + 1; i < PC_KERNEL_COUNT; i++) {
		const struct pc_kernel_row *row = &pc_kernel_rows[i];
		enum pc_presence has = f->offer.has[i];
		json_t *o = json_object();

		json_object_set_new(o, "name", json_string(row->name));
		json_object_set_new(o, "what", json_string(row->what));
		json_object_set_new(o, "present",
				    has == PC_PRESENCE_UNKNOWN ?
					    json_null() :
					    json_boolean(has == PC_PRESENCE_YES));
		json_object_set_new(o, "required", json_boolean(row->required));
		json_object_set_new(o, "any_of", json_parts((enum pc_kernel_need)i));
		json_object_set_new(o, "lost", json_string(row->lost));
		json_object_set_new(o, "programs", json_words(f->programs[i]));
		json_array_append_new(list, o);
	}
	return list;
}

int pc_features_json(struct pc_log *log, const struct pc_features *f)
{
	const char *chosen = default_of(f);
	json_t *line = json_object(), *list = json_array();
	char *text;

	json_object_set_new(line, "schema", json_integer(PC_JSON_SCHEMA));
	json_object_set_new(line, "type", json_string("features"));
	json_object_set_new(line, "kernel", json_string(f->support.release));
	json_object_set_new(line, "btf", json_boolean(f->support.btf));
	json_object_set_new(line, "btf_file", f->btf ? json_string(f->btf) : json_null());
	json_object_set_new(line, "ring_buffers",
			    f->support.ring_buffers || f->support.root ?
				    json_boolean(f->support.ring_buffers) :
				    json_null());
	json_object_set_new(line, "lockdown", json_string(pc_lockdown_name(f->support.lockdown)));
	for (unsigned i = 0; i < PC_BACKENDS; i++)
		json_array_append_new(list, json_backend(&f->backends[i]));
	json_object_set_new(line, "backends", list);
	json_object_set_new(line, "default", chosen ? json_string(chosen) : json_null());
	json_object_set_new(line, "needs", json_needs(f));
	json_object_set_new(line, "capabilities", json_capabilities(f));
	text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	return write_features(text, text ? pc_log_line(log, text, strlen(text)) : -ENOMEM);
}
