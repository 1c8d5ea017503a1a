// SPDX-License-Identifier: GPL-2.0-only
/* `portclash free` with several ports: each is decided, confirmed and freed as if it were alone. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge/free.h"
#include "run/cases.h"
#include "stage/terminal.h"

#define HELD_PORT 35010
#define NOBODYS_PORT 35011

/* Two stolen ports. The listener of the first theft has both connections. */
struct pair {
	struct robbery first;
	struct puppet *other; /* has the second port */
	struct prop out;
	struct prop in;
	uint16_t port;
	char text[16];
};

static void pair_stage(struct test *t, struct pair *p)
{
	p->first = robbery_stage(t, 0, "127.0.0.1");
	p->other = puppet_start(t, "other");
	p->out = stage_client(p->other, 0, "127.0.0.1", SERVER_PORT);
	p->in = stage_accepted(&p->first.listener, p->first.backend);
	p->port = p->out.look.local.port;
	snprintf(p->text, sizeof(p->text), "%u/tcp", p->port);
}

static struct spot line_of_port(const struct audit *a, uint16_t port)
{
	for (size_t i = 0; i < a->m->count; i++) {
		struct spot s = spot_of(a->t, a->m->lines[i]);

		if (!strcmp(json_string_value(json_object_get(s.json, "type")), "free") &&
		    json_integer_value(json_object_get(s.json, "port")) == port)
			return s;
	}
	return spot_of(a->t, NULL);
}

static void expect_line(const struct audit *a, uint16_t port, const char *result, int ended,
			int status)
{
	struct spot s = line_of_port(a, port);

	expect_string(&s, "result", result);
	expect_int(&s, "ended", ended);
	expect_int(&s, "exit_status", status);
}

/* Lists, ranges and items with a protocol: a listener between two stolen ports changes nothing for these, and
 * its own port alone is not free. */
static void scenario_free_ports(struct test *t)
{
	struct pair p;
	struct puppet *server = puppet_start(t, "server");
	struct prop listener = stage_listener(server, 0, "0.0.0.0", HELD_PORT);
	char folder[128], list[64];
	const char *const argv[] = {
		"free", "--yes", "--json", "--state", test_path(t, "state", folder, sizeof(folder)),
		list,	p.text,	 NULL
	};
	struct audit a;

	pair_stage(t, &p);
	snprintf(list, sizeof(list), "%s,%u-%u", p.first.text, HELD_PORT, NOBODYS_PORT);
	a = audit_json(t, argv, 3);
	audit_count(&a, "free", 4);
	expect_line(&a, p.first.port, "freed", 1, 0);
	expect_line(&a, HELD_PORT, "held", 0, 3);
	expect_line(&a, NOBODYS_PORT, "nothing", 0, 4);
	expect_line(&a, p.port, "freed", 1, 0);
	stage_look(&listener);
	robbery_serve(&p.first);
	stage_listener(p.first.web, 0, "0.0.0.0", p.port);
	robbery_expect_bystanders(&p.first);
}

/* Runs `free LIST -- COMMAND` and compares the status. */
static void expect_command(struct test *t, const char *list, int status)
{
	char folder[128];
	const char *const argv[] = {
		"free", "--yes", "--state",	    test_path(t, "state", folder, sizeof(folder)),
		list,	"--",	 "/no/such/server", NULL
	};
	struct monitor_spec spec = { .argv = argv, .in_space = true };
	int have = monitor_stop(t, monitor_spawn(t, &spec), 0, 10);

	if (have != status)
		test_fail(t, "expected %d, got %d of free %s", status, have, list);
}

/* The command starts when all ports are free, and not before: 127 says that it was looked for. */
static void scenario_free_ports_command(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct puppet *server = puppet_start(t, "server");
	char list[64];

	stage_listener(server, 0, "0.0.0.0", HELD_PORT);
	snprintf(list, sizeof(list), "%u,%s,%u", HELD_PORT, r.text, NOBODYS_PORT);
	expect_command(t, list, 3);
	robbery_serve(&r);
	snprintf(list, sizeof(list), "%u,%u/udp", NOBODYS_PORT, HELD_PORT);
	expect_command(t, list, 127);
}

/* A run at a terminal, up to the question about the first port. */
static struct monitor *ask_about_pair(struct test *t, const struct pair *p, int *terminal)
{
	char folder[128];
	const char *const argv[] = { "free",	    "--json",
				     "--state",	    test_path(t, "state", folder, sizeof(folder)),
				     p->first.text, p->text,
				     NULL };
	struct monitor *m;

	*terminal = terminal_open(t);
	m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv, .in_space = true });
	if (!monitor_await_text(t, m->err, p->first.text, 10))
		test_abort(t, "expected a question about the first port");
	return m;
}

static void await_second(struct test *t, const struct pair *p, const struct monitor *m)
{
	char question[64];

	snprintf(question, sizeof(question), "tcp port %u: end", p->port);
	if (!monitor_await_text(t, m->err, question, 10))
		test_fail(t, "expected a question about the second port");
}

static void expect_free_status(struct test *t, struct monitor *m, int signal, int status)
{
	int have = monitor_stop(t, m, signal, 10);

	if (have != status)
		test_fail(t, "expected %d, got %d as exit status", status, have);
}

/* A no keeps the first port. The rest of that line, which looks like a yes, answers nothing. */
static void scenario_free_each_is_asked(struct test *t)
{
	struct pair p;
	struct monitor *m;
	struct audit a;
	int terminal;

	pair_stage(t, &p);
	m = ask_about_pair(t, &p, &terminal);
	terminal_type(t, terminal, "no, this one yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n");
	await_second(t, &p, m);
	terminal_type(t, terminal, "n\n");
	expect_free_status(t, m, 0, 8);
	monitor_read(t, m);
	a = (struct audit){ t, m, 0 };
	expect_line(&a, p.first.port, "declined", 0, 8);
	expect_line(&a, p.port, "declined", 0, 8);
	robbery_expect_word(t, &p.first.out, &p.first.in, "the first connection");
	robbery_expect_word(t, &p.out, &p.in, "the second connection");
}

/* Ctrl-C at the second question: the second port and what comes after it stay as they are. */
static void scenario_free_ports_interrupted(struct test *t)
{
	struct pair p;
	struct monitor *m;
	int terminal;

	pair_stage(t, &p);
	m = ask_about_pair(t, &p, &terminal);
	terminal_type(t, terminal, "y\n");
	await_second(t, &p, m);
	expect_free_status(t, m, SIGINT, 8);
	robbery_expect_word(t, &p.out, &p.in, "the second connection");
	robbery_serve(&p.first);
	free_expect_reserved(t, p.port, false);
}

const struct scenario cases_cure_ports[] = {
	{ .name = "free-ports", .run = scenario_free_ports, .where = EACH_KERNEL },
	{ .name = "free-ports-command", .run = scenario_free_ports_command, .where = ONCE },
	{ .name = "free-each-is-asked", .run = scenario_free_each_is_asked, .where = ONCE },
	{ .name = "free-ports-interrupted", .run = scenario_free_ports_interrupted, .where = ONCE },
	{ 0 },
};
