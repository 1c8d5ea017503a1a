// SPDX-License-Identifier: GPL-2.0-only
/* What `portclash features` prints. */
#include "out/features.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/capabilities.h"
#include "out/sink.h"

static const char *default_of(const struct pc_features *f)
{
	for (unsigned i = 0; i < f->count; i++)
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

static bool has(const struct pc_features *f, const struct pc_capability *c)
{
	return f->capabilities >> c->bit & 1;
}

static void text_capabilities(FILE *out, const struct pc_features *f)
{
	fprintf(out, "capabilities, with which it\n");
	for (size_t i = 0; i < pc_capabilities_count; i++) {
		const struct pc_capability *c = &pc_capabilities[i];

		fprintf(out, "  %-15s %-4s %s\n", c->name, yes_no(has(f, c)), c->reason);
		if (!has(f, c))
			fprintf(out, "  %-15s %-4s without it, %s\n", "", "", c->lost);
	}
}

static int write_text(struct pc_log *log, char *text, size_t len)
{
	int err = text ? pc_log_line(log, text, len) : -ENOMEM;

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
	fprintf(out, "type information (BTF)  %s\n", yes_no(f->support.btf));
	fprintf(out, "ring buffers            %s\n",
		f->support.ring_buffers || f->support.root ? yes_no(f->support.ring_buffers) :
							     "not known: only root can ask");
	fprintf(out, "lockdown                %s\n", pc_lockdown_name(f->support.lockdown));
	fprintf(out, "back ends, best first\n");
	for (unsigned i = 0; i < f->count; i++)
		text_backend(out, &f->backends[i], f->backends[i].name == chosen);
	text_capabilities(out, f);
	if (fclose(out)) {
		free(text);
		return -ENOMEM;
	}
	return write_text(log, text, len - 1); /* the log adds the last newline */
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
		json_object_set_new(o, "held", json_boolean(has(f, c)));
		json_object_set_new(o, "when", json_string(pc_capability_when_name(c->when)));
		json_object_set_new(o, "reason", json_string(c->reason));
		json_object_set_new(o, "lost", json_string(c->lost));
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
	json_object_set_new(line, "ring_buffers",
			    f->support.ring_buffers || f->support.root ?
				    json_boolean(f->support.ring_buffers) :
				    json_null());
	json_object_set_new(line, "lockdown", json_string(pc_lockdown_name(f->support.lockdown)));
	for (unsigned i = 0; i < f->count; i++)
		json_array_append_new(list, json_backend(&f->backends[i]));
	json_object_set_new(line, "backends", list);
	json_object_set_new(line, "default", chosen ? json_string(chosen) : json_null());
	json_object_set_new(line, "capabilities", json_capabilities(f));
	text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	return write_text(log, text, text ? strlen(text) : 0);
}
