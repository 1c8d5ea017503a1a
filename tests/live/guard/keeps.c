// SPDX-License-Identifier: GPL-2.0-only
/* `portclash guard`: ports of servers are reserved from the listen() on, through restarts, kills and other
 * programs' writes, beside `free` and `reserve`; and they are given back. tests/guard does the same at full
 * load. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge/guard.h"
#include "run/cases.h"
#include "stage/group.h"
#include "stage/robbery.h"
#include "stage/space.h"

#define NOBODY 65534
#define SERVICE "/" GROUP_ROOT "/guarded.service"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define CONTAINER "/" GROUP_ROOT "/docker-" ID ".scope"

#define ARGUMENTS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define HERE "--own-netns", "--policy", "all"

/* From the listen() to --off. */
static void scenario_guard_listener(struct test *t)
{
	struct puppet *server = puppet_start(t, "server");
	struct guard g = guard_begin(t, NULL);
	struct prop p = stage_listener(server, 0, "127.0.0.1", 45000), other;
	struct spot s = guard_told(&g, "reserved", 45000);

	expect_int(&s, "netns", (long long)server->who.netns);
	s = spot_below(&s, "process");
	expect_string(&s, "comm", "server");
	expect_int(&s, "uid", 0);
	guard_expect_list(t, "45000");
	/* Outside the range, and by the kernel's choice: neither needs a guard. */
	other = stage_listener(server, 0, "127.0.0.1", 8080);
	stage_listener(server, 0, "127.0.0.1", 0);
	stage_close(&other);
	stage_close(&p);
	sleep_ms(200);
	guard_expect_list(t, "45000");
	guard_end(&g, SIGTERM);
	guard_expect_list(t, "45000");
	guard_run(&g, ARGUMENTS("--status"), 3);
	guard_run(&g, ARGUMENTS("--off"), 0);
	guard_expect_list(t, "");
}

/* A UDP server counts when two looks have seen it, half a minute apart; a client that asks for its port by number
 * never does. */
static void scenario_guard_udp(struct test *t)
{
	struct puppet *server = puppet_start(t, "server"), *resolver = puppet_start(t, "resolver");
	struct guard g = guard_begin(t, NULL);
	struct prop p = stage_bound(server, OPT_UDP, "127.0.0.1", 45000), query;
	int64_t until = deadline_in(t, 90);
	bool told = false;

	query = stage_bound(resolver, OPT_UDP, "127.0.0.1", 45002);
	stage_connect(&query, "127.0.0.1", 45000);
	sleep_ms(1000);
	guard_expect_list(t, "");
	while (!told && !deadline_over(until)) {
		char now[64] = "";

		sleep_ms(100);
		space_get(RESERVED, now, sizeof(now));
		told = !strcmp(now, "45000");
	}
	guard_expect_list(t, "45000");
	stage_close(&p);
	sleep_ms(1000);
	guard_expect_list(t, "45000");
	guard_end(&g, SIGTERM);
}

/* A protected port is reserved at once, whether a server listens there or not. */
static void scenario_guard_protect(struct test *t)
{
	struct guard g = guard_begin(t, ARGUMENTS(HERE, "--protect", "45010-45012"));

	guard_await_list(t, "45010-45012");
	guard_end(&g, SIGTERM);
	guard_run(&g, ARGUMENTS("--off"), 0);
	guard_expect_list(t, "");
}

/* While its server restarts, no client is given the port, though the range has one other only. */
static void scenario_guard_keeps_clients_off(struct test *t)
{
	struct puppet *server = puppet_start(t, "server"), *client = puppet_start(t, "client");
	struct prop p, out, backend;
	struct guard g;

	audit_set(t, RANGE, "45000 45001");
	backend = stage_listener(client, 0, "127.0.0.1", SERVER_PORT);
	g = guard_begin(t, ARGUMENTS(HERE, "--share", "50%"));
	for (int i = 0; i < 5; i++) {
		p = stage_listener(server, OPT_REUSEADDR, "0.0.0.0", 45000);
		guard_await_list(t, "45000");
		stage_close(&p);
		for (int j = 0; j < 5; j++) {
			out = stage_client(client, 0, "127.0.0.1", SERVER_PORT);
			if (out.look.local.port != 45001)
				test_fail(t, "expected port 45001 for a client, got %u",
					  out.look.local.port);
			puppet_call(client, act_close,
				    &(struct io_close){ .fd = out.fd, .reset = true },
				    sizeof(struct io_close));
		}
	}
	stage_look(&backend);
	guard_end(&g, SIGTERM);
}

