// SPDX-License-Identifier: GPL-2.0-only
/* An audit for people: what hurts first, then the settings and the use, the fix last. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/names.h"
#include "core/base/ports.h"
#include "core/base/text.h"
#include "out/audit.h"
#include "out/text_parts.h"

/* Lines of one kind for one namespace; the JSON has them all. */
#define SHOWN 20

static void audit_text_put_owner(FILE *out, const struct pc_audit_entry *e)
{
	if (!e->owners_count) {
		fprintf(out, "   (%s)", e->process_note ? e->process_note : "process not known");
		return;
	}
	fputs("   ", out);
	pc_put_party(out, &e->owners[0]);
	if (e->owners_count > 1)
		fprintf(out, " and %u more process%s", e->owners_count - 1,
			e->owners_count == 2 ? "" : "es");
}

static void audit_text_put_socket(FILE *out, const struct pc_audit_entry *e)
{
	const struct pc_socket *s = &e->s.socket;
	char text[PC_ENDPOINT_TEXT];

	fprintf(out, "%s %s", pc_proto_name(s->proto),
		pc_endpoint_text(s->family, s->local, s->lport, text));
	if (s->rport)
		fprintf(out, " → %s %s", pc_endpoint_text(s->family, s->remote, s->rport, text),
			pc_state_name(pc_socket_state(s)));
}

static void put_percent(FILE *out, double share)
{
	if (share > 0 && share < 0.0001)
		fputs("0.01 %", out); /* rounded up: it is not nothing */
	else
		fprintf(out, "%.*f %%", share && share < 0.01 ? 2 : 1, share * 100);
}

static void put_exposed(FILE *out, const struct pc_audit_entry *e)
{
	audit_text_put_socket(out, e);
	audit_text_put_owner(out, e);
	fprintf(out, PC_TEXT_ROW "    ", "");
	if (!e->chance.taken) {
		fprintf(out, "clients hold none of %u such ports now; a busier hour may differ",
			e->chance.of);
		return;
	}
	fputs("chance that a restart finds it taken: up to ", out);
	put_percent(out, pc_chance_value(e->chance));
	fprintf(out, " (clients hold %u of %u such ports)", e->chance.taken, e->chance.of);
}

static void put_claim(FILE *out, const struct pc_audit_entry *e)
{
	audit_text_put_socket(out, e);
	audit_text_put_owner(out, e);
	fputs("   holds a protected port now", out);
}

static void put_queue(FILE *out, const struct pc_audit_entry *e)
{
	audit_text_put_socket(out, e);
	audit_text_put_owner(out, e);
	fprintf(out, "   %u connections wait, its backlog is %u%s: the next are dropped",
		e->s.waiting, e->s.backlog,
		e->backlog_cut ? ", which net.core.somaxconn does not let be more" : "");
}

static void put_shared(FILE *out, const struct pc_audit_entry *e)
{
	audit_text_put_socket(out, e);
	audit_text_put_owner(out, e);
	fprintf(out,
		PC_TEXT_ROW
		"    %s%u programs share it (SO_REUSEPORT): each gets a part of the %s, without an error",
		"", e->families_cut ? "at least " : "", e->families,
		e->s.socket.proto == PC_PROTO_UDP ? "datagrams" : "connections");
}

static bool is_shared_by_strangers(const struct pc_audit_entry *e)
{
	return e->families > 1;
}

static bool is_claim(const struct pc_audit_entry *e)
{
	return e->holds_protected;
}

static bool is_exposed(const struct pc_audit_entry *e)
{
	return e->exposed;
}

static bool is_full(const struct pc_audit_entry *e)
{
	return e->queue_full;
}

static void put_entries(FILE *out, const struct pc_netns_audit *a, const char *label,
			bool (*belongs)(const struct pc_audit_entry *),
			void (*put)(FILE *, const struct pc_audit_entry *))
{
	unsigned count = 0;

	for (size_t i = 0; i < a->entries_count; i++) {
		if (!belongs(&a->entries[i]) || count++ >= SHOWN)
			continue;
		fprintf(out, PC_TEXT_ROW, count == 1 ? label : "");
		put(out, &a->entries[i]);
	}
	if (count > SHOWN)
		fprintf(out, PC_TEXT_ROW "… and %u more (--json has them all)", "", count - SHOWN);
}

static void put_list(FILE *out, const uint64_t *ports)
{
	char *list = pc_ports_format(ports);

	fputs(!list ? "?" : *list ? list : "none", out);
	free(list);
}

static void audit_text_put_settings(FILE *out, const struct pc_netns_audit *a)
{
	const struct pc_netns_settings *s = &a->settings;

	fprintf(out, PC_TEXT_ROW, "range");
	if (!s->known) {
		fputs("could not be read; nothing is said about exposure here", out);
		return;
	}
	fprintf(out, "%u–%u, %u ports offered; reserved: ", s->low, s->high, a->offered);
	put_list(out, s->reserved);
}

