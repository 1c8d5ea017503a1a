// SPDX-License-Identifier: GPL-2.0-only
/* The plan and the result of `portclash free`, as JSON lines (docs/cure.md). */
#include <string.h>

#include "core/base/address.h"
#include "core/base/names.h"
#include "core/base/time.h"
#include "out/free.h"
#include "out/json_parts.h"

static const char *const stop_ways[] = {
	[PC_STOP_INVALID] = "invalid",
	[PC_STOP_UNIT] = "unit",
	[PC_STOP_PROCESS] = "process",
	[PC_STOP_NEVER] = "never",
};

const char *pc_free_result_name(enum pc_free_result result)
{
	static const char *const names[PC_FREE_RESULT_COUNT] = {
		[PC_FREE_RESULT_INVALID] = "failed",
		[PC_FREE_FREED] = "freed",
		[PC_FREE_HELD] = "held",
		[PC_FREE_NOTHING] = "nothing",
		[PC_FREE_CAME_BACK] = "came-back",
		[PC_FREE_VANISHED] = "vanished",
		[PC_FREE_STUCK] = "stuck",
		[PC_FREE_DECLINED] = "declined",
	};

	return names[result];
}

static json_t *free_line(const char *type, const struct pc_clock *clock,
			 const struct pc_request *server)
{
	json_t *line = pc_json_line(type, clock, clock->now_ns);
	char text[PC_ADDRESS_TEXT];

	json_object_set_new(line, "proto", json_string(pc_proto_name(server->proto)));
	json_object_set_new(line, "port", json_integer(server->wanted_port));
	json_object_set_new(
		line, "address",
		pc_address_is_any(server->wanted_family, server->wanted) ?
			json_null() :
			json_string(pc_address_text(server->wanted_family, server->wanted, text)));
	return line;
}

static json_t *free_socket_json(const struct pc_clock *clock, const struct pc_free_socket *f)
{
	const struct pc_socket *s = &f->s.socket;
	json_t *o = json_object(), *owners = json_array();

	json_object_set_new(o, "kind", json_string(pc_free_kind_name(f->kind)));
	pc_json_add_socket(o, s);
	json_object_set_new(o, "cookie", pc_json_number_or_null(s->cookie));
	json_object_set_new(o, "inode", pc_json_number_or_null(s->inode));
	json_object_set_new(o, "seconds_left", pc_json_number_or_null(s->seconds_left));
	json_object_set_new(o, "kernel_chose", json_boolean(f->s.kernel_chose));
	for (unsigned i = 0; i < f->owners_count; i++)
		json_array_append_new(owners, pc_json_party(clock, &f->owners[i]));
	json_object_set_new(o, "owners", owners);
	json_object_set_new(o, "process_note",
			    f->owners_count ? json_null() : pc_json_string(f->note));
	return o;
}

static json_t *free_stop_json(const struct pc_clock *clock, const struct pc_free_stop *s)
{
	json_t *o = json_object();

	json_object_set_new(o, "way", json_string(stop_ways[s->stop.way]));
	json_object_set_new(o, "name", pc_json_string(s->stop.name));
	json_object_set_new(o, "why", pc_json_string(s->stop.why));
	json_object_set_new(o, "process", pc_json_party(clock, s->owner));
	return o;
}

int pc_free_json_plan(struct pc_log *log, const struct pc_clock *clock,
		      const struct pc_free_report *report)
{
	json_t *line = free_line("free-plan", clock, report->server);
	json_t *sockets = json_array(), *stops = json_array();

	json_object_set_new(line, "netns", json_integer(report->netns));
	json_object_set_new(line, "own", json_boolean(report->own));
	json_object_set_new(line, "path", pc_json_string(report->path));
	json_object_set_new(line, "pid", pc_json_number_or_null(report->pid));
	for (size_t i = 0; i < report->plan->count; i++)
		json_array_append_new(sockets, free_socket_json(clock, &report->plan->list[i]));
	for (size_t i = 0; i < report->stops_count; i++)
		json_array_append_new(stops, free_stop_json(clock, &report->stops[i]));
	json_object_set_new(line, "sockets", sockets);
	json_object_set_new(line, "stops", stops);
	return pc_json_write(log, line);
}

static json_t *reserved_json(const struct pc_free_outcome *o)
{
	if (o->reserved_for_good)
		return json_string("until-reboot");
	return o->reserved_ns ? json_string("until-taken") : json_null();
}

int pc_free_json_outcome(struct pc_log *log, const struct pc_clock *clock,
			 const struct pc_request *server, const struct pc_free_outcome *o,
			 int status)
{
	json_t *line = free_line("free", clock, server);

	json_object_set_new(line, "dry_run", json_boolean(o->dry));
	json_object_set_new(line, "result", json_string(pc_free_result_name(o->result)));
	json_object_set_new(line, "why", *o->why ? pc_json_string(o->why) : json_null());
	json_object_set_new(line, "ended", json_integer((json_int_t)o->ended));
	json_object_set_new(line, "by_descriptor", json_integer((json_int_t)o->by_descriptor));
	json_object_set_new(line, "stopped", json_integer((json_int_t)o->stopped));
	json_object_set_new(line, "seconds", json_real(pc_seconds(o->took_ns)));
	json_object_set_new(line, "reserved", reserved_json(o));
	json_object_set_new(line, "reserved_seconds",
			    o->reserved_ns ? json_real(pc_seconds(o->reserved_ns)) : json_null());
	json_object_set_new(line, "exit_status", json_integer(status));
	return pc_json_write(log, line);
}