struct io_rewrite {
	char text[64];
	char after[128]; /* the list, read at once */
	int error;
};

static void act_rewrite(void *io)
{
	struct io_rewrite *a = io;

	a->error = -space_set(RESERVED, a->text);
	space_get(RESERVED, a->after, sizeof(a->after));
}

/* Another program writes the list without the guarded port, which never leaves. Where no program of the guard
 * sees writes (it says so), the port comes back. */
static void scenario_guard_rewritten(struct test *t)
{
	struct puppet *server = puppet_start(t, "server"), *admin = puppet_start(t, "admin");
	struct guard g = guard_begin(t, NULL);
	struct io_rewrite a = { .text = "5000-5002" };
	char *said;
	struct spot s;

	stage_listener(server, 0, "127.0.0.1", 45000);
	guard_await_list(t, "45000");
	/* The guard tells of the port when its write is done. Before that it puts the port back without a line. */
	guard_told(&g, "reserved", 45000);
	puppet_call(admin, act_rewrite, &a, sizeof(a));
	if (a.error)
		test_abort(t, "stage: the list cannot be written: %s", strerror(a.error));
	said = monitor_text(g.m->err);
	if (!strstr(a.after, "45000") && !strstr(said, "within a second"))
		test_fail(t, "expected that port 45000 never leaves, got \"%s\"", a.after);
	s = guard_told(&g, "restored", 45000);
	if (!strstr(said, "within a second")) {
		expect_int(&s, "pid", admin->who.pid);
		s = spot_below(&s, "process");
		expect_string(&s, "comm", "admin");
	}
	guard_await_list(t, "5000-5002,45000");
	free(said);
	strcpy(a.text, "\n");
	puppet_call(admin, act_rewrite, &a, sizeof(a));
	guard_await_list(t, "45000");
	guard_end(&g, SIGTERM);
}

/* A guard that is killed leaves no gap; the next one takes up the record, and sees who came meanwhile. */
static void scenario_guard_killed(struct test *t)
{
	struct puppet *server = puppet_start(t, "server"), *later = puppet_start(t, "later");
	struct guard g = guard_begin(t, NULL);
	struct audit a;
	struct spot s;

	stage_listener(server, 0, "127.0.0.1", 45000);
	guard_await_list(t, "45000");
	guard_end(&g, SIGKILL);
	guard_expect_list(t, "45000");
	stage_listener(later, 0, "127.0.0.1", 45002);
	puppet_exit(server);
	guard_again(&g, NULL);
	guard_await_list(t, "45000,45002");
	a = guard_run(&g, ARGUMENTS("--status"), 0);
	s = audit_line(&(struct audit){ t, a.m, 0 }, "guard-status", 0);
	expect_int(&s, "pid", g.m->pid);
	s = spot_below(&s, "ports");
	if (json_array_size(s.json) != 2)
		expected(&s, "two guarded ports");
	guard_end(&g, SIGTERM);
}

static void scenario_guard_grace(struct test *t)
{
	struct puppet *server = puppet_start(t, "server");
	struct guard g = guard_begin(t, ARGUMENTS(HERE, "--grace", "1s"));
	struct prop p = stage_listener(server, 0, "127.0.0.1", 45000);

	guard_await_list(t, "45000");
	stage_close(&p);
	guard_told(&g, "released", 45000);
	guard_await_list(t, "");
	guard_end(&g, SIGTERM);
}