static void audit_text_put_use(FILE *out, const struct pc_netns_audit *a)
{
	const char *comma = " (ports: ";

	fprintf(out, PC_TEXT_ROW "tcp %u of the ports offered, ", "in use", a->tcp_in_range);
	put_percent(out, a->offered ? (double)a->tcp_in_range / a->offered : 0);
	fprintf(out, "; udp %u, ", a->udp_in_range);
	put_percent(out, a->offered ? (double)a->udp_in_range / a->offered : 0);
	for (int i = PC_STATE_INVALID + 1; i < PC_STATE_COUNT; i++) {
		if (!a->tcp_ports[i])
			continue;
		fprintf(out, "%s%s %u", comma, pc_state_name(i), a->tcp_ports[i]);
		comma = ", ";
	}
	fprintf(out, "%sUDP %u)", comma, a->udp_ports);
}

static void put_destinations(FILE *out, const struct pc_netns_audit *a)
{
	for (unsigned i = 0; i < a->destinations.count && i < 3; i++) {
		const struct pc_destination *d = &a->destinations.list[i];
		const struct pc_socket *s = &d->socket;
		char remote[PC_ENDPOINT_TEXT], local[PC_ADDRESS_TEXT];

		fprintf(out, PC_TEXT_ROW "%s from %s: %u port%s, ", i ? "" : "busiest",
			pc_endpoint_text(s->family, s->remote, s->rport, remote),
			pc_address_text(s->family, s->local, local), d->ports,
			d->ports == 1 ? "" : "s");
		put_percent(out, a->offered ? (double)d->ports / a->offered : 0);
		fputs(" of what one destination can have", out);
	}
}

/* Puts in one line what is no trouble in itself. */
static void put_counts(FILE *out, const struct pc_netns_audit *a)
{
	unsigned chosen = 0, cut = 0;

	for (size_t i = 0; i < a->entries_count; i++) {
		chosen += a->entries[i].listens && a->entries[i].s.kernel_chose;
		cut += a->entries[i].backlog_cut;
	}
	if (chosen)
		fprintf(out,
			PC_TEXT_ROW
			"%u listen%s on a port that the kernel chose: not exposed, a restart gets another one",
			"also", chosen, chosen == 1 ? "s" : "");
	if (cut)
		fprintf(out,
			PC_TEXT_ROW
			"%u listener%s asked for a backlog of net.core.somaxconn (%u) or more",
			chosen ? "" : "also", cut, cut == 1 ? "" : "s", a->settings.somaxconn);
	if (a->settings.listen_overflows)
		fprintf(out,
			PC_TEXT_ROW "%lu connections were dropped so far because of full queues",
			"", (unsigned long)a->settings.listen_overflows);
}

static void put_name(FILE *out, const struct pc_netns_audit *a)
{
	const struct pc_party p = { .who = a->who };

	fprintf(out, "network namespace %u", a->inode);
	if (a->own)
		fputs(" (portclash's own)", out);
	if (a->path) {
		fputc(' ', out);
		pc_put_string(out, a->path);
	}
	if (!a->own && a->who) {
		fputs(" of ", out);
		pc_put_party(out, &p);
	}
}

static void audit_text_put_space(FILE *out, const struct pc_netns_audit *a)
{
	char *command;

	put_name(out, a);
	if (a->unseen) {
		fprintf(out, ": not looked at: %s\n", a->unseen);
		return;
	}
	put_entries(out, a, "claimed", is_claim, put_claim);
	put_entries(out, a, "shared", is_shared_by_strangers, put_shared);
	put_entries(out, a, "exposed", is_exposed, put_exposed);
	if (a->protect_count) {
		fprintf(out, PC_TEXT_ROW "%u protected port%s in the range: ", "unguarded",
			a->protect_count, a->protect_count == 1 ? "" : "s");
		put_list(out, a->protect);
	}
	put_entries(out, a, "queue full", is_full, put_queue);
	audit_text_put_settings(out, a);
	if (a->settings.known) {
		audit_text_put_use(out, a);
		put_destinations(out, a);
	}
	put_counts(out, a);
	if (!a->own && pc_audit_exposed(a) && !a->too_many && (command = pc_audit_command(a))) {
		fprintf(out, PC_TEXT_ROW, "fix");
		pc_put_string(out, command);
		fprintf(out,
			PC_TEXT_ROW "and give the container or pod the same sysctl when it is made",
			"");
		free(command);
	}
	fputc('\n', out);
}

