// SPDX-License-Identifier: GPL-2.0-only
/* A user floods portclash with refusals of its own, to hide those of others: a victim beside it is
 * refused ten times a second, and each of its refusals is told within two seconds. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "judge/expect.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/stage.h"

#define NOBODY 65534
#define VICTIM_PORT 8080
#define FLOOD_PORT 10000
#define PAUSE_MS 100
#define REFUSALS 40
#define TOLD_WITHIN_NS 2000000000

enum { SOCKETS_MAX = 2 };

/* Processes that keep two processors busy, and what the victim does beside them. */
#define BUSY_LOOPS 16
#define BUSY_REFUSALS 10
#define BUSY_PAUSE_MS 500

/* Nice= of packaging/systemd/portclash.service. */
#define UNIT_NICE (-5)

/* The flooder binds its sockets in turn to ports of this many, all of which it holds itself. */
struct io_flooder {
	unsigned ports;
	unsigned spaces; /* network namespaces of its own, one socket in each; 0: none */
	bool forks;	 /* each hundred refusals by a process of its own */
	char path[108];	 /* not "": bind a Unix socket to this path instead */
	double seconds;
	unsigned long refused;
	int error;
};

static int held_socket(uint16_t port)
{
	struct io_socket s = { 0 };
	struct io_name call = { .to = { "127.0.0.1", port } };

	act_socket(&s);
	call.fd = s.fd;
	act_bind(&call);
	return s.error ? s.error : call.error;
}

/* Holds the ports, and returns in `fds` the sockets that will ask for them. */
static int flooder_prepare(const struct io_flooder *a, int fds[SOCKETS_MAX])
{
	int error = 0;

	for (unsigned i = 0; i < SOCKETS_MAX && !error; i++) {
		struct io_socket s = { 0 };

		if (i < a->spaces && unshare(CLONE_NEWNET))
			return errno;
		for (unsigned p = 0; p < a->ports && !error && (i == 0 || a->spaces); p++)
			error = held_socket((uint16_t)(FLOOD_PORT + p));
		act_socket(&s);
		fds[i] = s.fd;
	}
	return error ? error : setuid(NOBODY) ? errno : 0;
}

/* Holds the path, and returns in `fds` the sockets that will ask for it. */
static int flooder_hold_path(struct io_flooder *a, int fds[SOCKETS_MAX])
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int holder = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", a->path);
	if (holder < 0 || bind(holder, (const struct sockaddr *)&to, sizeof(to)))
		return errno;
	for (unsigned i = 0; i < SOCKETS_MAX; i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		if (fds[i] < 0)
			return errno;
	}
	return setuid(NOBODY) ? errno : 0;
}

static int flooder_ask_path(const struct io_flooder *a, int fd)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", a->path);
	if (!bind(fd, (const struct sockaddr *)&to, sizeof(to)))
		return EINVAL;
	return errno == EADDRINUSE ? 0 : errno;
}

static int flooder_once(const struct io_flooder *a, const int fds[SOCKETS_MAX], unsigned long n)
{
	struct io_name call = {
		.fd = fds[n % SOCKETS_MAX],
		.to = { "127.0.0.1", (uint16_t)(FLOOD_PORT + n / SOCKETS_MAX % a->ports) },
	};

	if (a->path[0])
		return flooder_ask_path(a, fds[n % SOCKETS_MAX]);
	act_bind(&call);
	return call.error == EADDRINUSE ? 0 : call.error ? call.error : EINVAL;
}

static void act_flood_as_nobody(void *io)
{
	struct io_flooder *a = io;
	int64_t until = wall_ns() + (int64_t)(a->seconds * 1e9);
	int fds[SOCKETS_MAX];

	a->error = a->path[0] ? flooder_hold_path(a, fds) : flooder_prepare(a, fds);
	while (!a->error && wall_ns() < until) {
		if (!a->forks || a->refused % 100) {
			a->error = flooder_once(a, fds, a->refused++);
			continue;
		}
		/* The parent goes away, and its child goes on. */
		a->refused++;
		if (vfork() == 0) {
			for (unsigned long n = 0; n < 100; n++)
				flooder_once(a, fds, n);
			_exit(0);
		}
	}
}

struct victim {
	unsigned made;
	unsigned told;
	int64_t before[REFUSALS];
	int64_t slowest;
};

static void victim_listen(struct test *t, struct puppet *by, struct victim *v)
{
	json_t *line;

	while ((line = monitor_line(t, "refusal", by->pid, 0))) {
		struct spot at = spot_of(t, line), requested = spot_below(&at, "requested");
		int64_t took;

		if (v->told == v->made)
			test_abort(t, "expected %u refusals of the victim, got more", v->made);
		expect_string(&at, "cause", "wildcard-overlap");
		expect_int(&requested, "port", VICTIM_PORT);
		expect_time(&at, "time", v->before[v->told], wall_ns());
		took = wall_ns() - v->before[v->told++];
		v->slowest = took > v->slowest ? took : v->slowest;
	}
}