/* A tenth of a range of 100 ports: the eleventh server is not guarded, and that is told. */
static void scenario_guard_share(struct test *t)
{
	struct puppet *server = puppet_start(t, "server");
	struct guard g;
	struct spot s;

	audit_set(t, RANGE, "45000 45099");
	g = guard_begin(t, NULL);
	for (int i = 0; i < 11; i++)
		stage_listener(server, 0, "127.0.0.1", (uint16_t)(45000 + 2 * i));
	s = guard_told(&g, "refused", 0);
	expect_string(&s, "limit", "over-share");
	expect_int(&s, "share", 10);
	guard_await_list(t, "45000,45002,45004,45006,45008,45010,45012,45014,45016,45018");
	guard_end(&g, SIGTERM);
}

/* A service in a container's network namespace, by the policy that names its unit. */
static void scenario_guard_elsewhere(struct test *t)
{
	struct puppet *server = puppet_start(t, "server"), *other = puppet_start(t, "other");
	struct guard g;
	struct spot s;

	group_move(t, SERVICE, server);
	puppet_go_elsewhere(server);
	g = guard_begin(t, ARGUMENTS("--policy", "unit:guarded"));
	stage_listener(other, 0, "127.0.0.1", 45002);
	stage_listener(server, 0, "127.0.0.1", 45000);
	s = guard_told(&g, "reserved", 45000);
	expect_int(&s, "netns", (long long)server->who.netns);
	s = spot_below(&s, "process");
	expect_string(&s, "unit", "guarded.service");
	guard_expect_list(t, "");
	guard_end(&g, SIGTERM);
	guard_run(&g, ARGUMENTS("--off"), 0);
	puppet_exit(server);
	group_remove(SERVICE);
}

/* The policy takes, of three listeners, that of a container and that of a user. */
static void scenario_guard_policy(struct test *t)
{
	struct puppet *inside = puppet_start(t, "inside"), *other = puppet_start(t, "other");
	struct puppet *user =
		puppet_start_as(t, &(struct puppet_spec){ .name = "user", .uid = NOBODY });
	struct guard g;
	struct spot s;

	group_move(t, CONTAINER, inside);
	g = guard_begin(t,
			ARGUMENTS("--own-netns", "--policy", "container:0123456789ab,uid:65534"));
	stage_listener(other, 0, "127.0.0.1", 45004);
	stage_listener(inside, 0, "127.0.0.1", 45000);
	stage_listener(user, 0, "127.0.0.1", 45002);
	s = guard_told(&g, "reserved", 45000);
	s = spot_below(&s, "process");
	expect_string(&s, "container", ID);
	s = guard_told(&g, "reserved", 45002);
	s = spot_below(&s, "process");
	expect_int(&s, "uid", NOBODY);
	sleep_ms(200);
	guard_expect_list(t, "45000,45002");
	guard_end(&g, SIGTERM);
	puppet_exit(inside);
	group_remove(CONTAINER);
}

static void guard_says(struct guard *g, const char *const *more, uid_t uid, const char *says)
{
	const char *argv[12] = { "guard", "--state", g->state, "--root", g->root };
	struct monitor_spec spec = { .argv = argv, .in_space = true, .uid = uid };
	char path[128], *said;
	struct audit a;
	int n = 5;

	for (int i = 0; more[i] && n < 11; i++)
		argv[n++] = more[i];
	if (uid)
		monitor_copy(g->t, path, sizeof(path));
	spec.exe = uid ? path : NULL;
	a = audit_as(g->t, &spec, 1);
	said = monitor_text(a.m->err);
	if (!strstr(said, says))
		test_fail(g->t, "expected \"%s\", got \"%s\"", says, said);
	free(said);
}

static void scenario_guard_two(struct test *t)
{
	struct guard g = guard_begin(t, NULL);

	guard_says(&g, ARGUMENTS(HERE), 0, "another guard already runs");
	guard_says(&g, ARGUMENTS("--off"), 0, "another guard already runs");
	guard_says(&g, ARGUMENTS(HERE), NOBODY, "root");
	guard_end(&g, SIGTERM);
}

