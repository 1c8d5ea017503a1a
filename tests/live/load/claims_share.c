// SPDX-License-Identifier: GPL-2.0-only
/* An unprivileged user floods the ring of claims while portclash reads nothing, or little. Others make a claim now
 * and then: none of theirs is lost, and portclash says whose claims were. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "judge/clashed.h"
#include "monitor/footprint.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/clash.h"
#include "stage/group.h"

#define NOBODY 65534
#define SOMEBODY 4711
#define GROUP "/" GROUP_ROOT "/victim.service"
#define VICTIMS 40 /* claims of each of the others */
#define PAUSE_MS 60

/* The reader sleeps for so long, and reads for so long, in turns. */
#define ASLEEP_MS 400
#define AWAKE_MS 10

enum flood {
	FLOOD_SOCKETS,	 /* a new socket for each claim */
	FLOOD_ONE,	 /* one socket, connected and disconnected: all claims have one cookie */
	FLOOD_PROCESSES, /* a new process for each claim, described before it */
	FLOODS,
};

static const char *const flood_names[FLOODS] = { "sockets", "one socket", "processes" };

struct io_claims {
	enum flood kind;
	double seconds;
	unsigned long made;
	int error;
};

static int claim_by_bind(void)
{
	int fd = open_bound(OPT_UDP, &(struct end){ "127.0.0.1", 0 });

	if (fd < 0)
		return -fd;
	close(fd);
	return 0;
}

static int claim_by_connect(int fd)
{
	struct io_name name = { .fd = fd, .to = { "127.0.0.1", 9 } };

	act_connect(&name);
	act_disconnect(&name);
	return name.error;
}

static int claim_in_process(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(claim_by_bind());
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return errno;
	return WEXITSTATUS(status);
}

static void act_flood_claims(void *io)
{
	struct io_claims *a = io;
	int64_t until = wall_ns() + (int64_t)(a->seconds * 1e9);
	struct io_socket s = { .options = OPT_UDP };

	act_socket(&s);
	for (; !a->error && wall_ns() < until; a->made++)
		a->error = a->kind == FLOOD_PROCESSES ? claim_in_process() :
			   a->kind == FLOOD_ONE	      ? claim_by_connect(s.fd) :
							claim_by_bind();
	act_close(&(struct io_close){ .fd = s.fd });
}

struct io_victim {
	unsigned first;
	unsigned done;
	struct clash clashes[VICTIMS];
};

static void act_claim_one(void *io)
{
	struct io_victim *a = io;

	clash_open(&a->clashes[a->done], a->first + a->done);
	clash_claim(&a->clashes[a->done], a->first + a->done);
	a->done++;
}

static void act_collide_all(void *io)
{
	struct io_victim *a = io;

	for (unsigned i = 0; i < VICTIMS; i++)
		clash_collide(&a->clashes[i]);
}

static const struct clash *clash_on(struct test *t, const struct io_victim *io, long long port)
{
	for (unsigned i = 0; i < VICTIMS; i++)
		if (io->clashes[i].port == port)
			return &io->clashes[i];
	test_abort(t, "no victim has port %lld", port);
}

/* Returns how many refusals were not told. */
static unsigned check_victim_claims(struct test *t, struct puppet *by, const struct io_victim *io)
{
	for (unsigned told = 0; told < VICTIMS; told++) {
		json_t *line = monitor_line(t, "refusal", by->pid, 10);
		struct spot s = spot_of(t, line), holders = spot_below(&s, "holders");
		struct spot holder = spot_at(&holders, 0);
		json_t *requested = json_object_get(line, "requested");
		unsigned before = t->report->failures;

		if (io->clashes[told].error != EADDRINUSE)
			test_abort(t, "stage: no collision on port %u", io->clashes[told].port);
		if (!line)
			return VICTIMS - told;
		clashed_check_known(
			&s, &holder,
			clash_on(t, io, json_integer_value(json_object_get(requested, "port"))));
		if (t->report->failures > before)
			note_line(t, line);
	}
	return 0;
}

/* All lost claims are of somebody, and the ring was never full. One socket fills it on any machine; new sockets wait in
 * slots until they are closed, and new processes may be too few. */
