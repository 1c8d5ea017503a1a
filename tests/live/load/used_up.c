// SPDX-License-Identifier: GPL-2.0-only
/* A user fills what all users share, to hide others: warnings in a second, port series, ended listeners that
 * are missed. What the victim beside it is told of stays. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "judge/verdict.h"
#include "judge/warning.h"
#include "monitor/footprint.h"
#include "monitor/logfile.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/space.h"

#define NOBODY 65534
#define VICTIM 33 /* www-data, as Debian numbers it */

#define FIRST_PORT 20001
#define PORTS_IN_RANGE 1000
#define ENDED_FLOOD 900 /* portclash remembers 512 ended listeners */

struct io_used_up {
	double seconds; /* binds until then; 0: once for each port */
	unsigned ports;
	unsigned long done;
	int error;
};

static void used_up_bind(struct io_used_up *a, uint16_t port, bool listens)
{
	struct io_socket s = { 0 };
	struct io_name bound = { .to = { "127.0.0.1", port } };
	struct io_listen listening = { .backlog = 1 };

	act_socket(&s);
	bound.fd = listening.fd = s.fd;
	act_bind(&bound);
	if (listens && !bound.error)
		act_listen(&listening);
	a->error = s.error ? s.error : bound.error ? bound.error : listening.error;
	a->done += !a->error;
	close(s.fd);
}

/* The kernel gives this process a protected port at each bind(): thousands a second, and fewer than fill the ring. */
static void act_take_ports(void *io)
{
	struct io_used_up *a = io;
	int64_t until = wall_ns() + (int64_t)(a->seconds * 1e9);

	while (!a->error && wall_ns() < until) {
		used_up_bind(a, 0, false);
		if (a->done % 16 == 0)
			sleep_ms(4);
	}
}

/* A listener on each port ends. */
static void act_end_listeners(void *io)
{
	struct io_used_up *a = io;

	for (unsigned i = 0; i < a->ports && !a->error; i++) {
		used_up_bind(a, (uint16_t)(FIRST_PORT + 1 + i), true);
		if (i % 64 == 63)
			sleep_ms(20); /* so that all of them are read */
	}
}

/* Each port is held, and refused. */
static void act_refused_on_many(void *io)
{
	struct io_used_up *a = io;

	for (unsigned i = 0; i < a->ports && !a->error; i++) {
		struct io_socket s = { 0 };
		struct io_name held = { .to = { "127.0.0.1", (uint16_t)(FIRST_PORT + i) } };

		act_socket(&s);
		held.fd = s.fd;
		act_bind(&held);
		used_up_bind(a, held.to.port, false);
		a->error = held.error ? held.error : a->error == EADDRINUSE ? 0 : EINVAL;
	}
}

static struct puppet *used_up_puppet(struct test *t, const char *name, uid_t uid)
{
	struct puppet *p = puppet_start(t, name);

	puppet_become(p, uid);
	return p;
}

/* Warnings of the flood and those of it that were not shown; the line of each says how many came before it. */
static void check_flood_was_cut(struct test *t, const struct puppet *flooder)
{
	long long shown = 0, suppressed = 0;
	json_t *line;

	while ((line = monitor_line(t, "warning", flooder->pid, 0))) {
		shown++;
		suppressed += json_integer_value(json_object_get(line, "suppressed"));
	}
	test_note(t, "%lld warnings of the flood were shown, %lld more are counted in them", shown,
		  suppressed);
	if (shown < 20 || suppressed < 20)
		test_fail(t, "expected a flood that is cut, got %lld warnings and %lld not shown",
			  shown, suppressed);
}

