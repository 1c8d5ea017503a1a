// SPDX-License-Identifier: GPL-2.0-only
/* Entries in the real systemd-journald, of each kind that tells of a collision: every field is the
 * truth, and no field is there that was not looked at. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "judge/expect.h"
#include "monitor/journald.h"
#include "monitor/logfile.h"
#include "run/cases.h"
#include "stage/space.h"
#include "stage/theft.h"

#define REFUSAL_ID "aceb0672ed0d41eda48c6164aed3fa7c"
#define REPEAT_ID "a98d4a11b1ba4a368eae142d959b2eeb"
#define WARNING_ID "49f9d656c5684f9e8fda978b9d716afd"

/* A port range of this scenario's own: no other process on the machine adds early warnings. */
#define LOW 45000
#define HIGH 45009
#define RANGE "45000 45009"
#define PROTECT "45000-45009"

static void expect_person_fields(struct test *t, json_t *entry, const char *part,
				 const struct person *who)
{
	static const char *const names[] = { "PID", "COMM", "EXE", "CMDLINE", "UID", "RUNNING" };
	/* These fields depend on the place where the tests run. */
	static const char *const places[] = { "CGROUP",		"UNIT",	    "CONTAINER",    "POD",
					      "CONTAINER_NAME", "POD_NAME", "POD_NAMESPACE" };
	char number[2][32], name[64];
	const char *values[] = { number[0], who->comm, who->exe, who->cmdline, number[1], "yes" };

	snprintf(number[0], sizeof(number[0]), "%d", who->pid);
	snprintf(number[1], sizeof(number[1]), "%u", who->uid);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "PORTCLASH_%s_%s", part, names[i]);
		journald_field(t, entry, name, values[i]);
	}
	snprintf(name, sizeof(name), "PORTCLASH_%s_CGROUP", part);
	if (who->cgroup[0])
		journald_field(t, entry, name, who->cgroup);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(name, sizeof(name), "PORTCLASH_%s_%s", part, places[i]);
		json_object_del(entry, name);
	}
}

static void expect_end_field(struct test *t, json_t *entry, const char *name, const struct end *end)
{
	char text[80];

	snprintf(text, sizeof(text), "%s:%u", end->address, end->port);
	journald_field(t, entry, name, text);
}

static void expect_time_field(struct test *t, json_t *entry, const char *name, int64_t after,
			      int64_t before)
{
	struct spot s = spot_of(t, entry);

	expect_time(&s, name, after, before);
	json_object_del(entry, name);
}

static void expect_object(struct test *t, json_t *entry, const struct puppet *who)
{
	journald_number(t, entry, "OBJECT_PID", who->pid);
	journald_field(t, entry, "OBJECT_COMM", who->who.comm);
}

static void expect_call(struct test *t, json_t *entry, const struct theft *o)
{
	journald_field(t, entry, "PORTCLASH_CAUSE", "ephemeral-client");
	journald_field(t, entry, "PORTCLASH_OP", "bind");
	journald_field(t, entry, "PORTCLASH_ADDRESS", "0.0.0.0");
	journald_field(t, entry, "PORTCLASH_ERRNO", "EADDRINUSE");
	journald_number(t, entry, "ERRNO", EADDRINUSE);
	expect_object(t, entry, o->web);
	expect_person_fields(t, entry, "REQUESTER", &o->web->who);
	expect_time_field(t, entry, "PORTCLASH_TIME", o->attempt.before, o->attempt.after);
}

static void expect_port(struct test *t, json_t *entry, const struct theft *o)
{
	journald_field(t, entry, "PORTCLASH_PROTO", "tcp");
	journald_number(t, entry, "PORTCLASH_PORT", o->out.look.local.port);
	journald_number(t, entry, "PORTCLASH_NETNS", (long long)o->web->who.netns);
}

static void expect_range(struct test *t, json_t *entry)
{
	journald_number(t, entry, "PORTCLASH_RANGE_LOW", LOW);
	journald_number(t, entry, "PORTCLASH_RANGE_HIGH", HIGH);
	journald_field(t, entry, "PORTCLASH_RESERVED", "no");
}

static void expect_socket(struct test *t, json_t *entry, const struct theft *o)
{
	expect_person_fields(t, entry, "HOLDER", &o->client->who);
	journald_field(t, entry, "PORTCLASH_HOLDER_STATE", "ESTABLISHED");
	expect_end_field(t, entry, "PORTCLASH_HOLDER_LOCAL", &o->out.look.local);
	expect_end_field(t, entry, "PORTCLASH_HOLDER_REMOTE", &o->out.look.remote);
	journald_number(t, entry, "PORTCLASH_HOLDER_COOKIE", (long long)o->out.look.cookie);
}