static void check_losers(struct test *t, struct monitor *m, enum flood kind, unsigned missing)
{
	json_t *summary = m->lines[m->count - 1], *lost = json_object_get(summary, "lost");
	json_t *users = json_object_get(summary, "over_share"), *user;
	struct spot at = spot_of(t, summary), kinds = spot_below(&at, "lost");
	long long total = json_integer_value(json_object_get(lost, "over_share")), sum = 0;
	size_t i;

	expect_int(&kinds, "claims", 0);
	json_array_foreach(users, i, user)
	{
		/* Root does other things on this machine, too. */
		if (json_integer_value(json_object_get(user, "uid")) == SOMEBODY)
			test_fail(t, "expected no lost claims of user %d", SOMEBODY);
		sum += json_integer_value(json_object_get(user, "claims"));
	}
	/* Somebody else on this machine can fill the ring of refusals. */
	if (missing > json_integer_value(json_object_get(lost, "refusals")))
		test_fail(t, "expected all refusals told, got %u missing", missing);
	if ((!total && kind == FLOOD_ONE) || sum != total)
		test_fail(t, "expected claims over a share, all of a user, got %lld of %lld", sum,
			  total);
	test_note(t, "%lld claims over the share of user %d", total, NOBODY);
}

static void share_finish(struct test *t, enum flood kind, unsigned missing)
{
	struct monitor *m = t->monitor;

	monitor_finish(t);
	check_losers(t, m, kind, missing);
	t->monitor = NULL;
}

static void beside_claims(struct test *t, enum flood kind, bool slow)
{
	static unsigned first; /* no victim has the number of another */
	struct puppet *flooder =
		puppet_start_as(t, &(struct puppet_spec){ .name = "nobody", .uid = NOBODY });
	struct puppet *others[2] = {
		puppet_start(t, "root"),
		puppet_start_as(t, &(struct puppet_spec){ .name = "somebody", .uid = SOMEBODY }),
	};
	struct puppet *web[2] = { puppet_start(t, "web"), puppet_start(t, "web2") };
	struct io_claims flood = { .kind = kind, .seconds = VICTIMS * PAUSE_MS / 1000.0 + 1 };
	static struct io_victim io[2];
	unsigned missing = 0;

	memset(io, 0, sizeof(io));
	for (unsigned j = 0; j < 2; j++, first += VICTIMS)
		io[j].first = first;
	group_move(t, GROUP, others[0]); /* the share of root is that of its group */
	monitor_watch(t, (const char *const[]){ "--all", NULL });
	footprint_stop(t, t->monitor->pid);
	puppet_begin(flooder, act_flood_claims, &flood, sizeof(flood));
	sleep_ms(500);
	for (unsigned i = 0; i < VICTIMS; i++) {
		for (unsigned j = 0; j < 2; j++)
			puppet_call(others[j], act_claim_one, &io[j], sizeof(io[j]));
		sleep_ms(PAUSE_MS);
		if (slow && i % (ASLEEP_MS / PAUSE_MS) == 0) {
			kill(t->monitor->pid, SIGCONT);
			sleep_ms(AWAKE_MS);
			footprint_stop(t, t->monitor->pid);
		}
	}
	puppet_end(flooder, &flood, sizeof(flood), 60);
	kill(t->monitor->pid, SIGCONT);
	if (flood.error)
		test_abort(t, "stage: the flood: %s", strerror(flood.error));
	test_note(t, "%s, reader %s: %lu claims of the flood", flood_names[kind],
		  slow ? "slow" : "stopped", flood.made);
	for (unsigned j = 0; j < 2; j++) {
		puppet_call(web[j], act_collide_all, &io[j], sizeof(io[j]));
		missing += check_victim_claims(t, web[j], &io[j]);
	}
	share_finish(t, kind, missing);
	puppet_exit(flooder);
	for (unsigned j = 0; j < 2; j++) {
		puppet_exit(others[j]);
		puppet_exit(web[j]);
	}
	group_remove(GROUP);
}

static void scenario_claims_flood_beside_victim(struct test *t)
{
	struct prop listener;

	t->retries = true; /* the lines of others are not compared */
	listener = stage_bound(puppet_start(t, "api"), 0, "127.0.0.1", SERVER_PORT);
	stage_listen(&listener, 4096);
	for (int kind = 0; kind < FLOODS; kind++)
		beside_claims(t, kind, false);
	beside_claims(t, FLOOD_ONE, true);
}

const struct scenario cases_load_claims_share[] = {
	{ .name = "claims-flood-beside-victim",
	  .run = scenario_claims_flood_beside_victim,
	  .seconds = 120,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = ONCE },
	{ 0 },
};
