// SPDX-License-Identifier: GPL-2.0-only
/* Attacks on the arguments of bind(): another thread changes the address, or puts another socket behind
 * the descriptor, while the call is under way. What the kernel did is in the socket, and nothing else
 * may be reported. */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "judge/expect.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/group.h"
#include "stage/rule.h"
#include "stage/stage.h"

/* The thread has to move the port in the middle of a call: both ends are tried this often. */
#define TRIES_MAX 4000
#define ENOUGH 100
#define ASKED 20001 /* outside of the range: the kernel does not choose it */
#define OTHER 20003

/* The port moves between two values while the main thread binds one socket after the other. */
struct io_moving {
	uint16_t ports[2];
	bool udp;
	int done[2];	   /* that the kernel bound: to the second port, or to any other */
	int refused;	   /* with an error other than 0 … */
	int strange_error; /* … and the last error that is none of a refusal */
	int error;
};

struct mover {
	struct sockaddr_in to;
	uint16_t ports[2];
	atomic_bool moves;
	atomic_bool stop;
};

static void *moving_port(void *argument)
{
	struct mover *m = argument;
	volatile in_port_t *port = &m->to.sin_port;

	while (!m->stop) {
		for (int i = 0; i < 64; i++)
			*port = htons(m->ports[i % 2]);
		m->moves = true;
	}
	return NULL;
}

static void moving_note(struct io_moving *a, int fd, int error)
{
	struct sockaddr_in name = { 0 };
	socklen_t len = sizeof(name);

	if (!error && !getsockname(fd, (void *)&name, &len))
		a->done[ntohs(name.sin_port) != a->ports[1]]++;
	else if (error == EADDRINUSE || error == EPERM || error == EACCES)
		a->refused++;
	else
		a->strange_error = error;
}

static bool moved_enough(const struct io_moving *a)
{
	return a->done[0] >= ENOUGH && a->done[1] + a->refused >= ENOUGH;
}

