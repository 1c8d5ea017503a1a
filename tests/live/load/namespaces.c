// SPDX-License-Identifier: GPL-2.0-only
/* Network namespaces of an unprivileged user that come and go with a refusal in each: portclash keeps nothing of them,
 * never reports the settings of one for another, and does not forget those of another user. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "judge/verdict.h"
#include "monitor/footprint.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/space.h"
#include "stage/stage.h"
#include "stage/users.h"

#define NOBODY 65534
#define VICTIM 33 /* www-data, as Debian numbers it */

#define SPACES 1000
#define WARM_UP 500
#define AT_ONCE 100

/* The first namespace reserves so many ports; each that follows reserves one more. */
#define RESERVED_FIRST 20000

/* The victim's own namespace has this one. */
#define VICTIM_RESERVED "19999"

#define GROWTH_MAX_KIB 640

struct io_spaces {
	unsigned first;
	unsigned count;
	int error;
	uint16_t ports[AT_ONCE]; /* taken by bind() to port 0, and refused */
	uint64_t spaces[AT_ONCE];
};

static int collide_in_namespace(uint16_t *port)
{
	struct io_socket one = { 0 }, two = { 0 };
	struct io_name first = { .to = { "127.0.0.1", 0 } }, second = { .to = { "0.0.0.0", 0 } };
	struct io_look look;

	act_socket(&one);
	act_socket(&two);
	first.fd = one.fd;
	act_bind(&first);
	look = (struct io_look){ .fd = one.fd };
	act_look(&look);
	*port = second.to.port = look.local.port;
	second.fd = two.fd;
	act_bind(&second);
	act_close(&(struct io_close){ .fd = one.fd });
	act_close(&(struct io_close){ .fd = two.fd });
	return first.error ? first.error : second.error == EADDRINUSE ? 0 : EINVAL;
}

static void act_collide_in_spaces(void *io)
{
	struct io_spaces *a = io;
	char reserved[16];

	for (unsigned i = 0; i < a->count && !a->error; i++) {
		snprintf(reserved, sizeof(reserved), "%u", RESERVED_FIRST + a->first + i);
		a->error = -space_enter();
		if (!a->error)
			a->error = -space_set("ipv4/ip_local_reserved_ports", reserved);
		if (!a->error)
			a->error = collide_in_namespace(&a->ports[i]);
		a->spaces[i] = space_of(getpid());
	}
}

static void collide_in_spaces(struct test *t, struct puppet *web, struct io_spaces *io)
{
	puppet_begin(web, act_collide_in_spaces, io, sizeof(*io));
	puppet_end(web, io, sizeof(*io), 60);
	if (io->error)
		test_abort(t, "stage: in a new network namespace: %s", strerror(io->error));
}

/* Counts verdicts that print their own namespace's reserved ports, and verdicts that print those of
 * a later namespace to which the kernel gave the same number. */
struct lists {
	unsigned own;
	unsigned later;
};

static bool namespaces_is_list_of(const char *list, const struct io_spaces *io, unsigned space,
				  uint16_t port)
{
	char reserved[16];

	snprintf(reserved, sizeof(reserved), "%u", RESERVED_FIRST + io->first + space);
	return fixes_is_reserved_and(list, reserved, port);
}

/* An unknown list is not printed. */
static void check_namespace_list(const struct spot *line, const struct io_spaces *io, unsigned i,
				 struct lists *lists)
{
	static const char sysctl[] = "ip_local_reserved_ports=";
	json_t *fix = fixes_with_plain(line->json, sysctl);
	const char *command = json_string_value(json_object_get(fix, "command_plain"));
	const char *list = command ? strstr(command, sysctl) + strlen(sysctl) : NULL;

	if (!list)
		return;
	for (unsigned other = i; other < io->count; other++) {
		if (io->spaces[other] != io->spaces[i] ||
		    !namespaces_is_list_of(list, io, other, io->ports[i]))
			continue;
		lists->own += other == i;
		lists->later += other != i;
		return;
	}
	test_fail(line->t, "expected the list %u and %u, got \"%s\"",
		  RESERVED_FIRST + io->first + i, io->ports[i], command);
}

/* The looks at processes of namespaces have a share of time for each user. */
static void check_whole_or_used_up(const struct spot *line)
{
	if (json_is_true(json_object_get(line->json, "incomplete")))
		expect_contains(line, "incomplete_reason",
				"refusals of this user had used up the time for that");
}

static void check_namespaces(struct test *t, struct puppet *web, const struct io_spaces *io,
			     struct lists *lists)
{
	for (unsigned i = 0; i < io->count; i++) {
		json_t *line = monitor_line(t, "refusal", web->pid, 20);
		struct spot s = spot_of(t, line), requested = spot_below(&s, "requested");
		struct spot holders = spot_below(&s, "holders"), holder = spot_at(&holders, 0);
		struct spot process = spot_below(&holder, "process");
		unsigned before = t->report->failures;

		if (!line)
			test_abort(t, "expected %u refusals, got %u", io->count, i);
		expect_int(&requested, "port", io->ports[i]);
		expect_string(&s, "cause", "ephemeral-bind");
		expect_int(&process, "pid", web->pid);
		expect_string(&holder, "how", "bind-zero");
		check_whole_or_used_up(&s);
		check_namespace_list(&s, io, i, lists);
		if (t->report->failures > before)
			note_line(t, line);
	}
}