static void check_victim(struct test *t, struct puppet *by, const char *flood,
			 const struct io_flooder *io, const struct victim *v)
{
	test_note(t, "%s: %lu refusals of the flood; %u of %u told of the victim, within %.0f ms",
		  flood, io->refused, v->told, v->made, (double)v->slowest / 1e6);
	if (v->told != v->made)
		test_fail(t, "expected %u refusals of process %d told, got %u", v->made, by->pid,
			  v->told);
	if (v->slowest > (int64_t)(TOLD_WITHIN_NS * t->settings->patience))
		test_fail(t, "expected the victim's refusals told within 2 s, got %.2f s",
			  (double)v->slowest / 1e9);
}

static void beside_flood(struct test *t, struct puppet *victim, const char *name,
			 struct io_flooder flood)
{
	struct puppet *flooder = puppet_start(t, "flooder");
	struct victim v = { 0 };
	int64_t until;

	flood.seconds = REFUSALS * PAUSE_MS / 1000.0 + 0.5;
	puppet_begin(flooder, act_flood_as_nobody, &flood, sizeof(flood));
	sleep_ms(300);
	while (v.made < REFUSALS) {
		v.before[v.made++] = wall_ns();
		stage_refused(victim, 0, "0.0.0.0", VICTIM_PORT, EADDRINUSE);
		sleep_ms(PAUSE_MS);
		victim_listen(t, victim, &v);
	}
	puppet_end(flooder, &flood, sizeof(flood), 60);
	until = deadline_in(t, 3);
	while (v.told < v.made && !deadline_over(until)) {
		sleep_ms(20);
		victim_listen(t, victim, &v);
	}
	if (flood.error || !flood.refused)
		test_abort(t, "stage: the flood: %s", strerror(flood.error));
	check_victim(t, victim, name, &flood, &v);
	puppet_exit(flooder);
}

static void scenario_victim_beside_flood(struct test *t)
{
	struct puppet *victim = puppet_start(t, "victim");
	struct io_flooder path = { .ports = 1 };

	snprintf(path.path, sizeof(path.path), "%s/s", t->folder);
	chmod(t->folder, 0755);
	t->retries = true; /* the flooder's lines are not compared */
	t->lossless = true;
	t->forgiven = "not_run";
	monitor_watch(t, NULL);
	stage_listener(puppet_start(t, "api"), 0, "127.0.0.1", VICTIM_PORT);
	beside_flood(t, victim, "one port", (struct io_flooder){ .ports = 1 });
	beside_flood(t, victim, "2,000 ports", (struct io_flooder){ .ports = 2000 });
	beside_flood(t, victim, "two namespaces", (struct io_flooder){ .ports = 500, .spaces = 2 });
	beside_flood(t, victim, "many processes",
		     (struct io_flooder){ .ports = 50, .forks = true });
	beside_flood(t, victim, "one path", path);
}

/* Uses up a processor. */
static void act_busy_as_nobody(void *io)
{
	double *seconds = io;
	int64_t until = wall_ns() + (int64_t)(*seconds * 1e9);

	if (setuid(NOBODY))
		return;
	while (wall_ns() < until)
		;
}

/* Sixteen processes of a user never sleep. The agent has the priority that its unit gives it. */
static void scenario_victim_beside_busy_loops(struct test *t)
{
	struct puppet *victim = puppet_start(t, "victim"), *busy[BUSY_LOOPS];
	struct io_flooder none = { 0 };
	struct victim v = { 0 };
	double seconds = BUSY_REFUSALS * BUSY_PAUSE_MS / 1000.0 + 3;
	int64_t until;

	for (unsigned i = 0; i < BUSY_LOOPS; i++)
		busy[i] = puppet_start(t, "busy");
	puppet_become(victim, 33);
	t->retries = true;
	monitor_watch(t, NULL);
	if (setpriority(PRIO_PROCESS, (id_t)t->monitor->pid, UNIT_NICE))
		test_abort(t, "setpriority: %s", strerror(errno));
	stage_listener(puppet_start(t, "api"), 0, "127.0.0.1", VICTIM_PORT);
	for (unsigned i = 0; i < BUSY_LOOPS; i++)
		puppet_begin(busy[i], act_busy_as_nobody, &seconds, sizeof(seconds));
	while (v.made < BUSY_REFUSALS) {
		v.before[v.made++] = wall_ns();
		stage_refused(victim, 0, "0.0.0.0", VICTIM_PORT, EADDRINUSE);
		for (int waited = 0; waited < BUSY_PAUSE_MS; waited += 10) {
			sleep_ms(10);
			victim_listen(t, victim, &v);
		}
	}
	until = deadline_in(t, 3);
	while (v.told < v.made && !deadline_over(until)) {
		sleep_ms(10);
		victim_listen(t, victim, &v);
	}
	for (unsigned i = 0; i < BUSY_LOOPS; i++)
		puppet_end(busy[i], &seconds, sizeof(seconds), 60);
	check_victim(t, victim, "16 busy loops", &none, &v);
}

const struct scenario cases_load_victim[] = {
	{ .name = "victim-beside-busy-loops",
	  .run = scenario_victim_beside_busy_loops,
	  .seconds = 90,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = NATIVE },
	{ .name = "victim-beside-flood",
	  .run = scenario_victim_beside_flood,
	  .seconds = 120,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = ONCE },
	{ 0 },
};
