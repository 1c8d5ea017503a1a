// SPDX-License-Identifier: GPL-2.0-only
/* Parts of every JSON line. */
#include "out/json_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/names.h"
#include "core/base/time.h"
#include "out/escape.h"
#include "out/json_cap.h"
#include "out/text_parts.h"

/* Text of other processes: what is not UTF-8 is escaped, the rest is JSON's business. */
static json_t *pc_json_text(const char *text, size_t len)
{
	char *clean;
	json_t *value;

	if (!text)
		return json_null();
	clean = malloc(PC_ESCAPE_SIZE(len));
	if (!clean)
		return json_null();
	len = pc_utf8_clean(text, len, clean, PC_ESCAPE_SIZE(len));
	value = json_stringn(clean, len);
	free(clean);
	return value;
}

json_t *pc_json_string(const char *text)
{
	return pc_json_text(text, text ? strlen(text) : 0);
}

json_t *pc_json_comm(const char comm[PC_COMM_LEN])
{
	return pc_json_text(comm, strnlen(comm, PC_COMM_LEN));
}

json_t *pc_json_number_or_null(uint64_t value)
{
	return value ? json_integer((json_int_t)value) : json_null();
}

json_t *pc_json_time(const struct pc_clock *clock, uint64_t boot_ns)
{
	char text[PC_TIME_TEXT];

	return json_string(pc_time_text(clock, boot_ns, text));
}

static json_t *number_if(bool known, uint64_t value)
{
	return known ? json_integer((json_int_t)value) : json_null();
}

static json_t *seconds_if(bool known, uint64_t ns)
{
	return known ? json_real(pc_seconds(ns)) : json_null();
}

static json_t *rings_of(const struct pc_cost *cost)
{
	json_t *rings = json_object();

	for (int i = 0; i < PC_RING_COUNT; i++) {
		json_t *ring = json_object();

		json_object_set_new(ring, "size_bytes", number_if(true, cost->rings[i].size));
		json_object_set_new(ring, "peak_bytes", number_if(true, cost->rings[i].peak));
		json_object_set_new(rings, pc_ring_name(i), ring);
	}
	return rings;
}

static json_t *programs_of(const struct pc_cost *cost)
{
	bool counted = cost->programs_counted;
	json_t *programs = json_object();

	for (unsigned i = 0; i < cost->programs_count; i++) {
		const struct pc_program_cost *p = &cost->programs[i];
		json_t *o = json_object();

		json_object_set_new(o, "runs", number_if(counted, p->runs));
		json_object_set_new(o, "seconds", seconds_if(counted, p->ns));
		json_object_set_new(o, "missed", number_if(true, p->missed));
		json_object_set_new(programs, p->name, o);
	}
	return programs;
}

json_t *pc_json_cost(const struct pc_cost *cost)
{
	json_t *o;

	if (!cost)
		return json_null();
	o = json_object();
	json_object_set_new(o, "cpu_seconds", seconds_if(cost->cpu_known, cost->cpu_ns));
	json_object_set_new(o, "cpu_start_seconds",
			    seconds_if(cost->cpu_known, cost->cpu_start_ns));
	json_object_set_new(o, "resident_bytes", number_if(cost->memory_known, cost->resident));
	json_object_set_new(o, "resident_peak_bytes",
			    number_if(cost->memory_known, cost->resident_peak));
	json_object_set_new(o, "map_bytes", number_if(cost->maps_known, cost->maps));
	json_object_set_new(o, "rings", rings_of(cost));
	json_object_set_new(o, "programs", programs_of(cost));
	return o;
}

json_t *pc_json_line(const char *type, const struct pc_clock *clock, uint64_t boot_ns)
{
	json_t *line = json_object();

	json_object_set_new(line, "schema", json_integer(PC_JSON_SCHEMA));
	json_object_set_new(line, "type", json_string(type));
	json_object_set_new(line, "time", pc_json_time(clock, boot_ns));
	return line;
}

