// SPDX-License-Identifier: GPL-2.0-only
/* Events of the guard. Names come from other processes and are escaped. */
#include "out/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "core/base/ports.h"
#include "out/guard_private.h"
#include "out/journal_fields.h"
#include "out/text_parts.h"

static const char *const limits[PC_GUARD_ANSWER_COUNT] = {
	[PC_GUARD_OVER_SHARE] = "the guard already keeps the configured share of the range",
	[PC_GUARD_OVER_USER] =
		"a user may have at most an eighth of the share, and all processes outside system units a half",
	[PC_GUARD_OVER_TABLE] = "the table of guarded ports is full",
	[PC_GUARD_OVER_NETNS] = "the guard already keeps too many network namespaces",
};

/* "port 8080", "ports 8080,9000-9010". */
static void guard_put_ports(FILE *out, const uint64_t *ports)
{
	char *list = ports ? pc_ports_format(ports) : NULL;

	if (list)
		fprintf(out, "port%s %s", pc_ports_count(ports, 0, PC_PORTS - 1) == 1 ? "" : "s",
			list);
	free(list);
}

/* "nginx.service (nginx)", "uid 1000 (python3)". */
static void guard_put_who(FILE *out, const struct pc_guard_who *who)
{
	if (who->name[0])
		pc_put_string(out, who->name);
	else
		fprintf(out, "uid %u", who->uid);
	if (!who->comm[0])
		return;
	fputs(" (", out);
	pc_put_text(out, who->comm, strnlen(who->comm, sizeof(who->comm)));
	fputc(')', out);
}

static void guard_put_restored(FILE *out, const struct pc_guard_told *t)
{
	guard_put_ports(out, t->ports);
	fprintf(out,
		" stay%s reserved: ", pc_ports_count(t->ports, 0, PC_PORTS - 1) == 1 ? "s" : "");
	if (t->who) {
		fputs("process ", out);
		pc_put_text(out, t->who->comm, strnlen(t->who->comm, sizeof(t->who->comm)));
		fprintf(out, "[%u] of uid %u wrote net.ipv4.ip_local_reserved_ports without them",
			t->pid, t->who->uid);
	} else {
		fputs("another program removed them from net.ipv4.ip_local_reserved_ports", out);
	}
}

void pc_put_guard(FILE *out, const struct pc_guard_told *t, bool dry)
{
	switch (t->deed) {
	case PC_GUARD_RESERVED:
		guard_put_ports(out, t->ports);
		fprintf(out, " %s for ", dry ? "would be reserved" : "is reserved");
		if (t->who && (t->who->name[0] || t->who->comm[0]))
			guard_put_who(out, t->who);
		else
			fputs("an unknown server, or --protect", out);
		break;
	case PC_GUARD_RELEASED:
		guard_put_ports(out, t->ports);
		fputs(" no longer reserved: its server did not come back or moved, or the range changed",
		      out);
		break;
	case PC_GUARD_RESTORED:
		guard_put_restored(out, t);
		break;
	case PC_GUARD_REFUSED:
		guard_put_ports(out, t->ports);
		fputs(" not guarded", out);
		if (t->who) {
			fputs(" for ", out);
			guard_put_who(out, t->who);
		}
		fprintf(out, ": %s (share: %u ports)", limits[t->answer], t->share);
		break;
	default:
		pc_put_string(out, t->sentence ? t->sentence : "");
	}
	if (t->netns)
		fprintf(out, " [netns %u]", t->netns);
}

int pc_guard_text(struct pc_log *log, const struct pc_clock *clock, const struct pc_guard_told *t,
		  bool dry)
{
	char time[PC_TIME_TEXT];
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	fprintf(text.out, "%s ", pc_time_text(clock, clock->now_ns, time));
	pc_put_guard(text.out, t, dry);
	return pc_text_finish(log, &text);
}

static json_t *guard_ports_json(const uint64_t *ports)
{
	json_t *list = json_array();

	for (unsigned port = 0; ports && port < PC_PORTS; port++)
		if (pc_ports_has(ports, (uint16_t)port))
			json_array_append_new(list, json_integer(port));
	return list;
}

json_t *pc_guard_who_json(const struct pc_guard_who *who)
{
	json_t *o = json_object();

	json_object_set_new(o, "uid", json_integer(who->uid));
	json_object_set_new(o, "comm", pc_json_comm(who->comm));
	json_object_set_new(o, "unit", who->system_unit ? pc_json_string(who->name) : json_null());
	json_object_set_new(o, "container",
			    who->is_container ? pc_json_string(who->name) : json_null());
	return o;
}

int pc_guard_json(struct pc_log *log, const struct pc_clock *clock, const struct pc_guard_told *t,
		  bool dry)
{
	json_t *o = pc_json_line("guard", clock, clock->now_ns);

	json_object_set_new(o, "deed", json_string(pc_guard_deed_name(t->deed)));
	json_object_set_new(o, "dry_run", json_boolean(dry));
	json_object_set_new(o, "netns", t->netns ? json_integer(t->netns) : json_null());
	json_object_set_new(o, "ports", guard_ports_json(t->ports));
	json_object_set_new(o, "process", t->who ? pc_guard_who_json(t->who) : json_null());
	json_object_set_new(o, "pid", t->pid ? json_integer(t->pid) : json_null());
	json_object_set_new(o, "limit",
			    t->deed == PC_GUARD_REFUSED ?
				    json_string(pc_guard_answer_name(t->answer)) :
				    json_null());
	json_object_set_new(o, "share",
			    t->deed == PC_GUARD_REFUSED ? json_integer(t->share) : json_null());
	json_object_set_new(o, "error", t->sentence ? pc_json_string(t->sentence) : json_null());
	return pc_json_write(log, o);
}

static int guard_priority(const struct pc_guard_told *t)
{
	switch (t->deed) {
	case PC_GUARD_FAILED:
		return LOG_ERR;
	case PC_GUARD_REFUSED:
		return LOG_WARNING;
	case PC_GUARD_RESTORED:
		return LOG_NOTICE;
	default:
		return LOG_INFO;
	}
}

/* The fields are those of portclash's other entries. */
static void guard_put_fields(FILE *out, const struct pc_guard_told *t, const char *message,
			     size_t len)
{
	char type[32], *list = t->ports ? pc_ports_format(t->ports) : NULL;

	snprintf(type, sizeof(type), "guard-%s", pc_guard_deed_name(t->deed));
	fprintf(out,
		"MESSAGE_ID=" PC_JOURNAL_GUARD_ID
		"\nPRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=portclash\n"
		"DOCUMENTATION=man:portclash-guard(8)\n",
		guard_priority(t), LOG_FAC(LOG_DAEMON));
	pc_field_put(out, PC_FIELD_TYPE, type);
	if (t->netns)
		pc_field_number(out, PC_FIELD_NETNS, t->netns);
	pc_field_put(out, PC_FIELD_PORT, list);
	pc_journal_field(out, "MESSAGE", message, len);
	free(list);
}

int pc_guard_journal(struct pc_journal *journal, const struct pc_guard_told *t)
{
	struct pc_text message, fields;
	char *sentence, *entry;
	int err = -ENOMEM;

	if (pc_text_open(&message))
		return -ENOMEM;
	pc_put_guard(message.out, t, false);
	sentence = pc_text_close(&message);
	if (!sentence || pc_text_open(&fields)) {
		free(sentence);
		return -ENOMEM;
	}
	guard_put_fields(fields.out, t, sentence, message.len);
	entry = pc_text_close(&fields);
	if (entry)
		err = pc_journal_send(journal, entry, fields.len);
	free(entry);
	free(sentence);
	return err;
}
