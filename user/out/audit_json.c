// SPDX-License-Identifier: GPL-2.0-only
/* An audit as JSON lines, described in docs/audit.md. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/address.h"
#include "core/names.h"
#include "core/ports.h"
#include "out/audit.h"
#include "out/json_parts.h"

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static json_t *count_of(uint64_t count)
{
	return json_integer((json_int_t)count);
}

static json_t *ports_of(const uint64_t *ports)
{
	char *list = pc_ports_format(ports);
	json_t *value = list ? json_string(list) : json_null();

	free(list);
	return value;
}

static json_t *share_of(unsigned part, unsigned whole)
{
	return json_real(whole ? (double)part / whole : 0);
}

static json_t *destinations(const struct pc_netns_audit *a)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < a->destinations_count; i++) {
		const struct pc_destination *d = &a->destinations[i];
		const struct pc_socket *s = &d->socket;
		char text[PC_ADDRESS_TEXT];
		json_t *o = json_object();

		set(o, "remote", pc_json_endpoint(s->family, s->remote, s->rport));
		set(o, "local_address", json_string(pc_address_text(s->family, s->local, text)));
		set(o, "ports", count_of(d->ports));
		set(o, "share", share_of(d->ports, a->offered));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *by_state(const struct pc_netns_audit *a)
{
	json_t *states = json_object();

	for (int i = PC_STATE_INVALID + 1; i < PC_STATE_COUNT; i++)
		set(states, pc_state_name(i), count_of(a->tcp_ports[i]));
	return states;
}

static void add_settings(json_t *line, const struct pc_netns_audit *a)
{
	const struct pc_netns_settings *s = &a->settings;
	json_t *range = json_null();

	if (s->known) {
		range = json_object();
		set(range, "low", json_integer(s->low));
		set(range, "high", json_integer(s->high));
		set(range, "reserved", json_integer(pc_ports_count(s->reserved, s->low, s->high)));
		set(range, "offered", json_integer(a->offered));
		set(range, "unprivileged_start", json_integer(s->unprivileged_start));
	}
	set(line, "range", range);
	set(line, "reserved", s->known ? ports_of(s->reserved) : json_null());
	set(line, "somaxconn", s->known ? json_integer(s->somaxconn) : json_null());
	set(line, "listen_overflows", count_of(s->listen_overflows));
}

static void add_usage(json_t *line, const struct pc_netns_audit *a)
{
	json_t *ports = json_object(), *in_range = json_object();

	set(ports, "tcp", by_state(a));
	set(ports, "udp", json_integer(a->udp_ports));
	set(in_range, "tcp", json_integer(a->tcp_in_range));
	set(in_range, "udp", json_integer(a->udp_in_range));
	set(in_range, "tcp_share", share_of(a->tcp_in_range, a->offered));
	set(in_range, "udp_share", share_of(a->udp_in_range, a->offered));
	set(line, "sockets", count_of(a->sockets));
	set(line, "ports_in_use", ports);
	set(line, "in_range", in_range);
	set(line, "destinations", destinations(a));
}

static json_t *command_of(const struct pc_netns_audit *a)
{
	char *command = pc_audit_exposed(a) ? pc_audit_command(a) : NULL;
	json_t *value = pc_json_string(command);

	free(command);
	return value;
}

static int put_space(struct pc_log *log, const struct pc_clock *clock,
		     const struct pc_netns_audit *a)
{
	json_t *line = pc_json_line("audit-netns", clock, clock->now_ns);

	set(line, "netns", count_of(a->inode));
	set(line, "own", json_boolean(a->own));
	set(line, "path", pc_json_string(a->path));
	set(line, "pid", pc_json_number_or_null(a->pid));
	set(line, "unit", pc_json_string(a->who ? a->who->unit : NULL));
	set(line, "container", pc_json_string(a->who ? a->who->container : NULL));
	set(line, "pod", pc_json_string(a->who ? a->who->pod : NULL));
	set(line, "looked_at", json_boolean(!a->unseen));
	set(line, "unseen_reason", a->unseen ? json_string(a->unseen) : json_null());
	if (a->unseen)
		return pc_json_write(log, line);
	add_settings(line, a);
	add_usage(line, a);
	set(line, "exposed", json_integer(a->exposed));
	set(line, "claims", json_integer(a->claims));
	set(line, "protected_exposed", ports_of(a->protect));
	set(line, "protected_exposed_count", json_integer(a->protect_count));
	set(line, "command", command_of(a));
	return pc_json_write(log, line);
}

static void add_owners(json_t *line, const struct pc_clock *clock, const struct pc_audit_entry *e)
{
	json_t *owners = json_array();

	for (unsigned i = 0; i < e->owners_count; i++)
		json_array_append_new(owners, pc_json_party(clock, &e->owners[i]));
	set(line, "process", e->owners_count ? pc_json_party(clock, &e->owners[0]) : json_null());
	set(line, "process_note", e->process_note ? json_string(e->process_note) : json_null());
	set(line, "owners", owners);
}

static json_t *queue_of(const struct pc_audit_entry *e)
{
	json_t *queue;

	if (e->s.socket.state != PC_STATE_LISTEN)
		return json_null();
	queue = json_object();
	set(queue, "waiting", json_integer(e->s.waiting));
	set(queue, "backlog", json_integer(e->s.backlog));
	set(queue, "full", json_boolean(e->queue_full));
	set(queue, "at_somaxconn", json_boolean(e->backlog_cut));
	return queue;
}

static json_t *chance_of(const struct pc_audit_entry *e)
{
	json_t *chance;

	if (!e->exposed)
		return json_null();
	chance = json_object();
	set(chance, "value", json_real(pc_chance_value(e->chance)));
	set(chance, "taken", json_integer(e->chance.taken));
	set(chance, "of", json_integer(e->chance.of));
	return chance;
}

static int put_entry(struct pc_log *log, const struct pc_clock *clock,
		     const struct pc_netns_audit *a, const struct pc_audit_entry *e)
{
	const struct pc_socket *s = &e->s.socket;
	json_t *line =
		pc_json_line(e->listens ? "audit-listener" : "audit-claim", clock, clock->now_ns);

	set(line, "netns", count_of(a->inode));
	set(line, "proto", json_string(pc_proto_name(s->proto)));
	set(line, "family", json_string(pc_family_name(s->family)));
	set(line, "state", json_string(pc_state_name(pc_socket_state(s))));
	set(line, "local", pc_json_endpoint(s->family, s->local, s->lport));
	set(line, "remote",
	    s->rport ? pc_json_endpoint(s->family, s->remote, s->rport) : json_null());
	set(line, "exposed", json_boolean(e->exposed));
	set(line, "claims_protected", json_boolean(e->claims));
	if (e->listens) {
		set(line, "chosen_by", json_string(e->s.kernel_chose ? "kernel" : "number"));
		set(line, "chance", chance_of(e));
		set(line, "queue", queue_of(e));
	}
	set(line, "cookie", pc_json_number_or_null(s->cookie));
	set(line, "inode", pc_json_number_or_null(s->inode));
	set(line, "uid", s->state == PC_STATE_TIME_WAIT ? json_null() : json_integer(s->uid));
	add_owners(line, clock, e);
	return pc_json_write(log, line);
}

static int put_sysctl(struct pc_log *log, const struct pc_clock *clock,
		      const struct pc_sysctl_finding *f)
{
	json_t *line = pc_json_line("audit-sysctl", clock, clock->now_ns);

	set(line, "kind", json_string(pc_sysctl_kind_name(f->kind)));
	set(line, "key", pc_json_string(f->key));
	set(line, "value", *f->value ? pc_json_string(f->value) : json_null());
	set(line, "file", pc_json_string(f->file));
	set(line, "line", pc_json_number_or_null(f->line));
	set(line, "explanation", json_string(f->text));
	return pc_json_write(log, line);
}

static json_t *dropin_of(const struct pc_audit_report *r)
{
	char *load = r->written ? pc_audit_load_command(r->written, r->reserve) : NULL;
	json_t *o;

	if (!r->reserve)
		return json_null();
	o = json_object();
	set(o, "ports", json_string(r->reserve));
	set(o, "content", json_string(r->dropin));
	set(o, "written", pc_json_string(r->written));
	set(o, "load_command", pc_json_string(load));
	set(o, "overridden_by", pc_json_string(r->rival ? r->rival->file : NULL));
	free(load);
	return o;
}

static int put_summary(struct pc_log *log, const struct pc_clock *clock,
		       const struct pc_audit_report *r)
{
	json_t *line = pc_json_line("audit-summary", clock, clock->now_ns), *unseen = json_array();
	unsigned exposed = 0, protect = 0, claims = 0, full = 0, dark = 0;

	for (size_t i = 0; i < r->spaces_count; i++) {
		const struct pc_netns_audit *a = &r->spaces[i];

		dark += a->unseen != NULL;
		exposed += a->exposed;
		claims += a->claims;
		protect += a->protect_count;
		for (size_t j = 0; j < a->entries_count; j++)
			full += a->entries[j].queue_full;
	}
	for (unsigned i = 0; i < r->unseen_count; i++)
		json_array_append_new(unseen, json_string(r->unseen[i]));
	set(line, "netns_total", count_of(r->spaces_count));
	set(line, "netns_unseen", json_integer(dark));
	set(line, "exposed", json_integer(exposed));
	set(line, "protected_exposed_count", json_integer(protect));
	set(line, "claims", json_integer(claims));
	set(line, "queues_full", json_integer(full));
	set(line, "sysctls", count_of(r->sysctls->count));
	set(line, "unseen", unseen);
	set(line, "dropin", dropin_of(r));
	set(line, "exit_status", json_integer(r->status));
	return pc_json_write(log, line);
}

int pc_audit_json(struct pc_log *log, const struct pc_clock *clock,
		  const struct pc_audit_report *report)
{
	int err = 0;

	for (size_t i = 0; !err && i < report->spaces_count; i++) {
		const struct pc_netns_audit *a = &report->spaces[i];

		err = put_space(log, clock, a);
		for (size_t j = 0; !err && j < a->entries_count; j++)
			err = put_entry(log, clock, a, &a->entries[j]);
	}
	for (size_t i = 0; !err && i < report->sysctls->count; i++)
		err = put_sysctl(log, clock, &report->sysctls->list[i]);
	return err ? err : put_summary(log, clock, report);
}
