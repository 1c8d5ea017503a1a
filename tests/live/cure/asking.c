// SPDX-License-Identifier: GPL-2.0-only
/* `portclash free` at a terminal: answers, and a port that changes hands while portclash asks. */
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge/free.h"
#include "run/cases.h"
#include "stage/binary.h"
#include "stage/group.h"
#include "stage/manager.h"
#include "stage/terminal.h"

#define SERVICE "/" GROUP_ROOT "/orders.service"

/* An interactive run, up to the question. */
struct talk {
	struct monitor *m;
	int terminal;
	char folder[128];
};

static struct talk talk_begin_as(struct robbery *r, bool stop, uint64_t capabilities)
{
	struct talk k = { .terminal = terminal_open(r->t) };
	const char *const argv[] = {
		"free",	   "--json",
		"--wait",  "1",
		"--state", test_path(r->t, "state", k.folder, sizeof(k.folder)),
		r->text,   stop ? "--stop" : NULL,
		NULL
	};

	k.m = monitor_spawn(r->t, &(struct monitor_spec){ .argv = argv,
							  .in_space = true,
							  .capabilities = capabilities });
	if (!monitor_await_text(r->t, k.m->err, "[y/N]", 10))
		test_abort(r->t, "expected a question");
	return k;
}

static struct talk talk_begin(struct robbery *r)
{
	return talk_begin_as(r, false, 0);
}

static struct spot talk_end(struct robbery *r, struct talk *k, const char *answer, int status)
{
	int have;

	terminal_type(r->t, k->terminal, answer);
	have = monitor_stop(r->t, k->m, 0, 10);
	if (have != status)
		test_fail(r->t, "expected %d, got %d as exit status", status, have);
	monitor_read(r->t, k->m);
	return audit_line(&(struct audit){ r->t, k->m, 0 }, "free", 0);
}

static void scenario_free_answer_no(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct talk k = talk_begin(&r);
	char *asked = monitor_text(k.m->err), whose[32];
	struct spot s = talk_end(&r, &k, "\n", 8);

	snprintf(whose, sizeof(whose), "[%d]? [y/N]", r.client->who.pid);
	if (!strstr(asked, ": end 1 socket of ") || !strstr(asked, whose))
		test_fail(t, "expected the client's process in \"%s\"", asked);
	free(asked);
	expect_string(&s, "result", "declined");
	robbery_expect_word(t, &r.out, &r.in, "the connection");
	free_expect_reserved(t, r.port, false);
}

static void scenario_free_answer_yes(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct talk k = talk_begin(&r);
	struct spot s = talk_end(&r, &k, "y\n", 0);

	expect_string(&s, "result", "freed");
	robbery_serve(&r);
	robbery_expect_bystanders(&r);
}

static void reset_client(struct robbery *r)
{
	struct io_close reset = { .fd = r->out.fd, .reset = true };

	puppet_call(r->client, act_close, &reset, sizeof(reset));
}

/* The client goes while portclash asks. */
static void scenario_free_vanishes(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct talk k = talk_begin(&r);
	struct spot s;

	reset_client(&r);
	s = talk_end(&r, &k, "y\n", 6);
	expect_string(&s, "result", "vanished");
	expect_int(&s, "ended", 0);
	robbery_serve(&r);
	robbery_expect_bystanders(&r);
}

/* The client goes while portclash asks, and a server has the port: the one that waited for it, or another
 * process of the client's program, which the file that it runs tells. */
static void quicker(struct test *t, const char *exe, const char *result, int status)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct puppet *server =
		puppet_start_as(t, &(struct puppet_spec){ .name = "server", .exe = exe });
	struct talk k = talk_begin(&r);
	struct prop p;
	struct spot s;

	reset_client(&r);
	p = stage_listener(server, 0, "0.0.0.0", r.port);
	s = talk_end(&r, &k, "y\n", status);
	expect_string(&s, "result", result);
	expect_int(&s, "ended", 0);
	stage_look(&p);
}

static void scenario_free_server_is_quicker(struct test *t)
{
	char path[128];

	quicker(t, binary_copy(t, "orders", path, sizeof(path)), "vanished", 6);
}

static void scenario_free_same_program_is_quicker(struct test *t)
{
	quicker(t, NULL, "came-back", 5);
}

/* The same client asks for the port by number, and has it. */
static void scenario_free_came_back(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct talk k = talk_begin(&r);
	struct prop again, in;
	struct spot s;

	reset_client(&r);
	again = stage_bound(r.client, 0, "127.0.0.1", r.port);
	stage_connect(&again, "127.0.0.1", SERVER_PORT);
	in = stage_accepted(&r.listener, r.backend);
	s = talk_end(&r, &k, "y\n", 5);
	expect_string(&s, "result", "came-back");
	robbery_expect_word(t, &again, &in, "the new connection");
}

