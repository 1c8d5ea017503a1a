// SPDX-License-Identifier: GPL-2.0-only
/* An audit as JSON lines, described in docs/audit.md. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/names.h"
#include "core/base/ports.h"
#include "out/audit.h"
#include "out/json_parts.h"

static void audit_json_set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static json_t *audit_json_count_of(uint64_t count)
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

static json_t *audit_share_of(unsigned part, unsigned whole)
{
	return json_real(whole ? (double)part / whole : 0);
}

static json_t *destinations(const struct pc_netns_audit *a)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < a->destinations.count; i++) {
		const struct pc_destination *d = &a->destinations.list[i];
		const struct pc_socket *s = &d->socket;
		char text[PC_ADDRESS_TEXT];
		json_t *o = json_object();

		audit_json_set(o, "remote", pc_json_endpoint(s->family, s->remote, s->rport));
		audit_json_set(o, "local_address",
			       json_string(pc_address_text(s->family, s->local, text)));
		audit_json_set(o, "ports", audit_json_count_of(d->ports));
		audit_json_set(o, "share", audit_share_of(d->ports, a->offered));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *by_state(const struct pc_netns_audit *a)
{
	json_t *states = json_object();

	for (int i = PC_STATE_INVALID + 1; i < PC_STATE_COUNT; i++)
		audit_json_set(states, pc_state_name(i), audit_json_count_of(a->tcp_ports[i]));
	return states;
}

static void add_settings(json_t *line, const struct pc_netns_audit *a)
{
	const struct pc_netns_settings *s = &a->settings;
	json_t *range = json_null();

	if (s->known) {
		range = json_object();
		audit_json_set(range, "low", json_integer(s->low));
		audit_json_set(range, "high", json_integer(s->high));
		audit_json_set(range, "reserved",
			       json_integer(pc_ports_count(s->reserved, s->low, s->high)));
		audit_json_set(range, "offered", json_integer(a->offered));
		audit_json_set(range, "unprivileged_start", json_integer(s->unprivileged_start));
	}
	audit_json_set(line, "range", range);
	audit_json_set(line, "reserved", s->known ? ports_of(s->reserved) : json_null());
	audit_json_set(line, "somaxconn", s->known ? json_integer(s->somaxconn) : json_null());
	audit_json_set(line, "listen_overflows", audit_json_count_of(s->listen_overflows));
}

static void add_usage(json_t *line, const struct pc_netns_audit *a)
{
	json_t *ports = json_object(), *in_range = json_object();

	audit_json_set(ports, "tcp", by_state(a));
	audit_json_set(ports, "udp", json_integer(a->udp_ports));
	audit_json_set(in_range, "tcp", json_integer(a->tcp_in_range));
	audit_json_set(in_range, "udp", json_integer(a->udp_in_range));
	audit_json_set(in_range, "tcp_share", audit_share_of(a->tcp_in_range, a->offered));
	audit_json_set(in_range, "udp_share", audit_share_of(a->udp_in_range, a->offered));
	audit_json_set(line, "sockets", audit_json_count_of(a->sockets));
	audit_json_set(line, "ports_in_use", ports);
	audit_json_set(line, "in_range", in_range);
	audit_json_set(line, "destinations", destinations(a));
}

static json_t *audit_json_command(const struct pc_netns_audit *a,
				  char *(*make)(const struct pc_netns_audit *a))
{
	char *command = pc_audit_exposed(a) && !a->too_many ? make(a) : NULL;
	json_t *value = pc_json_string(command);

	free(command);
	return value;
}

static int audit_json_put_space(struct pc_log *log, const struct pc_clock *clock,
				const struct pc_netns_audit *a)
{
	json_t *line = pc_json_line("audit-netns", clock, clock->now_ns);

	audit_json_set(line, "netns", audit_json_count_of(a->inode));
	audit_json_set(line, "own", json_boolean(a->own));
	audit_json_set(line, "path", pc_json_string(a->path));
	audit_json_set(line, "pid", pc_json_number_or_null(a->pid));
	audit_json_set(line, "unit", pc_json_string(a->who ? a->who->unit : NULL));
	audit_json_set(line, "container", pc_json_string(a->who ? a->who->container : NULL));
	audit_json_set(line, "pod", pc_json_string(a->who ? a->who->pod : NULL));
	audit_json_set(line, "looked_at", json_boolean(!a->unseen));
	audit_json_set(line, "unseen_reason", a->unseen ? json_string(a->unseen) : json_null());
	if (a->unseen)
		return pc_json_write(log, line);
	add_settings(line, a);
	add_usage(line, a);
	audit_json_set(line, "exposed", json_integer(a->exposed));
	audit_json_set(line, "claims", json_integer(a->protected_held));
	audit_json_set(line, "shared", json_integer(a->shared));
	audit_json_set(line, "protected_exposed", ports_of(a->protect));
	audit_json_set(line, "protected_exposed_count", json_integer(a->protect_count));
	audit_json_set(line, "command", audit_json_command(a, pc_audit_command));
	audit_json_set(line, "command_plain", audit_json_command(a, pc_audit_plain_command));
	return pc_json_write(log, line);
}

static void add_owners(json_t *line, const struct pc_clock *clock, const struct pc_audit_entry *e)
{
	json_t *owners = json_array();

	for (unsigned i = 0; i < e->owners_count; i++)
		json_array_append_new(owners, pc_json_party(clock, &e->owners[i]));
	audit_json_set(line, "process",
		       e->owners_count ? pc_json_party(clock, &e->owners[0]) : json_null());
	audit_json_set(line, "process_note",
		       e->process_note ? json_string(e->process_note) : json_null());
	audit_json_set(line, "owners", owners);
}

static json_t *queue_of(const struct pc_audit_entry *e)
{
	json_t *queue;

	if (e->s.socket.state != PC_STATE_LISTEN)
		return json_null();
	queue = json_object();
	audit_json_set(queue, "waiting", json_integer(e->s.waiting));
	audit_json_set(queue, "backlog", json_integer(e->s.backlog));
	audit_json_set(queue, "full", json_boolean(e->queue_full));
	audit_json_set(queue, "at_somaxconn", json_boolean(e->backlog_cut));
	return queue;
}

static json_t *chance_of(const struct pc_audit_entry *e)
{
	json_t *chance;

	if (!e->exposed)
		return json_null();
	chance = json_object();
	audit_json_set(chance, "value", json_real(pc_chance_value(e->chance)));
	audit_json_set(chance, "taken", json_integer(e->chance.taken));
	audit_json_set(chance, "of", json_integer(e->chance.of));
	return chance;
}

static int put_entry(struct pc_log *log, const struct pc_clock *clock,
		     const struct pc_netns_audit *a, const struct pc_audit_entry *e)
{
	const struct pc_socket *s = &e->s.socket;
	json_t *line =
		pc_json_line(e->listens ? "audit-listener" : "audit-claim", clock, clock->now_ns);

	audit_json_set(line, "netns", audit_json_count_of(a->inode));
	audit_json_set(line, "proto", json_string(pc_proto_name(s->proto)));
	audit_json_set(line, "family", json_string(pc_address_family_name(s->family)));
	audit_json_set(line, "state", json_string(pc_state_name(pc_socket_state(s))));
	audit_json_set(line, "local", pc_json_endpoint(s->family, s->local, s->lport));
	audit_json_set(line, "remote",
		       s->rport ? pc_json_endpoint(s->family, s->remote, s->rport) : json_null());
	audit_json_set(line, "exposed", json_boolean(e->exposed));
	audit_json_set(line, "claims_protected", json_boolean(e->holds_protected));
	audit_json_set(line, "strangers", json_integer(e->families > 1 ? e->families : 0));
	audit_json_set(line, "strangers_cut", json_boolean(e->families_cut));
	if (e->listens) {
		audit_json_set(line, "chosen_by",
			       json_string(e->s.kernel_chose ? "kernel" : "number"));
		audit_json_set(line, "chance", chance_of(e));
		audit_json_set(line, "queue", queue_of(e));
	}
	audit_json_set(line, "cookie", pc_json_number_or_null(s->cookie));
	audit_json_set(line, "inode", pc_json_number_or_null(s->inode));
	audit_json_set(line, "uid",
		       s->state == PC_STATE_TIME_WAIT ? json_null() : json_integer(s->uid));
	add_owners(line, clock, e);
	return pc_json_write(log, line);
}

static int put_sysctl(struct pc_log *log, const struct pc_clock *clock,
		      const struct pc_sysctl_finding *f)
{
	json_t *line = pc_json_line("audit-sysctl", clock, clock->now_ns);

	audit_json_set(line, "kind", json_string(pc_sysctl_kind_name(f->kind)));
	audit_json_set(line, "key", pc_json_string(f->key));
	audit_json_set(line, "value", *f->value ? pc_json_string(f->value) : json_null());
	audit_json_set(line, "file", pc_json_string(f->file));
	audit_json_set(line, "line", pc_json_number_or_null(f->line));
	audit_json_set(line, "explanation", json_string(f->text));
	return pc_json_write(log, line);
}

static json_t *dropin_of(const struct pc_audit_report *r)
{
	char *load = r->written ? pc_audit_load_command(r) : NULL;
	json_t *o;

	if (!r->reserve)
		return json_null();
	o = json_object();
	audit_json_set(o, "ports", json_string(r->reserve));
	audit_json_set(o, "content", json_string(r->dropin));
	audit_json_set(o, "written", pc_json_string(r->written));
	audit_json_set(o, "load_command", pc_json_string(load));
	audit_json_set(o, "overridden_by", pc_json_string(r->rival ? r->rival->file : NULL));
	free(load);
	return o;
}

static int put_summary(struct pc_log *log, const struct pc_clock *clock,
		       const struct pc_audit_report *r)
{
	json_t *line = pc_json_line("audit-summary", clock, clock->now_ns), *unseen = json_array();
	unsigned exposed = 0, protect = 0, claims = 0, full = 0, shared = 0, dark = 0;

	for (size_t i = 0; i < r->spaces_count; i++) {
		const struct pc_netns_audit *a = &r->spaces[i];

		dark += a->unseen != NULL;
		exposed += a->exposed;
		claims += a->protected_held;
		protect += a->protect_count;
		shared += a->shared;
		for (size_t j = 0; j < a->entries_count; j++)
			full += a->entries[j].queue_full;
	}
	for (unsigned i = 0; i < r->unseen_count; i++)
		json_array_append_new(unseen, json_string(r->unseen[i]));
	audit_json_set(line, "netns_total", audit_json_count_of(r->spaces_count));
	audit_json_set(line, "netns_unseen", json_integer(dark));
	audit_json_set(line, "exposed", json_integer(exposed));
	audit_json_set(line, "protected_exposed_count", json_integer(protect));
	audit_json_set(line, "claims", json_integer(claims));
	audit_json_set(line, "queues_full", json_integer(full));
	audit_json_set(line, "shared", json_integer(shared));
	audit_json_set(line, "sysctls", audit_json_count_of(r->sysctls->count));
	audit_json_set(line, "unseen", unseen);
	audit_json_set(line, "dropin", dropin_of(r));
	audit_json_set(line, "exit_status", json_integer(r->status));
	return pc_json_write(log, line);
}

int pc_audit_json(struct pc_log *log, const struct pc_clock *clock,
		  const struct pc_audit_report *report)
{
	int err = 0;

	for (size_t i = 0; !err && i < report->spaces_count; i++) {
		const struct pc_netns_audit *a = &report->spaces[i];

		err = audit_json_put_space(log, clock, a);
		for (size_t j = 0; !err && j < a->entries_count; j++)
			err = put_entry(log, clock, a, &a->entries[j]);
	}
	for (size_t i = 0; !err && i < report->sysctls->count; i++)
		err = put_sysctl(log, clock, &report->sysctls->list[i]);
	return err ? err : put_summary(log, clock, report);
}