static void scenario_warnings_used_up(struct test *t)
{
	struct puppet *flooder = used_up_puppet(t, "flooder", NOBODY);
	struct puppet *victim = used_up_puppet(t, "victim", VICTIM);
	struct io_used_up io = { .seconds = 4 * t->settings->patience };
	unsigned made = 0, told = 0;

	t->retries = true;
	monitor_watch(t, (const char *const[]){ "--protect", "20001-21000", NULL });
	space_set("ipv4/ip_local_port_range", "20001 21000");
	puppet_begin(flooder, act_take_ports, &io, sizeof(io));
	for (sleep_ms(300); made < 10; made++) {
		stage_bound(victim, 0, "127.0.0.1", 0);
		sleep_ms(200);
	}
	puppet_end(flooder, &io, sizeof(io), 60);
	if (io.error)
		test_abort(t, "stage: the flood: %s", strerror(io.error));
	while (told < made) {
		json_t *line = monitor_line(t, "warning", victim->pid, 5);
		struct spot s = spot_of(t, line);

		if (!line)
			break;
		expect_int(&s, "suppressed", 0);
		told++;
	}
	test_note(t, "%lu ports given to the flood; %u of %u warnings about the victim", io.done,
		  told, made);
	if (told != made)
		test_fail(t, "expected %u warnings about the victim, got %u", made, told);
	check_flood_was_cut(t, flooder);
}

static void scenario_series_used_up(struct test *t)
{
	struct puppet *flooder = used_up_puppet(t, "flooder", NOBODY);
	struct puppet *victim = used_up_puppet(t, "victim", VICTIM);
	struct io_used_up io = { .ports = 500 };
	const char *series = "portclash_refused_ports_total{port=\"8080\",protocol=\"tcp\"} 1\n";
	char prom[160], log[160], *text;
	size_t own;

	test_path(t, "x.prom", prom, sizeof(prom));
	test_path(t, "agent.log", log, sizeof(log));
	stage_listener(puppet_start(t, "api"), 0, "127.0.0.1", 8080);
	logfile_agent(t,
		      (const char *const[]){ "agent", "--log", log, "--textfile", prom,
					     "--interval", "0.1", NULL },
		      log);
	puppet_call(flooder, act_refused_on_many, &io, sizeof(io));
	if (io.error)
		test_abort(t, "stage: the flood: %s", strerror(io.error));
	logfile_expect(t, prom, "portclash_refused_ports_total{port=\"20001\"");
	stage_refused(victim, 0, "127.0.0.1", 8080, EADDRINUSE);
	logfile_expect(t, prom, series);
	text = logfile_read(prom);
	own = text ? logfile_count(text, "portclash_refused_ports_total{port=\"20") : 0;
	test_note(t, "a flood of %u ports has %zu series", io.ports, own);
	if (!own || own > 32)
		test_fail(t, "expected 1 to 32 series of the flood's ports, got %zu", own);
	free(text);
}

static void check_forgotten(struct test *t, json_int_t least)
{
	monitor_read(t, t->monitor);
	for (size_t i = 0; i < t->monitor->count; i++) {
		struct spot s = spot_of(t, t->monitor->lines[i]);
		json_t *count = json_object_get(s.json, "listeners_forgotten");

		if (count && json_integer_value(count) < least)
			expected(&s, "%lld listeners forgotten, or more", (long long)least);
		if (count)
			return;
	}
	test_fail(t, "expected that the summary counts listeners that were forgotten");
}

/* The victim's server ends, then 900 listeners of the flooder end; then the kernel gives the server's port to a
 * client. */
static void scenario_missed_listeners_used_up(struct test *t)
{
	static const char *const argv[] = { "trace", "--json", "--protect", "1", NULL };
	struct puppet *api = puppet_start(t, "api"), *client = puppet_start(t, "client");
	struct puppet *flooder = used_up_puppet(t, "flooder", NOBODY);
	struct puppet *victim = used_up_puppet(t, "victim", VICTIM);
	struct io_used_up io = { .ports = ENDED_FLOOD };
	struct person who = victim->who;
	struct spot s, listener;
	struct prop out;
	json_t *line;

	who.uid = VICTIM;
	t->retries = true;
	stage_listener(api, 0, "127.0.0.1", SERVER_PORT);
	space_set("ipv4/ip_local_port_range", "20001 21000");
	monitor_watch_as(t, &(struct monitor_spec){ .argv = argv, .in_space = true });
	stage_listener(victim, 0, "127.0.0.1", PORT);
	puppet_exit(victim);
	puppet_call(flooder, act_end_listeners, &io, sizeof(io));
	if (io.error || io.done != ENDED_FLOOD)
		test_abort(t, "stage: %lu listeners: %s", io.done, strerror(io.error));
	sleep_ms(500);
	space_set("ipv4/ip_local_port_range", RANGE);
	out = stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	line = warning_await(t, &out, "connect");
	s = spot_of(t, line);
	listener = spot_below(&s, "listener");
	if (line)
		expect_person(&listener, "process", &who);
	monitor_stop(t, t->monitor, SIGINT, 10);
	check_forgotten(t, ENDED_FLOOD + 1 - 512);
}

