// SPDX-License-Identifier: GPL-2.0-only
/* `portclash who` at its edges: several namespaces, thousands of sockets, hostile names, no rights,
 * bad arguments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "judge/proc_net.h"
#include "judge/who.h"
#include "run/cases.h"

#define NOBODY 65534
#define PORT 8080

/* `who` prints one line for each namespace, with each socket in its own. */
static void scenario_who_two_namespaces(struct test *t)
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

/* `who` takes a namespace by its number; a namespace in which nobody holds the port has no line. */
static void scenario_who_by_number(struct test *t)
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

static void scenario_who_nobody(struct test *t)
{
	static const char *const argv[] = { "who", "--netns", "self", "8080", NULL };
	struct audit a = audit_as(t, &(struct monitor_spec){ .argv = argv, .in_space = true }, 0);
	char *text = monitor_text(a.m->out);

	if (strcmp(text, "tcp port 8080: nobody holds it\nudp port 8080: nobody holds it\n"))
		test_fail(t, "expected two lines that nobody holds it, got \"%s\"", text);
	free(text);
}

#define CONNECTIONS 3000

/* `who` names the listener first, and counts each connection. */
static void scenario_who_many(struct test *t)
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
	if (json_array_size(holders.json) != 272)
		expected(&holders, "272 holders");
	who_holder(&line, 0, &p, "LISTEN", server);
	who_judge(&line, PORT, 0);
}

static void scenario_who_hostile(struct test *t)
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

/* Without root, `who` sees its own namespace and no options, and says so. */
static void scenario_who_not_root(struct test *t)
{
	static const char *const argv[] = { "who", "--json", "8080/tcp", NULL };
	static const char *const other[] = { "who", "--netns", "no-such-one", "8080", NULL };
	static const char *const nobody[] = { "8081/tcp", "--json", NULL };
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
	expect_contains(&s, "process_note", "may not read the descriptors");
	s = who_answer(&line, "0.0.0.0", "plain");
	expect_bool(&s, "allowed", false);
	s = who_answer(&line, "0.0.0.0", "reuseport");
	expect_null(&s, "allowed");
	spec.argv = other;
	check_sentence(t, audit_as(t, &spec, 1), "\"no-such-one\"");
	s = audit_line(&a, "who-summary", 0);
	s = spot_below(&s, "unseen");
	s = spot_at(&s, 0);
	if (!s.json || !strstr(json_string_value(s.json), "socket options") ||
	    !strstr(json_string_value(s.json), "other network namespaces"))
		expected(&s, "a sentence of what was not seen without root");
	/* A port that nobody is seen to hold is not said to be free. */
	spec.argv = nobody;
	a = audit_as(t, &spec, 4);
	monitor_read(t, a.m);
	s = audit_line(&a, "who-summary", 0);
	expect_int(&s, "exit_status", 4);
}

/* `portclash PORT...` takes ports as every command does, and an address leaves out what is not in the way
 * of a server there. */
static void scenario_who_ports(struct test *t)
{
	static const char *const free_ones[] = { "127.0.0.2:8080/tcp", "8081-8090", "--netns=self",
						 NULL };
	static const char *const held[] = { "who",	    "--json",
					    "--netns=self", "--address=127.0.0.1",
					    "tcp/8080",	    NULL };
	struct monitor_spec spec = { .argv = free_ones, .in_space = true };
	struct puppet *web = puppet_start(t, "web");
	struct audit a;
	struct spot line, s;
	char *text;

	stage_listener(web, 0, "127.0.0.1", PORT);
	a = audit_as(t, &spec, 0);
	text = monitor_text(a.m->out);
	if (strcmp(text, "tcp port 8080: nobody holds it\n"
			 "tcp ports 8081-8090: nobody holds them\n"
			 "udp ports 8081-8090: nobody holds them\n"))
		test_fail(t, "expected three lines that nobody holds the ports, got \"%s\"", text);
	free(text);
	a = audit_json(t, held, 3);
	audit_count(&a, "who", 1);
	line = audit_line(&a, "who", 0);
	expect_int(&line, "holders_total", 1);
	s = who_answer(&line, "127.0.0.1", "plain");
	expect_bool(&s, "allowed", false);
	expect_string(&s, "cause", "listener");
}

struct misuse {
	const char *argv[4];
	int status;
	const char *says;
};

static void scenario_who_misuse(struct test *t)
{
	static const struct misuse all[] = {
		{ { "who" }, 2, "which port" },
		{ { "who", "0" }, 2, "1 to 65535" },
		{ { "who", "65536" }, 2, "port 65536 is out of range" },
		{ { "who", "99999999999999999999" }, 2, "1 to 65535" },
		{ { "who", "" }, 2, "a port is missing" },
		{ { "who", "80x" }, 2, "80x" },
		{ { "who", "90-80" }, 2, "90-80" },
		{ { "who", "1-2000" }, 2, "too many" },
		{ { "who", "--address=here", "80" }, 2, "here" },
		{ { "who", "::1" }, 2, "[::1]:8080" },
		{ { "who", "80/sctp" }, 2, "/tcp" },
		{ { "who", "/tcp" }, 2, "expected PORT" },
		{ { "who", "no-such-service" }, 2, "no-such-service" },
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

/* `who` takes a port by the name of its service. */
static void scenario_who_service(struct test *t)
{
	static const char *const argv[] = { "who", "--json", "--netns=self", "https/tcp", NULL };
	struct puppet *web = puppet_start(t, "web");
	struct audit a;
	struct spot s;

	/* A bare machine has no list of services: the name is unknown there, and `who` says so. */
	if (access("/etc/services", R_OK)) {
		a = audit_as(t, &(struct monitor_spec){ .argv = argv, .in_space = true }, 2);
		check_sentence(t, a, "\"https\" is not a service in /etc/services");
		return;
	}
	stage_listener(web, 0, "127.0.0.1", 443);
	a = audit_json(t, argv, 3);
	s = audit_line(&a, "who", 0);
	expect_int(&s, "port", 443);
	expect_bool(&s, "privileged", true);
}

const struct scenario cases_who_edges[] = {
	{ .name = "who-two-namespaces", .run = scenario_who_two_namespaces, .where = EACH_KERNEL },
	{ .name = "who-by-number", .run = scenario_who_by_number, .where = ONCE },
	{ .name = "who-nobody", .run = scenario_who_nobody, .where = ONCE },
	{ .name = "who-many", .run = scenario_who_many, .seconds = 120, .where = EACH_KERNEL },
	{ .name = "who-hostile", .run = scenario_who_hostile, .where = ONCE },
	{ .name = "who-not-root", .run = scenario_who_not_root, .where = ONCE },
	{ .name = "who-ports", .run = scenario_who_ports, .where = ONCE },
	{ .name = "who-misuse", .run = scenario_who_misuse, .where = ONCE },
	{ .name = "who-service", .run = scenario_who_service, .where = ONCE },
	{ 0 },
};
