// SPDX-License-Identifier: GPL-2.0-only
/* The result of `portclash reserve`, as JSON lines (docs/cure.md). Lists of ports are in the form that the kernel
 * has them in: "8080,9000-9010". */
#include <stdlib.h>

#include "out/json_parts.h"
#include "out/reserve.h"

static json_t *port_list_json(const uint64_t *set)
{
	char *list = pc_ports_format(set);
	json_t *o = list ? json_string(list) : json_null();

	free(list);
	return o;
}

static const char *action_name(enum pc_reserve_action action)
{
	return action == PC_RESERVE_ADD ? "add" : action == PC_RESERVE_REMOVE ? "remove" : "list";
}

static void add_change(json_t *line, const struct pc_reserve_report *r,
		       const struct pc_keep_change *c)
{
	bool done = r->action != PC_RESERVE_LIST;

	json_object_set_new(line, "before", port_list_json(c->before));
	json_object_set_new(line, "after", port_list_json(done ? c->after : c->before));
	json_object_set_new(line, "changed", done ? port_list_json(c->changed) : json_null());
	json_object_set_new(line, "others", done ? port_list_json(c->others) : json_null());
	json_object_set_new(line, "needed", done ? port_list_json(c->shared) : json_null());
	json_object_set_new(line, "forgotten", json_integer(c->forgotten));
}

static json_t *kept_json(const struct pc_reserve_space *s)
{
	json_t *o = json_object();

	for (int i = PC_KEEPER_INVALID + 1; i < PC_KEEPER_COUNT; i++)
		json_object_set_new(o, pc_keeper_name((enum pc_keeper)i),
				    port_list_json(s->kept[i]));
	return o;
}

static int write_space(struct pc_log *log, const struct pc_clock *clock,
		       const struct pc_reserve_report *r, const struct pc_reserve_space *s)
{
	json_t *line = pc_json_line("reserve", clock, clock->now_ns);

	json_object_set_new(line, "action", json_string(action_name(r->action)));
	json_object_set_new(line, "dry_run", json_boolean(r->dry));
	json_object_set_new(line, "netns", json_integer(s->inode));
	json_object_set_new(line, "own", json_boolean(s->own));
	json_object_set_new(line, "path", pc_json_string(s->path));
	json_object_set_new(line, "pid", pc_json_number_or_null(s->pid));
	json_object_set_new(line, "error", pc_json_string(s->failed));
	if (!s->failed)
		add_change(line, r, &s->change);
	if (!s->failed && r->action == PC_RESERVE_LIST)
		json_object_set_new(line, "kept", kept_json(s));
	return pc_json_write(log, line);
}

static json_t *rival_json(const struct pc_sysctl_line *rival)
{
	json_t *o;

	if (!rival)
		return json_null();
	o = json_object();
	json_object_set_new(o, "file", pc_json_string(rival->file));
	json_object_set_new(o, "line", json_integer(rival->line));
	return o;
}

static json_t *boot_json(const struct pc_reserve_boot *b)
{
	json_t *o;

	if (!b)
		return json_null();
	o = json_object();
	json_object_set_new(o, "path", pc_json_string(b->path));
	json_object_set_new(o, "written", json_boolean(b->written));
	json_object_set_new(o, "reserved", port_list_json(b->ports));
	json_object_set_new(o, "missing", port_list_json(b->missing));
	json_object_set_new(o, "staying", port_list_json(b->staying));
	json_object_set_new(o, "replaced_by", rival_json(b->rival));
	return o;
}

int pc_reserve_json(struct pc_log *log, const struct pc_clock *clock,
		    const struct pc_reserve_report *report, int status)
{
	json_t *line;
	int err = 0;

	for (size_t i = 0; !err && i < report->count; i++)
		err = write_space(log, clock, report, &report->spaces[i]);
	if (err)
		return err;
	line = pc_json_line("reserve-summary", clock, clock->now_ns);
	json_object_set_new(line, "boot", boot_json(report->boot));
	json_object_set_new(line, "record_lost",
			    *report->lost ? pc_json_string(report->lost) : json_null());
	json_object_set_new(line, "exit_status", json_integer(status));
	return pc_json_write(log, line);
}