int pc_json_write(struct pc_log *log, json_t *line)
{
	char *text;
	int err;

	pc_json_cap(line);
	text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(13));
	json_decref(line);
	if (!text)
		return -ENOMEM;
	err = pc_log_line(log, text, strlen(text));
	free(text);
	return err;
}

json_t *pc_json_endpoint(uint16_t family, const uint8_t *address, uint16_t port)
{
	char text[PC_ADDRESS_TEXT];
	json_t *e = json_object();

	json_object_set_new(e, "address", json_string(pc_address_text(family, address, text)));
	json_object_set_new(e, "port", json_integer(port));
	return e;
}

void pc_json_add_identity(json_t *p, const struct pc_identity *who)
{
	json_object_set_new(p, "exe", pc_json_string(who ? who->exe : NULL));
	json_object_set_new(p, "cmdline", pc_json_string(who ? who->cmdline : NULL));
	if (who && who->cmdline_cut)
		json_object_set_new(p, "cmdline_cut", json_true());
	json_object_set_new(p, "uid", who ? json_integer(who->uid) : json_null());
	json_object_set_new(p, "cgroup", pc_json_string(who ? who->cgroup : NULL));
	json_object_set_new(p, "unit", pc_json_string(who ? who->unit : NULL));
	json_object_set_new(p, "inner_unit", pc_json_string(who ? who->inner_unit : NULL));
	json_object_set_new(p, "manager_user",
			    who && who->below_user ? json_integer(who->manager_user) : json_null());
	json_object_set_new(p, "container", pc_json_string(who ? who->container : NULL));
	json_object_set_new(p, "container_word",
			    pc_json_string(who ? pc_word_name(who->container_word) : NULL));
	json_object_set_new(p, "pod", pc_json_string(who ? who->pod : NULL));
	json_object_set_new(p, "container_name", pc_json_string(who ? who->given.container : NULL));
	json_object_set_new(p, "pod_name", pc_json_string(who ? who->given.pod : NULL));
	json_object_set_new(p, "pod_namespace",
			    pc_json_string(who ? who->given.pod_namespace : NULL));
	json_object_set_new(p, "netns", who ? pc_json_number_or_null(who->netns) : json_null());
}

json_t *pc_json_party(const struct pc_clock *clock, const struct pc_party *party)
{
	const struct pc_identity *who = party->who;
	json_t *p;

	if (!who)
		return json_null();
	p = json_object();
	json_object_set_new(p, "pid", json_integer(who->key.tgid));
	json_object_set_new(p, "tid", pc_json_number_or_null(party->tid));
	json_object_set_new(p, "comm", pc_json_comm(party->comm[0] ? party->comm : who->comm));
	pc_json_add_identity(p, who);
	json_object_set_new(p, "started",
			    who->key.start_ns ? pc_json_time(clock, who->key.start_ns) :
						json_null());
	json_object_set_new(p, "running", json_boolean(party->running));
	if (party->fd >= 0)
		json_object_set_new(p, "fd", json_integer(party->fd));
	return p;
}

json_t *pc_json_options(const struct pc_socket *s)
{
	json_t *o = json_object();

	json_object_set_new(o, "reuseaddr", json_boolean(s->reuse));
	json_object_set_new(o, "reuseport", json_boolean(s->flags & PC_SOCKET_REUSEPORT));
	json_object_set_new(o, "v6only", json_boolean(s->flags & PC_SOCKET_V6ONLY));
	json_object_set_new(o, "transparent", json_boolean(s->flags & PC_SOCKET_TRANSPARENT));
	json_object_set_new(o, "freebind", json_boolean(s->flags & PC_SOCKET_FREEBIND));
	json_object_set_new(o, "bindtodevice", pc_json_number_or_null(s->ifindex));
	return o;
}

static json_t *json_parts_owners(const struct pc_clock *clock, const struct pc_holder *h)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < h->owners_count; i++)
		json_array_append_new(list, pc_json_party(clock, &h->owners[i]));
	return list;
}

