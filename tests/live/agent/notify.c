// SPDX-License-Identifier: GPL-2.0-only
/* `portclash agent` under a service manager whose socket is the scenario's: each message at its
 * time. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "monitor/logfile.h"
#include "run/cases.h"
#include "stage/stage.h"

#define MESSAGE_MAX 1024
#define PATIENCE_SECONDS 20

/* The agent signals the watchdog after half the time; its loop turns ten times a second. */
#define WATCHDOG_US "400000"
#define WATCHDOG_SECONDS 0.4

struct manager {
	int fd;
	char address[128];
	char message[MESSAGE_MAX];
};

/* "@…" is in the abstract namespace, which belongs to a network namespace. */
static struct manager manager_of(struct test *t, const char *address)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct manager m = { .fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) };

	snprintf(m.address, sizeof(m.address), "%s", address);
	memcpy(at.sun_path, address, strlen(address));
	if (*address == '@')
		at.sun_path[0] = '\0';
	if (bind(m.fd, (struct sockaddr *)&at,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(address))))
		test_abort(t, "stage: no socket %s: %s", address, strerror(errno));
	setenv("NOTIFY_SOCKET", address, 1);
	setenv("WATCHDOG_USEC", WATCHDOG_US, 1);
	return m;
}

/* Receives the next message; false when none comes within the time. */
static bool next_message(struct test *t, struct manager *m, double seconds)
{
	struct pollfd fd = { .fd = m->fd, .events = POLLIN };
	ssize_t n;

	if (poll(&fd, 1, (int)(seconds * t->settings->patience * 1000)) != 1)
		return false;
	n = recv(m->fd, m->message, MESSAGE_MAX - 1, 0);
	m->message[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Receives messages up to one that is neither a sign of life nor a mere status; that one must begin
 * with this text. */
static void expect_message(struct test *t, struct manager *m, const char *begin)
{
	int64_t until = deadline_in(t, PATIENCE_SECONDS);

	do {
		if (!next_message(t, m, 0.5) || !strncmp(m->message, "WATCHDOG=1", 10) ||
		    !strncmp(m->message, "STATUS=", 7))
			continue;
		if (strncmp(m->message, begin, strlen(begin)))
			test_fail(t, "expected \"%s\", got \"%s\"", begin, m->message);
		return;
	} while (!deadline_over(until));
	test_fail(t, "expected \"%s\", got no message", begin);
}

static unsigned count_refusals(const char *path, const char *cause)
{
	char *text = logfile_read(path), *line, *save = NULL;
	unsigned count = 0;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		count += strstr(line, "\"type\":\"refusal\"") && strstr(line, cause);
	free(text);
	return count;
}

#define COLLISION "\"cause\":\"ephemeral-client\""

/* The machine may have other refusals than the staged ones: the counts lie between what the log had
 * before the message and after it. */
static void check_counts(struct test *t, const struct manager *m, const char *log,
			 const unsigned before[2])
{
	unsigned after[2] = { count_refusals(log, ""), count_refusals(log, COLLISION) };
	const char *status = strstr(m->message, "STATUS="), *colon;
	unsigned refusals, collisions, claims, lost;

	colon = status ? strchr(status, ':') : NULL;
	if (!colon ||
	    sscanf(colon,
		   ": %u refusal%*[s], %u collision%*[s] by ephemeral clients, %u claim%*[s]; %u lost",
		   &refusals, &collisions, &claims, &lost) != 4) {
		test_fail(t, "expected counts in the status, got \"%s\"", m->message);
		return;
	}
	if (refusals < before[0] || refusals > after[0] || collisions < before[1] ||
	    collisions > after[1])
		test_fail(t, "expected %u to %u refusals, %u to %u collisions, got \"%s\"",
			  before[0], after[0], before[1], after[1], status);
}

/* Collides at once after READY=1: refusals from then on must be reported. */
static void collide_when_ready(struct test *t, struct puppet *api, const struct prop *out,
			       const char *log, unsigned times)
{
	int64_t until = deadline_in(t, PATIENCE_SECONDS);

	for (unsigned i = 0; i < times; i++)
		stage_refused(api, 0, "0.0.0.0", out->look.local.port, EADDRINUSE);
	while (count_refusals(log, COLLISION) < times && !deadline_over(until))
		sleep_ms(5);
	if (count_refusals(log, COLLISION) < times)
		test_fail(t, "expected %u refusals in the log, got %u", times,
			  count_refusals(log, COLLISION));
}

static struct monitor *start_agent(struct test *t, const char *log, bool in_space)
{
	const char *argv[] = { "agent", "--log", log, "--repeat-interval", "0", NULL };

	return monitor_spawn(t, &(struct monitor_spec){ .argv = argv, .in_space = in_space });
}

static void expect_orderly_end(struct test *t, struct monitor *agent, struct manager *m)
{
	int status = monitor_stop(t, agent, SIGTERM, 10);
	char *said = monitor_text(agent->err);

	expect_message(t, m, "STOPPING=1\n");
	if (status || *said)
		test_fail(t, "expected 0 and silence, got %d and \"%s\"", status, said);
	free(said);
}

static void scenario_notify_lifecycle(struct test *t)
{
	struct puppet *backend = puppet_start(t, "backend"), *client = puppet_start(t, "client");
	struct puppet *api = puppet_start(t, "api");
	char log[128], path[128];
	struct manager m = manager_of(t, test_path(t, "notify", path, sizeof(path)));
	struct monitor *agent;
	unsigned before[2];
	struct prop out;

	test_path(t, "agent.log", log, sizeof(log));
	stage_listener(backend, 0, "127.0.0.1", SERVER_PORT);
	out = stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	agent = start_agent(t, log, false);
	expect_message(t, &m, "READY=1\nSTATUS=");
	collide_when_ready(t, api, &out, log, 3);
	before[0] = count_refusals(log, "");
	before[1] = count_refusals(log, COLLISION);
	kill(agent->pid, SIGHUP);
	expect_message(t, &m, "RELOADING=1\nMONOTONIC_USEC=");
	expect_message(t, &m, "READY=1\nSTATUS=");
	check_counts(t, &m, log, before);
	expect_orderly_end(t, agent, &m);
}

static unsigned signs_of_life(struct test *t, struct manager *m, double seconds)
{
	int64_t until = deadline_in(t, seconds);
	unsigned count = 0;

	while (!deadline_over(until))
		count += next_message(t, m, 0.05) && !strcmp(m->message, "WATCHDOG=1");
	return count;
}

/* A stopped agent sends no sign of life, and sends them again when it goes on. */
static void scenario_notify_watchdog(struct test *t)
{
	struct manager m;
	struct monitor *agent;
	unsigned count;
	char log[128], name[64];

	snprintf(name, sizeof(name), "@portclash-live-%d", getpid());
	m = manager_of(t, name);
	agent = start_agent(t, test_path(t, "agent.log", log, sizeof(log)), true);
	expect_message(t, &m, "READY=1\nSTATUS=");
	count = signs_of_life(t, &m, 4 * WATCHDOG_SECONDS);
	if (count < 4)
		test_fail(t, "expected a sign of life within " WATCHDOG_US " us, got %u in four",
			  count);
	kill(agent->pid, SIGSTOP);
	signs_of_life(t, &m, 0.2);
	count = signs_of_life(t, &m, 2 * WATCHDOG_SECONDS);
	if (count)
		test_fail(t, "expected silence of a stopped agent, got %u signs of life", count);
	kill(agent->pid, SIGCONT);
	if (!signs_of_life(t, &m, WATCHDOG_SECONDS))
		test_fail(t, "expected a sign of life, got none after the stop");
	expect_orderly_end(t, agent, &m);
}

/* The agent ignores the watchdog of another process, and reports once that its manager is gone. */
static void scenario_notify_strangers(struct test *t)
{
	char log[128], path[128], *said;
	struct manager m = manager_of(t, test_path(t, "notify", path, sizeof(path)));
	struct monitor *agent;

	setenv("WATCHDOG_PID", "1", 1);
	agent = start_agent(t, test_path(t, "agent.log", log, sizeof(log)), false);
	expect_message(t, &m, "READY=1\nSTATUS=");
	if (signs_of_life(t, &m, 2 * WATCHDOG_SECONDS))
		test_fail(t, "expected no sign of life for the watchdog of another process");
	close(m.fd);
	kill(agent->pid, SIGHUP);
	logfile_await_said(t, agent, "cannot tell the service manager");
	monitor_stop(t, agent, SIGTERM, 10);
	said = strstr(monitor_text(agent->err), "service manager");
	if (said && strstr(said + 1, "service manager"))
		test_fail(t, "expected one sentence, got \"%s\"", said);
}

const struct scenario cases_agent_notify[] = {
	{ .name = "notify-lifecycle",
	  .run = scenario_notify_lifecycle,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "notify-watchdog",
	  .run = scenario_notify_watchdog,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "notify-strangers",
	  .run = scenario_notify_strangers,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ 0 },
};
