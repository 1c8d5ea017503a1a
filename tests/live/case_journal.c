// SPDX-License-Identifier: GPL-2.0-only
/* `portclash agent` and the real systemd-journald: an entry whose every field is the truth, what
 * happens under systemd by itself, and a journald that goes away and comes back. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "group.h"
#include "journald.h"
#include "logfile.h"
#include "verdict.h"

#define REFUSAL_ID "aceb0672ed0d41eda48c6164aed3fa7c"

static const char unit_path[] = "/" GROUP_ROOT "/orders.service";

struct cast {
	struct puppet *server;
	struct puppet *client;
	struct puppet *web;
	struct prop listener;
	struct prop out;
	struct attempt attempt;
	char log[128];
};

static struct cast cast_of(struct test *t)
{
	struct cast c = { .server = puppet_start(t, "server"),
			  .client = puppet_start(t, "client"),
			  .web = puppet_start(t, "web") };

	c.listener = stage_listener(c.server, 0, "127.0.0.1", SERVER_PORT);
	test_path(t, "agent.log", c.log, sizeof(c.log));
	return c;
}

static void steal(struct cast *c)
{
	c->out = stage_client(c->client, 0, "127.0.0.1", SERVER_PORT);
	stage_accepted(&c->listener, c->server);
}

static void refuse(struct cast *c)
{
	c->attempt = stage_refused(c->web, 0, "0.0.0.0", c->out.look.local.port, EADDRINUSE);
}

static void expect_person_fields(struct test *t, json_t *entry, const char *part,
				 const struct person *who)
{
	static const char *const names[] = { "PID", "COMM", "EXE", "CMDLINE", "UID", "RUNNING" };
	/* Those of whoever runs the tests: scenario journal-unit has its own. */
	static const char *const places[] = { "CGROUP", "UNIT", "CONTAINER", "POD" };
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

static void expect_call(struct test *t, json_t *entry, const struct cast *c)
{
	struct spot s = spot_of(t, entry);

	journald_field(t, entry, "PORTCLASH_TYPE", "refusal");
	journald_field(t, entry, "PORTCLASH_CAUSE", "ephemeral-client");
	journald_field(t, entry, "PORTCLASH_PROTO", "tcp");
	journald_field(t, entry, "PORTCLASH_OP", "bind");
	journald_field(t, entry, "PORTCLASH_ADDRESS", "0.0.0.0");
	journald_number(t, entry, "PORTCLASH_PORT", c->out.look.local.port);
	journald_number(t, entry, "PORTCLASH_NETNS", (long long)c->web->who.netns);
	journald_field(t, entry, "PORTCLASH_ERRNO", "EADDRINUSE");
	journald_number(t, entry, "ERRNO", EADDRINUSE);
	journald_number(t, entry, "OBJECT_PID", c->web->pid);
	journald_field(t, entry, "OBJECT_COMM", "web");
	journald_field(t, entry, "PORTCLASH_RANGE_LOW", "32768");
	journald_field(t, entry, "PORTCLASH_RANGE_HIGH", "60999");
	journald_field(t, entry, "PORTCLASH_RESERVED", "no");
	expect_time(&s, "PORTCLASH_TIME", c->attempt.before, c->attempt.after);
	json_object_del(entry, "PORTCLASH_TIME");
	expect_person_fields(t, entry, "REQUESTER", &c->web->who);
}

static void expect_holder(struct test *t, json_t *entry, const struct cast *c)
{
	struct spot s = spot_of(t, entry);
	char owner[64];

	expect_person_fields(t, entry, "HOLDER", &c->client->who);
	journald_field(t, entry, "PORTCLASH_HOLDER_STATE", "ESTABLISHED");
	journald_field(t, entry, "PORTCLASH_HOLDER_HOW", "connect");
	expect_end_field(t, entry, "PORTCLASH_HOLDER_LOCAL", &c->out.look.local);
	expect_end_field(t, entry, "PORTCLASH_HOLDER_REMOTE", &c->out.look.remote);
	journald_number(t, entry, "PORTCLASH_HOLDER_COOKIE", (long long)c->out.look.cookie);
	expect_time(&s, "PORTCLASH_HOLDER_SINCE", c->out.before, c->out.after);
	json_object_del(entry, "PORTCLASH_HOLDER_SINCE");
	snprintf(owner, sizeof(owner), "client[%d] as descriptor %d", c->client->pid, c->out.fd);
	journald_field(t, entry, "PORTCLASH_HOLDER_OWNER", owner);
	snprintf(owner, sizeof(owner), "server[%d]", c->server->pid);
	journald_field(t, entry, "PORTCLASH_HOLDER_PEER", owner);
	journald_field(t, entry, "PORTCLASH_HOLDERS_TOTAL", "1");
}