static void expect_holder(struct test *t, json_t *entry, const struct theft *o)
{
	char text[64];

	expect_socket(t, entry, o);
	journald_field(t, entry, "PORTCLASH_HOLDER_HOW", "connect");
	expect_time_field(t, entry, "PORTCLASH_HOLDER_SINCE", o->out.before, o->out.after);
	snprintf(text, sizeof(text), "client[%d] as descriptor %d", o->client->pid, o->out.fd);
	journald_field(t, entry, "PORTCLASH_HOLDER_OWNER", text);
	snprintf(text, sizeof(text), "backend[%d]", o->backend->pid);
	journald_field(t, entry, "PORTCLASH_HOLDER_PEER", text);
	journald_field(t, entry, "PORTCLASH_HOLDERS_TOTAL", "1");
}

static void expect_entry_advice(struct test *t, json_t *entry, const struct theft *o)
{
	char command[80];

	journald_part(t, entry, "PORTCLASH_EXPLANATION", "not by a listener");
	snprintf(command, sizeof(command), "\nkill %d", o->client->pid);
	journald_among(t, entry, "PORTCLASH_FIX_NOW", command);
	snprintf(command, sizeof(command), "portclash reserve %u", o->out.look.local.port);
	journald_among(t, entry, "PORTCLASH_FIX_LASTING", command);
}

static void expect_frame(struct test *t, json_t *entry, const struct monitor *m, const char *type,
			 const char *id, const char *priority)
{
	journald_field(t, entry, "PORTCLASH_TYPE", type);
	journald_field(t, entry, "MESSAGE_ID", id);
	journald_field(t, entry, "PRIORITY", priority);
	journald_field(t, entry, "SYSLOG_IDENTIFIER", "portclash");
	journald_field(t, entry, "SYSLOG_FACILITY", "3");
	journald_field(t, entry, "DOCUMENTATION", "man:portclash(8)");
	journald_field(t, entry, "_TRANSPORT", "journal");
	journald_number(t, entry, "_PID", m->pid);
}

static void expect_no_more(struct test *t, json_t *entry)
{
	const char *name;
	json_t *value;

	json_object_foreach(entry, name, value) if (!strncmp(name, "PORTCLASH_", 10))
		test_fail(t, "expected no more fields, got %s", name);
}