static void await_questions(struct test *t, const struct talk *k, int want)
{
	int64_t until = deadline_in(t, 10);
	int have = 0;

	while (have < want && !deadline_over(until)) {
		char *text = monitor_text(k->m->err);

		have = 0;
		for (const char *at = text; (at = strstr(at, "[y/N]")); at++)
			have++;
		free(text);
		sleep_ms(10);
	}
	if (have < want)
		test_fail(t, "expected %d questions, got %d", want, have);
}

/* The last line about a plan must show this socket alone. */
static void expect_last_plan(struct test *t, const struct monitor *m, const struct prop *p)
{
	struct spot sockets = { 0 }, s;

	for (size_t i = 0; i < m->count; i++) {
		struct spot line = spot_of(t, m->lines[i]);

		if (json_object_get(line.json, "sockets"))
			sockets = spot_below(&line, "sockets");
	}
	if (json_array_size(sockets.json) != 1)
		expected(&sockets, "one socket on the port");
	s = spot_at(&sockets, 0);
	expect_string(&s, "kind", "end");
	expect_end(&s, "local", &p->look.local);
	expect_int(&s, "cookie", (long long)p->look.cookie);
}

/* While portclash asks, another client has got the port: nobody agreed to the end of its connection, and portclash asks
 * about that one alone. */
static void expect_asked_again(struct robbery *r, struct talk *k, struct prop *out)
{
	struct prop in = stage_accepted(&r->listener, r->backend);
	struct spot s;

	terminal_type(r->t, k->terminal, "y\n");
	await_questions(r->t, k, 2);
	s = talk_end(r, k, "n\n", 8);
	expect_string(&s, "result", "declined");
	expect_int(&s, "ended", 0);
	expect_last_plan(r->t, k->m, out);
	robbery_expect_word(r->t, out, &in, "the new client's connection");
	free_await_given_up(r->t, r->port);
}

/* The client closes its connection while portclash asks, and `by` is given the port for another one. */
static void newcomer(struct robbery *r, struct puppet *by, uint64_t capabilities)
{
	struct prop out;
	struct talk k;

	audit_set(r->t, RANGE, "45000 45000");
	robbery_connect(r);
	k = talk_begin_as(r, false, capabilities);
	reset_client(r);
	out = stage_client(by, 0, "127.0.0.1", SERVER_PORT);
	expect_asked_again(r, &k, &out);
}

static void scenario_free_newcomer(struct test *t)
{
	struct robbery r = robbery_cast(t, 0, "127.0.0.1");

	newcomer(&r, r.web, 0);
}

/* The process was shown, its new connection was not. */
static void scenario_free_newcomer_of_shown(struct test *t)
{
	struct robbery r = robbery_cast(t, 0, "127.0.0.1");

	newcomer(&r, r.client, 0);
}

/* Without CAP_SYS_PTRACE, portclash sees no process of another user's socket. */
static void scenario_free_newcomer_unseen(struct test *t)
{
	struct robbery r = robbery_cast(t, 0, "127.0.0.1");

	newcomer(&r, r.web, 1ULL << CAP_NET_ADMIN);
}

/* portclash shows a connection at another address than the server's as one that stays. While portclash asks, its
 * process connects the same socket, which keeps its cookie, at the server's address. */
static void scenario_free_newcomer_moved(struct test *t)
{
	struct robbery r = robbery_cast(t, 0, "127.0.0.1");
	struct prop there = stage_listener(r.backend, OPT_V6, "::1", SERVER_PORT), out;
	struct talk k;

	audit_set(t, RANGE, "45000 45000");
	robbery_connect(&r);
	out = stage_client(r.web, OPT_V6, "::1", SERVER_PORT);
	stage_accepted(&there, r.backend);
	snprintf(r.text, sizeof(r.text), "127.0.0.1:%u", r.port);
	k = talk_begin(&r);
	reset_client(&r);
	stage_disconnect(&out);
	stage_connect(&out, "::ffff:127.0.0.1", SERVER_PORT);
	expect_asked_again(&r, &k, &out);
}

/* The process to stop ends by itself while portclash asks, and a client gets its port. */
static void scenario_free_newcomer_after_stop(struct test *t)
{
	struct robbery r = robbery_cast(t, 0, "127.0.0.1");
	struct puppet *idle = puppet_start(t, "idle");
	struct prop bound = stage_bound(idle, 0, "127.0.0.1", 45000), out;
	struct talk k;

	r.listener = stage_listener(r.backend, 0, "127.0.0.1", SERVER_PORT);
	robbery_of(&r, &bound);
	audit_set(t, RANGE, "45000 45000");
	k = talk_begin_as(&r, true, 0);
	puppet_exit(idle);
	out = stage_client(r.web, 0, "127.0.0.1", SERVER_PORT);
	expect_asked_again(&r, &k, &out);
}