static void scenario_guard_dry_run(struct test *t)
{
	struct puppet *server = puppet_start(t, "server");
	struct guard g = guard_begin(t, NULL);
	struct audit a;
	struct spot s;

	guard_end(&g, SIGTERM);
	stage_listener(server, 0, "127.0.0.1", 45000);
	a = guard_run(&g, ARGUMENTS(HERE, "--dry-run"), 0);
	s = audit_line(&(struct audit){ t, a.m, 0 }, "guard", 0);
	expect_string(&s, "deed", "reserved");
	expect_bool(&s, "dry_run", true);
	guard_expect_list(t, "");
}

/* `free` takes a guarded server's stolen port back; when its own reservation ends, the guard's stays: the port is
 * not free of it for an instant. */
static void scenario_guard_and_free(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct guard g = guard_begin(t, NULL);
	int64_t until = deadline_in(t, 0.7);
	char list[16];

	snprintf(list, sizeof(list), "%u", r.port);
	guard_beside(&g, ARGUMENTS("free", "--yes", "--json", r.text), 0);
	guard_expect_list(t, list);
	robbery_serve(&r);
	while (!deadline_over(until))
		guard_expect_list(t, list);
	guard_told(&g, "reserved", r.port);
	guard_beside(&g, ARGUMENTS("reserve", "--json", "--remove", r.text), 3);
	guard_expect_list(t, list);
	guard_end(&g, SIGTERM);
	guard_run(&g, ARGUMENTS("--off"), 0);
	guard_expect_list(t, "");
}

/* Two keep one port: it leaves when both have given it up. */
static void scenario_guard_and_reserve(struct test *t)
{
	struct puppet *server = puppet_start(t, "server");
	struct guard g = guard_begin(t, NULL);
	struct audit a;
	struct spot s;

	stage_listener(server, 0, "127.0.0.1", 45000);
	guard_told(&g, "reserved", 45000);
	guard_beside(&g, ARGUMENTS("reserve", "--json", "45000-45001"), 0);
	guard_expect_list(t, "45000-45001");
	a = guard_beside(&g, ARGUMENTS("reserve", "--json", "--remove", "45000-45001"), 3);
	s = audit_line(&a, "reserve", 0);
	expect_string(&s, "changed", "45001");
	expect_string(&s, "needed", "45000");
	guard_expect_list(t, "45000");
	guard_beside(&g, ARGUMENTS("reserve", "--json", "45000"), 0);
	guard_end(&g, SIGTERM);
	guard_run(&g, ARGUMENTS("--off"), 0);
	guard_expect_list(t, "45000");
	guard_beside(&g, ARGUMENTS("reserve", "--json", "--remove", "45000"), 0);
	guard_expect_list(t, "");
}

const struct scenario cases_guard_keeps[] = {
	{ .name = "guard-listener", .run = scenario_guard_listener, .where = EACH_KERNEL },
	{ .name = "guard-udp",
	  .run = scenario_guard_udp,
	  .seconds = 150,
	  .slow = true,
	  .where = EACH_KERNEL },
	{ .name = "guard-protect", .run = scenario_guard_protect, .where = EACH_KERNEL },
	{ .name = "guard-keeps-clients-off",
	  .run = scenario_guard_keeps_clients_off,
	  .where = EACH_KERNEL },
	{ .name = "guard-rewritten", .run = scenario_guard_rewritten, .where = EACH_KERNEL },
	{ .name = "guard-killed", .run = scenario_guard_killed, .where = EACH_KERNEL },
	{ .name = "guard-grace", .run = scenario_guard_grace, .where = EACH_KERNEL },
	{ .name = "guard-share", .run = scenario_guard_share, .where = EACH_KERNEL },
	{ .name = "guard-elsewhere", .run = scenario_guard_elsewhere, .where = EACH_KERNEL },
	{ .name = "guard-policy", .run = scenario_guard_policy, .where = EACH_KERNEL },
	{ .name = "guard-two", .run = scenario_guard_two, .where = ONCE },
	{ .name = "guard-dry-run", .run = scenario_guard_dry_run, .where = ONCE },
	{ .name = "guard-and-free", .run = scenario_guard_and_free, .where = EACH_KERNEL },
	{ .name = "guard-and-reserve", .run = scenario_guard_and_reserve, .where = EACH_KERNEL },
	{ 0 },
};