/* Network namespaces are free to whoever is root in a user namespace. */
static struct puppet *start_maker_of_spaces(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");

	users_enter(web, NOBODY);
	return web;
}

static void act_reserve_victims(void *io)
{
	*(int *)io = -space_set("ipv4/ip_local_reserved_ports", VICTIM_RESERVED);
}

/* Starts a server of another user, in a namespace of its own with a list of its own. */
static struct puppet *start_victim(struct test *t)
{
	struct puppet *victim = puppet_start(t, "victim");
	int error = 0;

	puppet_go_elsewhere(victim);
	puppet_call(victim, act_reserve_victims, &error, sizeof(error));
	if (error)
		test_abort(t, "stage: reserved ports: %s", strerror(error));
	puppet_become(victim, VICTIM);
	return victim;
}

/* Has the victim refused a port that the kernel gave to a socket of its own; returns the port. */
static uint16_t refuse_victim(struct puppet *victim)
{
	struct prop taken = stage_bound(victim, 0, "127.0.0.1", 0);
	uint16_t port = taken.look.local.port;

	stage_refused(victim, 0, "0.0.0.0", port, EADDRINUSE);
	stage_close(&taken);
	return port;
}

/* The victim's verdict has all that it should have, whatever the other user does. */
static void check_victims_list(struct test *t, struct puppet *victim, uint16_t port)
{
	static const char sysctl[] = "ip_local_reserved_ports=";
	json_t *line = monitor_line(t, "refusal", victim->pid, 20);
	json_t *fix = line ? fixes_with_plain(line, sysctl) : NULL;
	const char *command = json_string_value(json_object_get(fix, "command_plain"));
	const char *list = command ? strstr(command, sysctl) + strlen(sysctl) : "none";
	unsigned failures = t->report->failures;
	struct spot s;

	if (!line)
		test_abort(t, "expected a refusal of the victim, got none");
	s = spot_of(t, line);
	expect_string(&s, "cause", "ephemeral-bind");
	expect_complete(&s);
	if (!fixes_is_reserved_and(list, VICTIM_RESERVED, port))
		test_fail(t, "expected the victim's list %s and %u, got \"%s\"", VICTIM_RESERVED,
			  port, list);
	if (t->report->failures > failures)
		note_line(t, line);
}

static void scenario_1000_namespaces(struct test *t)
{
	struct footprint warm = { 0 }, end;
	struct io_spaces io = { .count = AT_ONCE };
	struct lists lists = { 0 };

	monitor_watch(t, NULL);
	for (; io.first < SPACES; io.first += AT_ONCE) {
		/* The quota would count the rest of one process' refusals. A victim that gets other ports so often would be taken
		 * for one that hunts for a free port, which has one line. */
		struct puppet *web = start_maker_of_spaces(t), *victim = start_victim(t);
		uint16_t port;

		if (io.first == WARM_UP)
			warm = footprint_of(t, t->monitor->pid);
		collide_in_spaces(t, web, &io);
		port = refuse_victim(victim);
		check_namespaces(t, web, &io, &lists);
		check_victims_list(t, victim, port);
		puppet_exit(victim);
		puppet_exit(web);
	}
	end = footprint_of(t, t->monitor->pid);
	test_note(t, "%u namespaces, reserved ports: of %u their own, of %u those of a later one",
		  SPACES, lists.own, lists.later);
	footprint_compare(t, "from the 500th to the last", &warm, &end, GROWTH_MAX_KIB);
}

/* More refusals wait than portclash remembers namespaces: it does not make up what it has
 * forgotten. The user who has most of them loses the oldest, and not the victim. */
static void scenario_100_namespaces_at_once(struct test *t)
{
	struct puppet *web = start_maker_of_spaces(t), *victim = start_victim(t);
	uint16_t port;
	struct io_spaces io = { .count = AT_ONCE };
	struct lists lists = { 0 };

	monitor_watch(t, NULL);
	footprint_stop(t, t->monitor->pid);
	port = refuse_victim(victim);
	collide_in_spaces(t, web, &io);
	kill(t->monitor->pid, SIGCONT);
	check_victims_list(t, victim, port);
	check_namespaces(t, web, &io, &lists);
	test_note(t, "%u namespaces, reserved ports: of %u their own, of %u those of a later one",
		  AT_ONCE, lists.own, lists.later);
	if (!lists.own || lists.own == AT_ONCE)
		test_fail(t, "expected that some lists were known and some forgotten, got %u of %u",
			  lists.own, AT_ONCE);
}

const struct scenario cases_load_namespaces[] = {
	{ .name = "100-namespaces-at-once",
	  .run = scenario_100_namespaces_at_once,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = ONCE },
	{ .name = "1000-namespaces",
	  .run = scenario_1000_namespaces,
	  .seconds = 300,
	  .slow = true,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = ONCE },
	{ 0 },
};