/* A unit's server has the port until portclash asks whether to stop the unit. */
static struct talk unit_begin(struct robbery *r)
{
	struct prop p;

	r->client = puppet_start(r->t, "orders");
	group_move(r->t, SERVICE, r->client);
	manager_make(r->t, r->client->pid);
	p = stage_listener(r->client, 0, "0.0.0.0", 35000);
	robbery_of(r, &p);
	return talk_begin_as(r, true, 0);
}

static void expect_unit_runs(struct robbery *r, const struct prop *p, const struct spot *s)
{
	struct prop still = *p;
	char asked[512];

	manager_asked(r->t, asked, sizeof(asked));
	if (strstr(asked, "stop"))
		test_fail(r->t, "expected that no unit is stopped, got \"%s\"", asked);
	expect_int(s, "stopped", 0);
	stage_look(&still);
	puppet_exit(r->client);
	sleep_ms(100);
	group_remove(SERVICE);
}

/* The unit's server moves to another port while portclash asks, and another server takes its port. */
static void scenario_free_unit_moved(struct test *t)
{
	struct robbery r = { .t = t, .any = "0.0.0.0" };
	struct talk k = unit_begin(&r);
	char path[128];
	struct puppet *other = puppet_start_as(
		t, &(struct puppet_spec){ .name = "other",
					  .exe = binary_copy(t, "other", path, sizeof(path)) });
	struct prop there;
	struct spot s;

	stage_close(&r.out);
	there = stage_listener(r.client, 0, "0.0.0.0", 35001);
	stage_listener(other, 0, "0.0.0.0", r.port);
	s = talk_end(&r, &k, "y\n", 6);
	expect_string(&s, "result", "vanished");
	expect_unit_runs(&r, &there, &s);
}

/* The unit gets another main process while portclash asks. */
static void scenario_free_unit_other_main(struct test *t)
{
	struct robbery r = { .t = t, .any = "0.0.0.0" };
	struct talk k = unit_begin(&r);
	struct puppet *other = puppet_start(t, "other");
	struct spot s;

	manager_make(t, other->pid);
	s = talk_end(&r, &k, "y\n", 7);
	expect_string(&s, "result", "stuck");
	expect_unit_runs(&r, &r.out, &s);
}

/* Ctrl-C ends a wait, and gives up the reservation. */
static void scenario_free_interrupted(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct talk k = talk_begin(&r);

	if (monitor_stop(t, k.m, SIGINT, 10) == 0)
		test_fail(t, "expected that SIGINT ends it");
	robbery_expect_word(t, &r.out, &r.in, "the connection");
	free_expect_reserved(t, r.port, false);
}

const struct scenario cases_cure_asking[] = {
	{ .name = "free-answer-no", .run = scenario_free_answer_no, .where = ONCE },
	{ .name = "free-answer-yes", .run = scenario_free_answer_yes, .where = ONCE },
	{ .name = "free-vanishes", .run = scenario_free_vanishes, .where = EACH_KERNEL },
	{ .name = "free-server-is-quicker",
	  .run = scenario_free_server_is_quicker,
	  .where = EACH_KERNEL },
	{ .name = "free-same-program-is-quicker",
	  .run = scenario_free_same_program_is_quicker,
	  .where = EACH_KERNEL },
	{ .name = "free-came-back", .run = scenario_free_came_back, .where = EACH_KERNEL },
	{ .name = "free-newcomer", .run = scenario_free_newcomer, .where = EACH_KERNEL },
	{ .name = "free-newcomer-of-shown",
	  .run = scenario_free_newcomer_of_shown,
	  .where = EACH_KERNEL },
	{ .name = "free-newcomer-moved",
	  .run = scenario_free_newcomer_moved,
	  .where = EACH_KERNEL },
	{ .name = "free-newcomer-after-stop",
	  .run = scenario_free_newcomer_after_stop,
	  .where = EACH_KERNEL },
	{ .name = "free-newcomer-unseen", .run = scenario_free_newcomer_unseen, .where = ONCE },
	{ .name = "free-unit-moved", .run = scenario_free_unit_moved, .where = ONCE },
	{ .name = "free-unit-other-main", .run = scenario_free_unit_other_main, .where = ONCE },
	{ .name = "free-interrupted", .run = scenario_free_interrupted, .where = ONCE },
	{ 0 },
};