static void expect_advice(struct test *t, json_t *entry, const struct cast *c)
{
	char command[80];

	journald_part(t, entry, "PORTCLASH_EXPLANATION", "not by a listener");
	snprintf(command, sizeof(command), "\nkill %d", c->client->pid);
	journald_part(t, entry, "PORTCLASH_FIX_NOW", command);
	snprintf(command, sizeof(command), "ip_local_reserved_ports=%u", c->out.look.local.port);
	journald_among(t, entry, "PORTCLASH_FIX_LASTING", command);
}

static void expect_frame(struct test *t, json_t *entry, const struct monitor *m)
{
	journald_field(t, entry, "MESSAGE_ID", REFUSAL_ID);
	journald_field(t, entry, "PRIORITY", "3");
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

/* The same event in the log has the same id. */
static void expect_id(struct test *t, json_t *entry, const struct cast *c)
{
	const char *id = json_string_value(json_object_get(entry, "PORTCLASH_ID"));
	char part[96];

	snprintf(part, sizeof(part), "\"type\":\"refusal\",\"time\":");
	logfile_expect(t, c->log, part);
	snprintf(part, sizeof(part), "\"id\":\"%s\",", id ? id : "(none)");
	logfile_expect(t, c->log, part);
	json_object_del(entry, "PORTCLASH_ID");
}

static struct monitor *agent(struct test *t, const struct cast *c)
{
	const char *argv[] = { "agent", "--journal", "on",   "--repeat-interval",
			       "0",	"--log",     c->log, NULL };

	return logfile_agent(t, argv, c->log);
}

static void end_well(struct test *t, struct monitor *m)
{
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0, got %#x as exit status", m->status);
}

/* No catalog but ours. */
static void install_catalog(struct test *t)
{
	if (system("mount -t tmpfs none /usr/lib/systemd/catalog && mkdir -p /var/lib/systemd && "
		   "mount -t tmpfs none /var/lib/systemd && "
		   "cp packaging/systemd/portclash.catalog /usr/lib/systemd/catalog && "
		   "journalctl --update-catalog"))
		test_abort(t, "stage: the catalog cannot be installed");
}

static void expect_catalog(struct test *t, const struct cast *c)
{
	char *text = journald_command(t, "journalctl -q -x --no-pager PORTCLASH_TYPE=refusal");
	char subject[80];

	snprintf(subject, sizeof(subject), "Subject: tcp port %u was refused: ephemeral-client\n",
		 c->out.look.local.port);
	if (!strstr(text, subject))
		test_fail(t, "expected \"%s\", got \"%s\"", subject, text);
	free(text);
}

static void every_field(struct test *t)
{
	struct monitor *m;
	struct cast c;
	json_t *entry;
	char words[128];

	journald_enter(t);
	install_catalog(t);
	journald_start(t);
	c = cast_of(t);
	m = agent(t, &c);
	steal(&c);
	refuse(&c);
	snprintf(words, sizeof(words), "PORTCLASH_CAUSE=ephemeral-client PORTCLASH_HOLDER_PID=%d",
		 c.client->pid);
	entry = journald_only(t, words);
	expect_call(t, entry, &c);
	expect_holder(t, entry, &c);
	expect_advice(t, entry, &c);
	expect_frame(t, entry, m);
	expect_id(t, entry, &c);
	snprintf(words, sizeof(words), "held by     client[%d]", c.client->pid);
	journald_part(t, entry, "MESSAGE", words);
	expect_no_more(t, entry);
	expect_catalog(t, &c);
	end_well(t, m);
	journald_only(t, "PORTCLASH_TYPE=ready");
	journald_only(t, "PORTCLASH_TYPE=summary");
}

/* The log of the refused service itself has it, though the service is gone. */
static void service_log(struct test *t)
{
	struct monitor *m;
	struct cast c;
	json_t *entry;

	journald_enter(t);
	journald_start(t);
	c = cast_of(t);
	group_move(t, unit_path, c.web);
	m = agent(t, &c);
	steal(&c);
	refuse(&c);
	entry = journald_only(t, "-u orders.service PORTCLASH_TYPE=refusal");
	journald_field(t, entry, "OBJECT_SYSTEMD_UNIT", "orders.service");
	journald_field(t, entry, "PORTCLASH_REQUESTER_UNIT", "orders.service");
	journald_number(t, entry, "OBJECT_PID", c.web->pid);
	end_well(t, m);
	puppet_exit(c.web);
	group_remove(unit_path);
}

static size_t count(struct test *t, const char *arguments, size_t least)
{
	json_t *list = journald_find(t, arguments, least);
	size_t n = json_array_size(list);

	json_decref(list);
	return n;
}

static void expect_count(struct test *t, const char *arguments, size_t want)
{
	size_t have = count(t, arguments, want);

	if (have != want)
		test_fail(t, "expected %zu, got %zu entries for %s", want, have, arguments);
}

/* As systemd starts it: entries, and no JSON beside them; unless the journal is not wanted, or the
 * log goes elsewhere. */
static void as_service(struct test *t)
{
	const char *plain[] = { "agent", NULL };
	const char *off[] = { "agent", "--journal", "off", NULL };
	struct monitor_spec spec = { .argv = plain };
	struct monitor *m;
	struct cast c;

	journald_enter(t);
	journald_start(t);
	c = cast_of(t);
	spec.stream = journald_stream(t);
	m = monitor_spawn(t, &spec);
	expect_count(t, "_TRANSPORT=journal PORTCLASH_TYPE=ready", 1);
	steal(&c);
	refuse(&c);
	expect_count(t, "_TRANSPORT=journal PORTCLASH_CAUSE=ephemeral-client", 1);
	end_well(t, m);
	expect_count(t, "_TRANSPORT=journal PORTCLASH_TYPE=summary", 1);
	expect_count(t, "_TRANSPORT=stdout", 0);
	spec.argv = off;
	m = monitor_spawn(t, &spec);
	if (!count(t, "_TRANSPORT=stdout --grep \'\"type\":\"ready\"\'", 1))
		test_fail(t, "expected the ready line on standard output with --journal off");
	end_well(t, m);
	expect_count(t, "_TRANSPORT=journal PORTCLASH_TYPE=ready", 1);
}

static size_t occurrences(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)); text++)
		n++;
	return n;
}

