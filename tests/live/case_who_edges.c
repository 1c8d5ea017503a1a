// SPDX-License-Identifier: GPL-2.0-only
/* `portclash who` at its edges: several namespaces, thousands of sockets, hostile names, no rights,
 * bad arguments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "table.h"
#include "who.h"

#define NOBODY 65534
#define PORT 8080

/* One line a namespace; each socket in its own. */
static void two_namespaces(struct test *t)
{
	static const char *const argv[] = { "who", "--json", "8080/tcp", NULL };
	struct puppet *here = puppet_start(t, "here"), *there = puppet_start(t, "there");
	struct prop one, two;
	struct audit a;
	struct spot s;

	puppet_go_elsewhere(there);
	one = stage_listener(here, 0, "0.0.0.0", PORT);
	two = stage_listener(there, OPT_REUSEPORT, "127.0.0.1", PORT);
	a = audit_json(t, argv, 3);
	s = audit_line(&a, "who", 0);
	expect_bool(&s, "own", true);
	expect_int(&s, "holders_total", 1);
	who_holder(&s, 0, &one, "LISTEN", here);
	a.netns = there->who.netns;
	s = audit_line(&a, "who", 0);
	expect_bool(&s, "own", false);
	expect_int(&s, "holders_total", 1);
	expect_int(&s, "pid", there->who.pid);
	who_holder(&s, 0, &two, "LISTEN", there);
}

/* By its number; and one in which nobody holds the port is not one that has it. */
static void by_number(struct test *t)
{
	struct puppet *here = puppet_start(t, "here"), *there = puppet_start(t, "there");
	char number[24];
	const char *const argv[] = { "who", "--json", "--netns", number, "8080/tcp", NULL };
	struct audit a;
	struct spot s;

	puppet_go_elsewhere(there);
	stage_listener(here, 0, "0.0.0.0", PORT);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)there->who.netns);
	a = audit_json(t, argv, 0);
	audit_count(&a, "who", 1);
	s = audit_line(&a, "who", 0);
	expect_null(&s, "netns");
	snprintf(number, sizeof(number), "%llu", (unsigned long long)here->who.netns);
	a = audit_json(t, argv, 3);
	s = audit_line(&a, "who", 0);
	expect_bool(&s, "own", true);
}

static void nobody(struct test *t)
{
	static const char *const argv[] = { "who", "--netns", "self", "8080", NULL };
	struct audit a = audit_as(t, &(struct monitor_spec){ .argv = argv, .in_space = true }, 0);
	char *text = monitor_text(a.m->out);

	if (strcmp(text, "tcp port 8080: nobody holds it\nudp port 8080: nobody holds it\n"))
		test_fail(t, "expected two lines that nobody holds it, got \"%s\"", text);
	free(text);
}

#define CONNECTIONS 3000

/* The listener first, and each connection counted. */
static void many(struct test *t)
{
	struct puppet *server = puppet_start(t, "server"), *client = puppet_start(t, "client");
	struct prop p = stage_listener(server, 0, "127.0.0.1", PORT);
	struct io_many in = { .fd = p.fd, .count = CONNECTIONS },
		       out = { .fd = -1, .count = CONNECTIONS, .to = { "127.0.0.1", PORT } };
	struct spot line, states, holders;

	stage_listen(&p, CONNECTIONS);
	puppet_begin(server, act_many, &in, sizeof(in));
	puppet_begin(client, act_many, &out, sizeof(out));
	puppet_end(client, &out, sizeof(out), 60);
	puppet_end(server, &in, sizeof(in), 60);
	if (in.done != CONNECTIONS || out.done != CONNECTIONS)
		test_abort(t, "stage: only %d connections, %d accepted", out.done, in.done);
	line = who_ask(t, PORT, "tcp", 3);
	expect_int(&line, "holders_total", CONNECTIONS + 1);
	states = spot_below(&line, "states");
	expect_int(&states, "LISTEN", 1);
	expect_int(&states, "ESTABLISHED", CONNECTIONS);
	holders = spot_below(&line, "holders");
	if (json_array_size(holders.json) != 16)
		expected(&holders, "16 holders");
	who_holder(&line, 0, &p, "LISTEN", server);
	who_judge(&line, PORT, 0);
}

static void hostile(struct test *t)
{
	static const char *const plain[] = { "who", "--netns", "self", "8080", NULL };
	struct puppet *evil = puppet_start(t, EVIL_COMM);
	struct prop p = stage_listener(evil, 0, "0.0.0.0", PORT);
	struct spot line = who_ask(t, PORT, "tcp", 3);

	who_holder(&line, 0, &p, "LISTEN", evil);
	audit_hostile(t, plain);
}