void pc_json_add_socket(json_t *o, const struct pc_socket *s)
{
	if (s->family == PC_FAMILY_UNIX) {
		json_object_set_new(o, "state", json_string(pc_state_name(s->state)));
		json_object_set_new(o, "local", json_null());
		json_object_set_new(o, "remote", json_null());
		return;
	}
	json_object_set_new(o, "state", json_string(pc_state_name(pc_socket_state(s))));
	json_object_set_new(o, "local", pc_json_endpoint(s->family, s->local, s->lport));
	json_object_set_new(o, "remote",
			    s->rport ? pc_json_endpoint(s->family, s->remote, s->rport) :
				       json_null());
}

json_t *pc_json_holder(const struct pc_clock *clock, const struct pc_holder *h)
{
	const struct pc_socket *s = &h->socket;
	json_t *o = json_object();

	json_object_set_new(o, "blocking", json_boolean(h->blocking));
	json_object_set_new(o, "found_by",
			    json_string(s->family == PC_FAMILY_UNIX ? "open-files" :
					s->flags & PC_SOCKET_EXACT  ? "conflict-check" :
								      "port-table"));
	pc_json_add_socket(o, s);
	json_object_set_new(o, "how", h->how ? json_string(pc_how_name(h->how)) : json_null());
	json_object_set_new(o, "how_inferred", json_boolean(h->how_inferred));
	json_object_set_new(o, "older", json_boolean(h->older && !h->claim_lost));
	json_object_set_new(o, "since",
			    h->since_ns ? pc_json_time(clock, h->since_ns) : json_null());
	json_object_set_new(o, "age_seconds",
			    h->since_ns ? json_real(pc_seconds(clock->now_ns - h->since_ns)) :
					  json_null());
	json_object_set_new(o, "cookie", pc_json_number_or_null(s->cookie));
	json_object_set_new(o, "inode", pc_json_number_or_null(s->inode));
	json_object_set_new(o, "uid",
			    s->state == PC_STATE_TIME_WAIT ? json_null() : json_integer(s->uid));
	json_object_set_new(o, "seconds_left", pc_json_number_or_null(s->seconds_left));
	json_object_set_new(o, "options",
			    s->family == PC_FAMILY_UNIX ? json_null() : pc_json_options(s));
	json_object_set_new(o, "process", pc_json_party(clock, &h->claimer));
	json_object_set_new(o, "socket_unit",
			    pc_json_string(h->socket_unit[0] ? h->socket_unit : NULL));
	json_object_set_new(o, "process_note",
			    h->process_note ? json_string(h->process_note) : json_null());
	json_object_set_new(o, "owners", json_parts_owners(clock, h));
	json_object_set_new(o, "peer", pc_json_party(clock, &h->peer));
	return o;
}

static json_t *range_users(const struct pc_clock *clock, const struct pc_range_use *use)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < use->users_count; i++) {
		json_t *o = json_object();

		json_object_set_new(o, "ports", json_integer(use->users[i].ports));
		json_object_set_new(o, "process", pc_json_party(clock, &use->users[i].party));
		json_array_append_new(list, o);
	}
	return list;
}

json_t *pc_json_range_use(const struct pc_clock *clock, const struct pc_range_use *use)
{
	json_t *o, *list;

	if (!use)
		return json_null();
	o = json_object();
	list = json_array();
	json_object_set_new(o, "offered", json_integer(use->offered));
	json_object_set_new(o, "held", json_integer(use->held));
	json_object_set_new(o, "left", json_integer(use->left));
	for (unsigned i = 0; i < use->destinations.count; i++) {
		const struct pc_socket *s = &use->destinations.list[i].socket;
		json_t *d = pc_json_endpoint(s->family, s->remote, s->rport);

		json_object_set_new(d, "ports", json_integer(use->destinations.list[i].ports));
		json_array_append_new(list, d);
	}
	json_object_set_new(o, "destinations", list);
	json_object_set_new(o, "processes", range_users(clock, use));
	return o;
}