/* Processes, and the UDP sockets of each, as far as the limit of descriptors allows. */
#define UDP_PROCESSES 10
#define UDP_SOCKETS 19900

/* Each socket has an address of its own; `ports` is the port. */
static void act_open_udp(void *io)
{
	struct io_used_up *a = io;
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	a->error = setrlimit(RLIMIT_NOFILE, &limit) || setuid(NOBODY) ? errno : 0;
	for (unsigned i = 0; i < UDP_SOCKETS && !a->error; i++) {
		struct sockaddr_in to = {
			.sin_family = AF_INET,
			.sin_port = htons((uint16_t)a->ports),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK + i),
		};
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		a->error = fd < 0 || bind(fd, (const struct sockaddr *)&to, sizeof(to)) ? errno : 0;
		a->done += !a->error;
	}
}

/* The agent counts the ports in use for its textfile ten times a second, as far as there is time. */
static void scenario_textfile_beside_many_sockets(struct test *t)
{
	struct puppet *victim = puppet_start(t, "victim");
	unsigned long sockets = 0;
	long peak_kib;
	int64_t slowest = 0, before;
	char prom[160];

	for (unsigned i = 0; i < UDP_PROCESSES; i++) {
		struct io_used_up io = { .ports = FIRST_PORT + i };

		puppet_call(puppet_start(t, "holder"), act_open_udp, &io, sizeof(io));
		sockets += io.done;
	}
	stage_listener(puppet_start(t, "api"), 0, "127.0.0.1", 8080);
	test_path(t, "x.prom", prom, sizeof(prom));
	monitor_watch_as(t, &(struct monitor_spec){
				    .argv = (const char *const[]){ "agent", "--config", "none",
								   "--log", "-", "--textfile", prom,
								   "--interval", "0.1",
								   "--repeat-interval", "0", NULL },
				    .in_space = true });
	logfile_expect(t, prom, "portclash_up 1\n");
	for (int i = 0; i < 20; i++) {
		before = wall_ns();
		stage_refused(victim, 0, "127.0.0.1", 8080, EADDRINUSE);
		if (!monitor_line(t, "refusal", victim->pid, 10))
			test_abort(t, "expected a refusal, got none");
		slowest = wall_ns() - before > slowest ? wall_ns() - before : slowest;
		sleep_ms(100);
	}
	peak_kib = footprint_of(t, t->monitor->pid).peak_kib;
	test_note(t, "beside %lu UDP sockets the slowest refusal was told within %.0f ms; %ld MiB",
		  sockets, (double)slowest / 1e6, peak_kib / 1024);
	if (slowest > (int64_t)(2e9 * t->settings->patience))
		test_fail(t, "expected each refusal told within 2 s, got %.2f s",
			  (double)slowest / 1e9);
	if (peak_kib >= 48 * 1024)
		test_fail(t, "expected less than 48 MiB at the peak, got %ld KiB", peak_kib);
}

const struct scenario cases_load_used_up[] = {
	{ .name = "warnings-used-up",
	  .run = scenario_warnings_used_up,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = ONCE },
	{ .name = "series-used-up",
	  .run = scenario_series_used_up,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = ONCE },
	{ .name = "textfile-beside-many-sockets",
	  .run = scenario_textfile_beside_many_sockets,
	  .seconds = 120,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = NATIVE },
	{ .name = "missed-listeners-used-up",
	  .run = scenario_missed_listeners_used_up,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = ONCE },
	{ 0 },
};
