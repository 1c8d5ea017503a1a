// SPDX-License-Identifier: GPL-2.0-only
/* An unprivileged user's holder with more descriptors of its socket than one pass takes, and a process with more
 * descriptors than a pass has steps: the owner is found, and no look makes an innocent server's bind() fail. The
 * kernel's iterator over open files would: it holds a file for an instant, and its close() frees no port. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/stage.h"
#include "stage/witness.h"

#define NOBODY 65534
#define VICTIM 33 /* www-data, as Debian numbers it */
#define HOLDER_PORT 8080
#define INNOCENT_PORT 9090

/* More than PC_FILES_OWNERS, and more than the steps of one pass in one process. */
#define COPIES 5000
#define OTHERS 140000

#define REFUSALS 40
#define INNOCENT_ROUNDS 60000

/* Rounds beside the starts of portclash, by each of two processors. */
#define INNOCENTS 2
#define START_ROUNDS 500000

/* Runs beside which others looked at descriptors and an innocent server was refused. */
#define ATTEMPTS 4

struct io_copies {
	int fd;
	unsigned copies;
	unsigned others;
	int error;
};

/* Under systemd a user may have half a million descriptors. Elsewhere the limit is lower, and only root can raise it:
 * the holder does so before it becomes the user. */
static void act_allow_copies(void *io)
{
	struct io_copies *a = io;
	struct rlimit limit = { a->copies + a->others + 100, a->copies + a->others + 100 };

	a->error = setrlimit(RLIMIT_NOFILE, &limit) ? errno : 0;
}

/* The others come first, so that a pass meets them before the copies. */
static void act_copies(void *io)
{
	struct io_copies *a = io;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	for (unsigned i = 0; i < a->others && !a->error; i++)
		a->error = fcntl(null, F_DUPFD_CLOEXEC, 3) < 0 ? errno : 0;
	for (unsigned i = 0; i < a->copies && !a->error; i++)
		a->error = fcntl(a->fd, F_DUPFD_CLOEXEC, 3) < 0 ? errno : 0;
}

struct io_innocent {
	unsigned rounds;
	uint16_t port;
	unsigned refused;
	int error;
};

static void act_innocent(void *io)
{
	struct io_innocent *a = io;

	for (unsigned i = 0; i < a->rounds && !a->error; i++) {
		struct io_socket s = { 0 };
		struct io_name name = { .to = { "127.0.0.1", a->port } };

		act_socket(&s);
		name.fd = s.fd;
		act_bind(&name);
		a->refused += name.error == EADDRINUSE;
		a->error = s.error ? s.error : name.error == EADDRINUSE ? 0 : name.error;
		act_close(&(struct io_close){ .fd = s.fd });
	}
}

static void check_copies_owner(struct test *t, json_t *line, pid_t pid)
{
	struct spot at = spot_of(t, line), holders = spot_below(&at, "holders");
	struct spot holder = spot_at(&holders, 0), process = spot_below(&holder, "process");

	expect_string(&at, "cause", "listener");
	expect_int(&process, "pid", pid);
	expect_complete(&at);
}

static void take_refusals(struct test *t, struct puppet *web, struct puppet *holder, int count)
{
	for (int i = 0; i < count; i++) {
		stage_refused(web, 0, "127.0.0.1", HOLDER_PORT, EADDRINUSE);
		check_copies_owner(t, verdict_take(web), holder->pid);
	}
}

static void many_descriptors(struct test *t, unsigned copies, unsigned others, bool innocents)
{
	struct puppet *holder = puppet_start(t, "holder");
	struct puppet *web =
		puppet_start_as(t, &(struct puppet_spec){ .name = "web", .uid = VICTIM });
	struct puppet *innocent =
		puppet_start_as(t, &(struct puppet_spec){ .name = "innocent", .uid = VICTIM });
	struct io_innocent rounds = { .rounds = INNOCENT_ROUNDS, .port = INNOCENT_PORT };
	struct io_copies io = { .copies = copies, .others = others };
	struct prop listener;

	puppet_call(holder, act_allow_copies, &io, sizeof(io));
	if (io.error)
		test_skip(t, "so many descriptors are not allowed: %s", strerror(io.error));
	puppet_become(holder, NOBODY);
	monitor_watch(t, NULL);
	listener = stage_listener(holder, 0, "127.0.0.1", HOLDER_PORT);
	io.fd = listener.fd;
	puppet_call(holder, act_copies, &io, sizeof(io));
	if (io.error)
		test_skip(t, "so many descriptors cannot be had: %s", strerror(io.error));
	if (!innocents) {
		take_refusals(t, web, holder, 3);
		return;
	}
	puppet_begin(innocent, act_innocent, &rounds, sizeof(rounds));
	take_refusals(t, web, holder, REFUSALS);
	puppet_end(innocent, &rounds, sizeof(rounds), 120);
	test_note(t, "an innocent server was refused %u times in %u rounds", rounds.refused,
		  rounds.rounds);
	if (rounds.error || rounds.refused)
		test_fail(t, "expected no refusal of an innocent server, got %u (%s)",
			  rounds.refused, strerror(rounds.error));
}

static void scenario_many_copies_of_a_descriptor(struct test *t)
{
	many_descriptors(t, COPIES, 0, true);
}

static void scenario_many_descriptors(struct test *t)
{
	many_descriptors(t, 1, OTHERS, false);
}