static void check_sentence(struct test *t, struct audit a, const char *says)
{
	char *said = monitor_text(a.m->err), *out = monitor_text(a.m->out);

	if (!strstr(said, says) || *out)
		test_fail(t, "expected \"%s\" on standard error alone, got \"%s\" and \"%s\"", says,
			  said, out);
	free(said);
	free(out);
}

/* Its own namespace, no options, and it says so. */
static void not_root(struct test *t)
{
	static const char *const argv[] = { "who", "--json", "8080/tcp", NULL };
	static const char *const other[] = { "who", "--netns", "no-such-one", "8080", NULL };
	struct puppet *web = puppet_start(t, "web");
	struct monitor_spec spec = { .argv = argv, .in_space = true, .uid = NOBODY };
	char path[128];
	struct audit a;
	struct spot line, s;

	monitor_copy(t, path, sizeof(path));
	spec.exe = path;
	stage_listener(web, OPT_REUSEPORT, "0.0.0.0", PORT);
	a = audit_as(t, &spec, 3);
	monitor_read(t, a.m);
	line = audit_line(&a, "who", 0);
	expect_int(&line, "holders_total", 1);
	s = spot_below(&line, "holders");
	s = spot_at(&s, 0);
	expect_string(&s, "state", "LISTEN");
	expect_string(&s, "how", "bind");
	expect_null(&s, "process");
	expect_null(&s, "options");
	expect_contains(&s, "process_note", "may not be looked at");
	s = who_answer(&line, "0.0.0.0", "plain");
	expect_bool(&s, "allowed", false);
	s = who_answer(&line, "0.0.0.0", "reuseport");
	expect_null(&s, "allowed");
	spec.argv = other;
	check_sentence(t, audit_as(t, &spec, 1), "\"no-such-one\"");
	s = audit_line(&a, "who-summary", 0);
	s = spot_below(&s, "unseen");
	s = spot_at(&s, 0);
	if (!s.json || !strstr(json_string_value(s.json), "SO_REUSEPORT") ||
	    !strstr(json_string_value(s.json), "other network namespaces"))
		expected(&s, "a sentence of what was not seen without root");
}

struct misuse {
	const char *argv[4];
	int status;
	const char *says;
};

static void misuses(struct test *t)
{
	static const struct misuse all[] = {
		{ { "who" }, 2, "which port" },
		{ { "who", "0" }, 2, "1 to 65535" },
		{ { "who", "65536" }, 2, "\"65536\"" },
		{ { "who", "99999999999999999999" }, 2, "1 to 65535" },
		{ { "who", "" }, 2, "1 to 65535" },
		{ { "who", "80x" }, 2, "80x" },
		{ { "who", "80,81" }, 2, "80,81" },
		{ { "who", "80-90" }, 2, "80-90" },
		{ { "who", "80/sctp" }, 2, "/tcp" },
		{ { "who", "/tcp" }, 2, "1 to 65535" },
		{ { "who", "no-such-service" }, 2, "no-such-service" },
		{ { "who", "80", "81" }, 2, "81" },
		{ { "who", "--uid=me", "80" }, 2, "me" },
		{ { "who", "--netns=", "80" }, 2, "netns" },
		{ { "who", "--netns=no-such-one", "80" }, 1, "no-such-one" },
		{ { "who", "--netns=7", "80" }, 1, "\"7\"" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		check_sentence(
			t,
			audit_as(t, &(struct monitor_spec){ .argv = all[i].argv, .in_space = true },
				 all[i].status),
			all[i].says);
}

/* By the name of its service. */
static void service(struct test *t)
{
	static const char *const argv[] = { "who", "--json", "--netns=self", "https/tcp", NULL };
	struct puppet *web = puppet_start(t, "web");
	struct audit a;
	struct spot s;

	/* A bare machine has no list of services: then the name is not one, and that is said. */
	if (access("/etc/services", R_OK)) {
		a = audit_as(t, &(struct monitor_spec){ .argv = argv, .in_space = true }, 2);
		check_sentence(t, a, "no service \"https\" in /etc/services");
		return;
	}
	stage_listener(web, 0, "127.0.0.1", 443);
	a = audit_json(t, argv, 3);
	s = audit_line(&a, "who", 0);
	expect_int(&s, "port", 443);
	expect_bool(&s, "privileged", true);
}

const struct scenario cases_who_edges[] = {
	{ .name = "who-two-namespaces", .run = two_namespaces, .where = EACH_KERNEL },
	{ .name = "who-by-number", .run = by_number, .where = ONCE },
	{ .name = "who-nobody", .run = nobody, .where = ONCE },
	{ .name = "who-many", .run = many, .seconds = 120, .where = EACH_KERNEL },
	{ .name = "who-hostile", .run = hostile, .where = ONCE },
	{ .name = "who-not-root", .run = not_root, .where = ONCE },
	{ .name = "who-misuse", .run = misuses, .where = ONCE },
	{ .name = "who-service", .run = service, .where = ONCE },
	{ 0 },
};