/* Protected ports are mostly meant for one namespace; the others have a line together. */
static bool is_quiet(const struct pc_audit_report *r, const struct pc_netns_audit *a)
{
	bool quiet = r->spaces_count > 1 && !a->own && !a->unseen && !a->exposed &&
		     !a->protected_held && !a->shared;

	for (size_t i = 0; i < a->entries_count; i++)
		quiet = quiet && !a->entries[i].queue_full;
	return quiet;
}

static void put_quiet(FILE *out, unsigned quiet, unsigned unguarded)
{
	if (quiet - unguarded)
		fprintf(out, "%u other network namespace%s: nothing exposed\n", quiet - unguarded,
			quiet - unguarded == 1 ? "" : "s");
	if (unguarded)
		fprintf(out,
			"%u other network namespace%s: protected ports are in the range there, too; --netns self leaves %s out, --json tells of each\n",
			unguarded, unguarded == 1 ? "" : "s", unguarded == 1 ? "it" : "them");
	if (quiet)
		fputc('\n', out);
}

static void put_sysctls(FILE *out, const struct pc_sysctl_findings *findings)
{
	if (findings->count)
		fputs("settings", out);
	for (size_t i = 0; i < findings->count; i++) {
		const struct pc_sysctl_finding *f = &findings->list[i];

		fprintf(out, "\n  %s", f->key);
		if (*f->value) {
			fputs(" = ", out);
			pc_put_string(out, f->value);
		}
		if (f->file) {
			fputs(" in ", out);
			pc_put_string(out, f->file);
			fprintf(out, ":%u", f->line);
		}
		fprintf(out, "   %s\n    %s", pc_sysctl_kind_name(f->kind), f->text);
	}
	if (findings->count)
		fputs("\n\n", out);
}

static void put_load(FILE *out, const struct pc_audit_report *r)
{
	char *command = pc_audit_load_command(r);

	fputs("\nwritten to ", out);
	pc_put_string(out, r->written);
	fputs("; load it with\n  ", out);
	pc_put_string(out, command ? command : "sysctl -p");
	if (strlen(r->reserve) > PC_RESERVED_AT_ONCE)
		fputs("\nThe list is long: sysctl(8) would load its first 4 KiB only; systemd-sysctl, at boot, loads all.",
		      out);
	free(command);
}

static void put_reserve(FILE *out, const struct pc_netns_audit *a)
{
	char *command = pc_audit_exposed(a) ? pc_audit_command(a) : NULL;

	if (!command)
		return;
	fputs("This guards this network namespace (it adds to what is reserved, and frees no port now):\n\n  ",
	      out);
	pc_put_string(out, command);
	fputs("\n\n", out);
	free(command);
}

static void put_fix(FILE *out, const struct pc_audit_report *r)
{
	if (!r->spaces_count || !r->spaces[0].own || r->spaces[0].unseen)
		return;
	if (!r->reserve) {
		fputs(pc_audit_exposed(&r->spaces[0]) ?
			      PC_AUDIT_TOO_MANY :
			      "Nothing to reserve in this network namespace.",
		      out);
		return;
	}
	put_reserve(out, &r->spaces[0]);
	fputs("As a file in /etc/sysctl.d (it replaces the whole list: what is reserved today is in it):\n\n",
	      out);
	fputs(r->dropin, out);
	if (r->written)
		put_load(out, r);
	if (r->rival) {
		fputs("\nBut ", out);
		pc_put_string(out, r->rival->file);
		fprintf(out, ":%u sets the list too, and is read later: remove that line.",
			r->rival->line);
	}
}

static void put_all(FILE *out, const struct pc_audit_report *r)
{
	unsigned quiet = 0, unguarded = 0;

	for (size_t i = 0; i < r->spaces_count; i++) {
		quiet += is_quiet(r, &r->spaces[i]);
		unguarded += is_quiet(r, &r->spaces[i]) && r->spaces[i].protect_count;
		if (is_quiet(r, &r->spaces[i]))
			continue;
		audit_text_put_space(out, &r->spaces[i]);
		fputc('\n', out);
	}
	put_quiet(out, quiet, unguarded);
	put_sysctls(out, r->sysctls);
	for (unsigned i = 0; i < r->unseen_count; i++)
		fprintf(out, "%s%s%s", i ? "            " : "not seen    ", r->unseen[i],
			i + 1 == r->unseen_count ? "\n\n" : "\n");
	put_fix(out, r);
}

int pc_audit_text(struct pc_log *log, const struct pc_clock *clock,
		  const struct pc_audit_report *report)
{
	struct pc_text text;
	char *string;
	int err;

	(void)clock;
	if (pc_text_open(&text))
		return -ENOMEM;
	put_all(text.out, report);
	string = pc_text_close(&text);
	if (!string)
		return -ENOMEM;
	while (text.len && string[text.len - 1] == '\n')
		text.len--;
	err = pc_text_write(log, string, text.len);
	free(string);
	return err;
}