struct innocents {
	int machine; /* the machine's /proc */
	struct puppet *by[INNOCENTS];
	struct io_innocent io[INNOCENTS];
	struct witness witness[INNOCENTS];
};

static void innocents_begin(struct test *t, struct innocents *all)
{
	for (unsigned i = 0; i < INNOCENTS; i++) {
		all->by[i] = puppet_start(t, "innocent");
		witness_begin(&all->witness[i], all->by[i], all->machine);
		all->io[i] = (struct io_innocent){ .rounds = START_ROUNDS,
						   .port = (uint16_t)(INNOCENT_PORT + i) };
		puppet_begin(all->by[i], act_innocent, &all->io[i], sizeof(all->io[i]));
	}
}

/* True: nobody was refused. False: somebody was, and another process of this machine looked at descriptors
 * meanwhile; nothing is known then. */
static bool innocents_end(struct test *t, struct innocents *all, const char *what, unsigned count)
{
	bool own = false, others = false;
	unsigned refused = 0;

	for (unsigned i = 0; i < INNOCENTS; i++) {
		bool by_others;

		puppet_end(all->by[i], &all->io[i], sizeof(all->io[i]), 240);
		if (all->io[i].error)
			test_abort(t, "stage: %s", strerror(all->io[i].error));
		refused += all->io[i].refused;
		own |= witness_end(&all->witness[i], &by_others);
		others |= by_others;
		puppet_exit(all->by[i]);
	}
	test_note(t, "%u %s beside %u rounds of bind() and close(): %u refused%s", count, what,
		  INNOCENTS * START_ROUNDS, refused,
		  others ? "; another process read their descriptors in /proc" : "");
	if (own)
		test_fail(t, "expected that portclash reads no descriptor of another process");
	if (refused && !others)
		test_fail(t, "expected no refusal of an innocent server, got %u", refused);
	t->retries |= refused && others;
	return !refused || !others;
}

/* Beside looks of others it is tried anew, for what they cause is not portclash's. */
static void innocents_beside(struct test *t, const char *what,
			     unsigned (*run)(struct test *t, void *context), void *context,
			     int machine)
{
	struct innocents all = { .machine = machine };

	for (int i = 0; i < ATTEMPTS; i++) {
		innocents_begin(t, &all);
		if (innocents_end(t, &all, what, run(t, context)))
			return;
	}
	test_skip(t, "other processes of this machine read descriptors in /proc all the time");
}

static unsigned starts_run(struct test *t, void *context)
{
	static const char *const argv[] = { "trace", "--json", "--quiet", "--for", "0.05", NULL };
	int64_t until = wall_ns() + (int64_t)(20e9 * t->settings->patience);
	unsigned starts = 0;

	(void)context;
	for (; wall_ns() < until; starts++)
		monitor_stop(t, monitor_spawn(t, &(struct monitor_spec){ .argv = argv }), 0, 30);
	return starts;
}

/* The look at all open sockets with which portclash begins makes nobody's bind() fail, either, also when sockets are
 * open that sock_diag lists in no namespace: those of MPTCP. */
static void scenario_starts_refuse_nobody(struct test *t)
{
	int machine = witness_own_proc(t);
	struct puppet *api = puppet_start(t, "api");
	struct io_socket unlisted = { .options = OPT_MPTCP };
	struct io_name name = { .to = { "127.0.0.1", HOLDER_PORT } };

	puppet_call(api, act_socket, &unlisted, sizeof(unlisted));
	name.fd = unlisted.fd;
	if (!unlisted.error)
		puppet_call(api, act_bind, &name, sizeof(name)); /* a look would give it a cookie */
	innocents_beside(t, "starts", starts_run, NULL, machine);
}

static unsigned looks_run(struct test *t, void *web)
{
	int64_t until = wall_ns() + (int64_t)(20e9 * t->settings->patience);
	unsigned looks = 0;

	for (; wall_ns() < until; looks++) {
		stage_refused(web, 0, "127.0.0.1", HOLDER_PORT, EADDRINUSE);
		if (!monitor_line(t, "refusal", ((struct puppet *)web)->pid, 10))
			test_abort(t, "expected a refusal, got none");
	}
	return looks;
}

/* The looks of a portclash that runs make nobody's bind() fail, either: at the owners of holders, at places, and at
 * what was refused of the innocent servers themselves. */
static void scenario_looks_refuse_nobody(struct test *t)
{
	int machine = witness_own_proc(t);
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");

	monitor_watch(t, (const char *const[]){ "--all", NULL });
	stage_listener(api, 0, "127.0.0.1", HOLDER_PORT);
	innocents_beside(t, "looks", looks_run, web, machine);
}

const struct scenario cases_load_many_descriptors[] = {
	{ .name = "many-copies-of-a-descriptor",
	  .run = scenario_many_copies_of_a_descriptor,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = NATIVE },
	{ .name = "many-descriptors",
	  .run = scenario_many_descriptors,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = EACH_KERNEL },
	{ .name = "starts-refuse-nobody",
	  .run = scenario_starts_refuse_nobody,
	  .seconds = 240,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = NATIVE },
	{ .name = "looks-refuse-nobody",
	  .run = scenario_looks_refuse_nobody,
	  .seconds = 240,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = NATIVE },
	{ 0 },
};