static void act_bind_moving(void *io)
{
	struct io_moving *a = io;
	struct mover m = { .to = { .sin_family = AF_INET }, .ports = { a->ports[0], a->ports[1] } };
	pthread_t thread;

	a->error = pthread_create(&thread, NULL, moving_port, &m);
	while (!a->error && !m.moves)
		usleep(100);
	for (int i = 0; i < TRIES_MAX && !a->error && !moved_enough(a); i++) {
		int fd = socket(AF_INET, (a->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);

		moving_note(a, fd, bind(fd, (void *)&m.to, sizeof(m.to)) ? errno : 0);
		close(fd);
	}
	m.stop = true;
	if (!a->error)
		pthread_join(thread, NULL);
}

static struct io_moving bind_moving(struct puppet *p, uint16_t one, uint16_t other, bool udp)
{
	struct io_moving a = { .ports = { one, other }, .udp = udp };

	puppet_call(p, act_bind_moving, &a, sizeof(a));
	if (a.error || a.strange_error)
		test_abort(p->t, "stage: threads: %s, bind(): %s", strerror(a.error),
			   strerror(a.strange_error));
	test_note(p->t, "%d bound to %u, %d to other ports, %d refused", a.done[0], other,
		  a.done[1], a.refused);
	return a;
}

/* Counts the claims of the attacker: "bind" is one of the port that was asked for by number, and "bind-zero"
 * of any other. */
static void moving_claims(struct test *t, bool udp)
{
	struct puppet *evil = puppet_start(t, "evil");
	int have[2] = { 0 };
	struct io_moving a;
	json_t *line;

	monitor_watch(t, (const char *const[]){ "--claims", NULL });
	a = bind_moving(evil, 0, ASKED, udp);
	while (have[0] + have[1] < a.done[0] + a.done[1] &&
	       (line = monitor_line(t, "claim", evil->pid, 5))) {
		const char *how = json_string_value(json_object_get(line, "how"));
		bool other = json_integer_value(json_object_get(line, "port")) != ASKED;

		if (strcmp(how, other ? "bind-zero" : "bind"))
			test_fail(t, "expected another how than \"%s\" for port %lld", how,
				  json_integer_value(json_object_get(line, "port")));
		have[other]++;
	}
	if (have[0] != a.done[0] || have[1] != a.done[1])
		test_fail(t, "expected %d and %d claims, got %d and %d", a.done[0], a.done[1],
			  have[0], have[1]);
}

static void scenario_moving_port_claims(struct test *t)
{
	moving_claims(t, false);
}

static void scenario_moving_port_claims_udp(struct test *t)
{
	moving_claims(t, true);
}

/* Counts the refusals that were too many to be told one by one: none is of the other port. */
static int merged_refusals(struct test *t, const struct puppet *evil)
{
	int sum = 0;
	json_t *line;

	while ((line = monitor_line(t, "merged", evil->pid, 2))) {
		struct spot s = spot_of(t, line);

		expect_end(&s, "requested", &(struct end){ "0.0.0.0", ASKED });
		sum += (int)json_integer_value(json_object_get(line, "count"));
	}
	return sum;
}

/* Counts the refusals of the attacker, which all are of the port that is refused. */
static void check_refusals(struct test *t, const struct puppet *evil, const struct io_moving *a)
{
	int have = 0;
	json_t *line;

	while (have < a->refused && (line = monitor_line(t, "refusal", evil->pid, 2))) {
		struct spot s = spot_of(t, line);

		expect_end(&s, "requested", &(struct end){ "0.0.0.0", ASKED });
		have++;
	}
	if (have < a->refused)
		have += merged_refusals(t, evil);
	if (have != a->refused)
		test_fail(t, "expected %d refusals, got %d", a->refused, have);
}

/* A server holds the first of the two ports. */
static void scenario_moving_port_refused(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *evil = puppet_start(t, "evil");
	struct io_moving a;

	monitor_watch(t, NULL);
	t->retries = true;
	stage_listener(api, 0, "0.0.0.0", ASKED);
	a = bind_moving(evil, ASKED, OTHER, false);
	check_refusals(t, evil, &a);
}

/* A program on the cgroup forbids one of the two ports. */
static void scenario_moving_port_cgroup(struct test *t)
{
	static const char group[] = "/" GROUP_ROOT "/moving.service";
	struct puppet *evil = puppet_start(t, "evil");
	char folder[1024];
	struct io_moving a;
	int err;

	group_move(t, group, evil);
	err = group_folder(group, folder, sizeof(folder));
	if (!err)
		err = rule_deny_cgroup(folder, ASKED);
	if (err)
		test_abort(t, "stage: a program on %s: %s", group, strerror(-err));
	monitor_watch(t, NULL);
	t->retries = true;
	a = bind_moving(evil, ASKED, OTHER, false);
	check_refusals(t, evil, &a);
	puppet_exit(evil);
	group_remove(group);
}

/* Another socket stands behind the descriptor, now and then. */
struct io_swapped {
	int refused; /* of the TCP socket; the other one is of UDP and IPv6, which this address is not */
	int others;
	int error;
};

struct swapper {
	int fd;
	int sockets[2];
	atomic_bool stop;
};

static void *swap_sockets(void *argument)
{
	struct swapper *s = argument;

	for (unsigned i = 0; !s->stop; i++)
		dup2(s->sockets[i % 2], s->fd);
	return NULL;
}

static bool swapped_enough(const struct io_swapped *a)
{
	return a->refused >= 1000 || (a->refused >= ENOUGH && a->others >= ENOUGH);
}

static void act_bind_swapped(void *io)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(ASKED) };
	struct swapper s = { .sockets = { socket(AF_INET, SOCK_STREAM, 0),
					  socket(AF_INET6, SOCK_DGRAM, 0) } };
	struct io_swapped *a = io;
	pthread_t thread;

	s.fd = dup(s.sockets[0]);
	a->error = pthread_create(&thread, NULL, swap_sockets, &s);
	for (int i = 0; i < 25 * TRIES_MAX && !a->error && !swapped_enough(a); i++) {
		bool refused = bind(s.fd, (const void *)&to, sizeof(to)) && errno == EADDRINUSE;

		a->refused += refused;
		a->others += !refused;
	}
	s.stop = true;
	if (!a->error)
		pthread_join(thread, NULL);
}

/* A report is about the socket that was refused. With the exit of the system call alone, the
 * other socket stands there sometimes: such a call is counted and not reported. */
static void scenario_moving_descriptor(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *evil = puppet_start(t, "evil");
	struct io_swapped a = { 0 };
	int have = 0;
	json_t *line;

	monitor_watch(t, (const char *const[]){ "--all", NULL });
	t->retries = true;
	stage_listener(api, 0, "0.0.0.0", ASKED);
	puppet_call(evil, act_bind_swapped, &a, sizeof(a));
	if (a.error)
		test_abort(t, "stage: threads: %s", strerror(a.error));
	while (have < a.refused && (line = monitor_line(t, "refusal", evil->pid, 2))) {
		struct spot s = spot_of(t, line);

		expect_string(&s, "proto", "tcp");
		expect_string(&s, "cause", "listener");
		expect_end(&s, "requested", &(struct end){ "0.0.0.0", ASKED });
		have++;
	}
	test_note(t, "%d refused, %d others, %d reported", a.refused, a.others, have);
	if (!have || (have < a.refused && strcmp(monitor_backend(t), "tracepoint")))
		test_fail(t, "expected %d refusals, got %d", a.refused, have);
}

const struct scenario cases_way_moving_argument[] = {
	{ .name = "moving-descriptor", .run = scenario_moving_descriptor, .watch = WATCH_OWN },
	{ .name = "moving-port-claims", .run = scenario_moving_port_claims, .watch = WATCH_OWN },
	{ .name = "moving-port-claims-udp",
	  .run = scenario_moving_port_claims_udp,
	  .watch = WATCH_OWN },
	{ .name = "moving-port-refused", .run = scenario_moving_port_refused, .watch = WATCH_OWN },
	{ .name = "moving-port-cgroup", .run = scenario_moving_port_cgroup, .watch = WATCH_OWN },
	{ 0 },
};