/* Installs a catalog that has portclash's entries only. */
static void install_catalog(struct test *t)
{
	static const char *const commands[] = {
		"mount -t tmpfs none /usr/lib/systemd/catalog",
		"mkdir -p /var/lib/systemd",
		"mount -t tmpfs none /var/lib/systemd",
		"cp packaging/systemd/portclash.catalog /usr/lib/systemd/catalog",
		"journalctl --update-catalog",
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (system(commands[i]))
			test_abort(t, "stage: the catalog cannot be installed: %s", commands[i]);
}

static void expect_catalog(struct test *t, const struct theft *o)
{
	char *text = journald_command(t, "journalctl -q -x --no-pager PORTCLASH_TYPE=refusal");
	char subject[80];

	snprintf(subject, sizeof(subject), "Subject: tcp port %u was refused: ephemeral-client\n",
		 o->out.look.local.port);
	if (!strstr(text, subject))
		test_fail(t, "expected \"%s\", got \"%s\"", subject, text);
	free(text);
}

/* Finds the same event in the log, which has the same id; returns the id. */
static const char *expect_id(struct test *t, json_t *entry, const char *log)
{
	static char id[64];
	char part[96];

	snprintf(id, sizeof(id), "%s",
		 json_string_value(json_object_get(entry, "PORTCLASH_ID")) ?: "(none)");
	snprintf(part, sizeof(part), "\"id\":\"%s\",", id);
	logfile_expect(t, log, part);
	json_object_del(entry, "PORTCLASH_ID");
	return id;
}

/* Returns the only entry about the theft with this field. */
static json_t *entry_of(struct test *t, const struct monitor *m, const struct theft *o,
			const char *field, const char *type, const char *id)
{
	char words[128];
	json_t *entry;

	snprintf(words, sizeof(words), "%s PORTCLASH_HOLDER_PID=%d", field, o->client->pid);
	entry = journald_only(t, words);
	expect_frame(t, entry, m, type, id, "3");
	expect_call(t, entry, o);
	expect_port(t, entry, o);
	return entry;
}

static const char *check_refusal_entry(struct test *t, const struct monitor *m,
				       const struct theft *o, const char *log)
{
	json_t *entry =
		entry_of(t, m, o, "PORTCLASH_CAUSE=ephemeral-client", "refusal", REFUSAL_ID);
	char words[80];
	const char *id;

	expect_range(t, entry);
	expect_holder(t, entry, o);
	expect_entry_advice(t, entry, o);
	id = expect_id(t, entry, log);
	snprintf(words, sizeof(words), "held by      client[%d]", o->client->pid);
	journald_part(t, entry, "MESSAGE", words);
	expect_no_more(t, entry);
	return id;
}

static void check_repeat(struct test *t, const struct monitor *m, const struct theft *o,
			 const struct attempt *first, const char *id)
{
	json_t *entry = entry_of(t, m, o, "PORTCLASH_TYPE=repeat", "repeat", REPEAT_ID);

	expect_socket(t, entry, o);
	journald_field(t, entry, "PORTCLASH_REPEAT_OF", id);
	journald_field(t, entry, "PORTCLASH_REPEAT_WHY", "goes-on");
	journald_field(t, entry, "PORTCLASH_REPEAT_COUNT", "1");
	journald_field(t, entry, "PORTCLASH_REPEAT_TOTAL", "2");
	journald_field(t, entry, "PORTCLASH_REPEAT_PROCESSES", "1");
	journald_number(t, entry, "PORTCLASH_REPEAT_FIRST_PID", o->web->pid);
	expect_time_field(t, entry, "PORTCLASH_REPEAT_FIRST_TIME", first->before, first->after);
	journald_part(t, entry, "MESSAGE", "refused again: EADDRINUSE");
	expect_no_more(t, entry);
}

static void check_warning(struct test *t, const struct monitor *m, const struct theft *o)
{
	char words[80];
	json_t *entry;

	snprintf(words, sizeof(words), "PORTCLASH_TYPE=warning PORTCLASH_CLIENT_PID=%d",
		 o->client->pid);
	entry = journald_only(t, words);
	expect_frame(t, entry, m, "warning", WARNING_ID, "4");
	expect_object(t, entry, o->client);
	expect_port(t, entry, o);
	expect_range(t, entry);
	expect_person_fields(t, entry, "CLIENT", &o->client->who);
	expect_time_field(t, entry, "PORTCLASH_TIME", o->out.before, o->out.after);
	journald_field(t, entry, "PORTCLASH_HOW", "connect");
	journald_field(t, entry, "PORTCLASH_PROTECTED", "yes");
	journald_field(t, entry, "PORTCLASH_SUPPRESSED", "0");
	expect_end_field(t, entry, "PORTCLASH_REMOTE", &o->out.look.remote);
	journald_part(t, entry, "PORTCLASH_EXPLANATION", "client");
	json_object_del(entry, "PORTCLASH_FIX_NOW");
	snprintf(words, sizeof(words), "portclash reserve %u", o->out.look.local.port);
	journald_among(t, entry, "PORTCLASH_FIX_LASTING", words);
	journald_part(t, entry, "MESSAGE", "went to a client");
	expect_no_more(t, entry);
}

static void scenario_journal_fields(struct test *t)
{
	char log[128];
	const char *argv[] = { "agent", "--journal", "on",    "--repeat-interval", "1", "--log",
			       log,	"--protect", PROTECT, "--enter-netns=yes", NULL };
	struct attempt first;
	struct monitor *m;
	struct theft o;
	const char *id;

	if (space_set("ipv4/ip_local_port_range", RANGE))
		test_abort(t, "stage: the range cannot be set");
	journald_enter(t);
	install_catalog(t);
	journald_start(t);
	o = theft_cast(t);
	theft_listen(&o, 0);
	test_path(t, "agent.log", log, sizeof(log));
	m = logfile_agent(t, argv, log);
	theft_connect(&o, 0);
	theft_refuse(&o);
	id = check_refusal_entry(t, m, &o, log);
	expect_catalog(t, &o);
	check_warning(t, m, &o);
	first = o.attempt;
	theft_refuse(&o);
	check_repeat(t, m, &o, &first, id);
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0, got %#x as exit status", m->status);
	journald_only(t, "PORTCLASH_TYPE=ready");
	journald_only(t, "PORTCLASH_TYPE=summary");
}

const struct scenario cases_output_journal_fields[] = {
	{ .name = "journal-fields",
	  .run = scenario_journal_fields,
	  .where = NATIVE,
	  .watch = WATCH_OWN },
	{ 0 },
};