static void expect_sentences(struct test *t, struct monitor *m, size_t want)
{
	char *said = monitor_text(m->err);

	if (occurrences(said, "\n") != want)
		test_fail(t, "expected %zu sentences, got \"%s\"", want, said);
	free(said);
}

static void expect_refusals(struct test *t, const struct cast *c, size_t want)
{
	char *text = logfile_read(c->log), part[64];

	snprintf(part, sizeof(part), "\"requester\":{\"pid\":%d,", c->web->pid);
	if (occurrences(text, part) != want)
		test_fail(t, "expected %zu, got %zu refusals in the log", want,
			  occurrences(text, part));
	free(text);
}

/* Not there, there, gone, there again: said once each time and counted, and the log goes on. */
static void outage(struct test *t)
{
	struct monitor *m;
	struct cast c;
	pid_t journald;

	journald_enter(t);
	c = cast_of(t);
	m = agent(t, &c);
	logfile_await_said(t, m, "cannot write to the journal: No such file or directory");
	journald = journald_start(t);
	steal(&c);
	refuse(&c);
	logfile_await_said(t, m, "the journal is written again; lines lost so far: 1\n");
	expect_count(t, "PORTCLASH_CAUSE=ephemeral-client", 1);
	journald_kill(journald);
	refuse(&c);
	refuse(&c);
	logfile_await_said(t, m, "cannot write to the journal: Connection refused");
	journald_start(t);
	refuse(&c);
	logfile_await_said(t, m, "the journal is written again; lines lost so far: 3\n");
	expect_count(t, "PORTCLASH_CAUSE=ephemeral-client", 2);
	end_well(t, m);
	expect_sentences(t, m, 4);
	expect_refusals(t, &c, 4);
}

const struct scenario cases_journal[] = {
	{ .name = "journal-fields", .run = every_field, .where = HERE },
	{ .name = "journal-service-log", .run = service_log, .where = HERE },
	{ .name = "journal-as-service", .run = as_service, .where = HERE },
	{ .name = "journal-outage", .run = outage, .where = HERE },
	{ 0 },
};
