// SPDX-License-Identifier: GPL-2.0-only
/* Storms: many processes are refused at the same time, and the kernel leaves out programs that are
 * preempted. portclash tells each refusal once, with its cause or as not seen. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "judge/expect.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/other_tool.h"
#include "stage/space.h"
#include "stage/stage.h"

#define MEMBERS_MAX 50
#define TOLD_SECONDS 75
#define NOT_LOCAL "203.0.113.9"

enum storm_call { STORM_BIND, STORM_CONNECT, STORM_LISTEN, STORM_SEND };

static const char *const storm_names[] = {
	[STORM_BIND] = "bind",
	[STORM_CONNECT] = "connect",
	[STORM_LISTEN] = "listen",
	[STORM_SEND] = "send",
};

struct io_storm {
	unsigned members;
	unsigned each; /* refusals of one member */
	int error;     /* the one that is expected */
	enum storm_call call;
	unsigned options;
	struct end to;
	pid_t pids[MEMBERS_MAX];
	unsigned failed; /* members for which something else came */
};

/* Makes a socket, the call, and closes the socket. Gives the errno. */
static int storm_call(const struct io_storm *a)
{
	struct io_socket s = { .options = a->options };
	struct io_name call = { .to = a->to };
	struct io_listen listening = { .backlog = 8 };

	act_socket(&s);
	call.fd = listening.fd = s.fd;
	if (a->call == STORM_CONNECT)
		act_connect(&call);
	else if (a->call == STORM_SEND)
		act_send_to(&call);
	else if (a->call == STORM_LISTEN)
		act_listen(&listening);
	else
		act_bind(&call);
	act_close(&(struct io_close){ .fd = s.fd });
	return call.error + listening.error;
}

/* Runs in a child of the puppet. */
static int storm_member(const struct io_storm *a, int gate)
{
	char byte;

	if (read(gate, &byte, 1))
		return 1;
	for (unsigned i = 0; i < a->each; i++)
		if (storm_call(a) != a->error)
			return 1;
	return 0;
}

/* All members begin when the gate is closed. */
static void act_storm(void *io)
{
	struct io_storm *a = io;
	int gate[2], status;

	a->failed = pipe(gate) ? a->members : 0;
	for (unsigned i = 0; i < a->members && !a->failed; i++) {
		a->pids[i] = fork();
		if (a->pids[i] == 0) {
			close(gate[1]);
			_exit(storm_member(a, gate[0]));
		}
	}
	close(gate[1]);
	for (unsigned i = 0; i < a->members; i++)
		a->failed += waitpid(a->pids[i], &status, 0) != a->pids[i] || status;
	close(gate[0]);
}

struct storm_told {
	unsigned seen;	   /* with the right errno */
	unsigned not_seen; /* without one */
	unsigned late;
	unsigned merged; /* counted by the kernel side */
};

static void count_line(struct test *t, json_t *line, const char *error, struct storm_told *told)
{
	const char *name = json_string_value(json_object_get(line, "errno"));
	const char *cause = json_string_value(json_object_get(line, "cause"));

	told->late += json_is_true(json_object_get(line, "late"));
	if (name && !strcmp(name, error))
		told->seen++;
	else if (!name && cause && !strcmp(cause, "not-seen"))
		told->not_seen++;
	else
		test_fail(t, "expected errno %s or none, got %s, cause %s", error, name, cause);
}

static void take_lines(struct test *t, const struct io_storm *io, const char *error,
		       struct storm_told *told)
{
	json_t *line;

	for (unsigned i = 0; i < io->members; i++)
		while ((line = monitor_line(t, "refusal", io->pids[i], 0)))
			count_line(t, line, error, told);
	for (unsigned i = 0; i < io->members; i++)
		while ((line = monitor_line(t, "merged", io->pids[i], 0)))
			told->merged +=
				(unsigned)json_integer_value(json_object_get(line, "count"));
}

static bool is_refusal_of(json_t *line, pid_t pid)
{
	const char *type = json_string_value(json_object_get(line, "type"));
	json_t *by = json_object_get(json_object_get(line, "requester"), "pid");

	return type && !strcmp(type, "refusal") && json_integer_value(by) == pid;
}

/* Shows the lines about a process that has more of them than refusals. */
static void note_surplus(struct test *t, const struct io_storm *io)
{
	const struct monitor *m = t->monitor;

	for (unsigned i = 0; i < io->members; i++) {
		unsigned lines = 0;

		for (size_t l = 0; l < m->count; l++)
			lines += is_refusal_of(m->lines[l], io->pids[i]);
		for (size_t l = 0; l < m->count && lines > io->each; l++)
			if (is_refusal_of(m->lines[l], io->pids[i]))
				note_line(t, m->lines[l]);
	}
}

/* A refusal that nobody saw is told late: up to two seconds. Of those of one process for one port, some are only
 * counted. The kernel side tells a count after a second, what is counted after that ten seconds later, and then each
 * minute (bpf/quota.bpf.h). So the end of a storm that takes longer than a second is told later than the rest. */
static struct storm_told check_storm(struct test *t, const struct io_storm *io, const char *error)
{
	unsigned made = io->members * io->each, sum;
	int64_t until = deadline_in(t, TOLD_SECONDS);
	struct storm_told told = { 0 };

	if (io->failed)
		test_abort(t, "stage: %u processes of the storm got another answer", io->failed);
	do {
		sleep_ms(50);
		take_lines(t, io, error, &told);
		sum = told.seen + told.not_seen + told.merged;
	} while (sum < made && !deadline_over(until));
	test_note(
		t,
		"%s, %u processes, %u refusals: %u told, %u of them late, %u as not seen; %u counted",
		storm_names[io->call], io->members, made, told.seen + told.not_seen, told.late,
		told.not_seen, told.merged);
	if (sum != made)
		test_fail(t, "expected %u refusals told or counted, got %u", made, sum);
	if (sum > made)
		note_surplus(t, io);
	return told;
}

static struct storm_told storm_of(struct test *t, struct puppet *by, struct io_storm io)
{
	unsigned sum = t->settings->burst > 1000 ? 1000 : (unsigned)t->settings->burst;

	io.each = sum / io.members > 4 ? sum / io.members : 4;
	puppet_begin(by, act_storm, &io, sizeof(io));
	puppet_end(by, &io, sizeof(io), 120);
	return check_storm(t, &io, strerrorname_np(io.error));
}

/* A few processes make the storm, then more, then many. */
static void storms_of(struct test *t, struct puppet *by, struct io_storm io)
{
	static const unsigned members[] = { 4, 16, MEMBERS_MAX };

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		io.members = members[i];
		storm_of(t, by, io);
	}
}

static struct puppet *storm_begin(struct test *t)
{
	struct puppet *by = puppet_start(t, "storm");

	t->lossless = true;
	t->forgiven = "not_run calls"; /* these are told late */
	monitor_watch(t, NULL);
	return by;
}

static void scenario_storm(struct test *t)
{
	struct puppet *by = storm_begin(t);

	stage_listener(puppet_start(t, "api"), 0, "127.0.0.1", SERVER_PORT);
	storms_of(t, by,
		  (struct io_storm){ .error = EADDRINUSE, .to = { "0.0.0.0", SERVER_PORT } });
}

/* No socket is in the way. With fentry no other reason than the address is left, if the kernel side did not see the answer. */
static void storm_at_address(struct test *t, struct puppet *by, unsigned members, uint16_t port)
{
	struct storm_told told = storm_of(t, by,
					  (struct io_storm){ .members = members,
							     .error = EADDRNOTAVAIL,
							     .to = { NOT_LOCAL, port } });

	if (told.not_seen && !strcmp(monitor_backend(t), "fentry"))
		test_fail(t, "expected no refusal without an errno, got %u", told.not_seen);
}

static void scenario_storm_address(struct test *t)
{
	struct puppet *by = storm_begin(t);

	storm_at_address(t, by, 16, SERVER_PORT);
	storm_at_address(t, by, 4, 0);
}

static void scenario_storm_beside_bpf(struct test *t)
{
	struct puppet *by = storm_begin(t), *other = puppet_start(t, "tool");

	stage_listener(puppet_start(t, "api"), 0, "127.0.0.1", SERVER_PORT);
	other_tool_begin(other);
	storm_of(t, by,
		 (struct io_storm){
			 .members = 16, .error = EADDRINUSE, .to = { "0.0.0.0", SERVER_PORT } });
	other_tool_end(other);
}

/* The range has one port, and a client has it: connect() fails inside the kernel's search for a port. */
static void storm_of_connects(struct test *t, unsigned options, const char *address)
{
	struct puppet *by = storm_begin(t);
	struct io_storm io = { .error = EADDRNOTAVAIL,
			       .call = STORM_CONNECT,
			       .options = options,
			       .to = { .port = SERVER_PORT } };

	space_set("ipv4/ip_local_port_range", "50000 50000");
	stage_listener(puppet_start(t, "api"), options, address, SERVER_PORT);
	stage_client(puppet_start(t, "first"), options, address, SERVER_PORT);
	strcpy(io.to.address, address);
	storms_of(t, by, io);
}

/* The range has one port, and a socket has it: a call that needs a port fails in its search. */
static void storm_in_range(struct test *t, struct puppet *by, struct io_storm io)
{
	space_set("ipv4/ip_local_port_range", "50000 50000");
	stage_bound(puppet_start(t, "holder"), io.options & OPT_UDP, "0.0.0.0", 50000);
	strcpy(io.to.address, io.options & OPT_V6 ? "::1" : "127.0.0.1");
	io.to.port = SERVER_PORT;
	storms_of(t, by, io);
}

/* A storm of each call, with one portclash: docs/kernels.md has the numbers. */
static void scenario_storm_of_each_call(struct test *t)
{
	static const struct io_storm storms[] = {
		{ .members = 16,
		  .call = STORM_BIND,
		  .error = EADDRINUSE,
		  .to = { "0.0.0.0", SERVER_PORT } },
		{ .members = 16, .call = STORM_LISTEN, .error = EADDRINUSE },
		{ .members = 16,
		  .call = STORM_CONNECT,
		  .error = EADDRNOTAVAIL,
		  .to = { "127.0.0.1", SERVER_PORT } },
		{ .members = 16,
		  .call = STORM_SEND,
		  .error = EAGAIN,
		  .options = OPT_UDP,
		  .to = { "127.0.0.1", SERVER_PORT } },
	};
	struct puppet *by = storm_begin(t), *holder = puppet_start(t, "holder");

	stage_listener(puppet_start(t, "api"), 0, "127.0.0.1", SERVER_PORT);
	space_set("ipv4/ip_local_port_range", "50000 50000");
	stage_bound(holder, 0, "0.0.0.0", 50000);
	stage_bound(holder, OPT_UDP, "0.0.0.0", 50000);
	for (size_t i = 0; i < sizeof(storms) / sizeof(storms[0]); i++)
		storm_of(t, by, storms[i]);
}

static void scenario_storm_listen(struct test *t)
{
	storm_in_range(t, storm_begin(t),
		       (struct io_storm){ .call = STORM_LISTEN, .error = EADDRINUSE });
}

static void scenario_storm_udp_connect(struct test *t)
{
	storm_in_range(
		t, storm_begin(t),
		(struct io_storm){ .call = STORM_CONNECT, .error = EAGAIN, .options = OPT_UDP });
}

/* A refused bind() of UDP leaves a scar in its socket, as a refused send does: each is told once, as a bind(). */
static void scenario_storm_udp_bind(struct test *t)
{
	struct puppet *by = storm_begin(t);
	struct io_storm io = { .error = EADDRINUSE,
			       .options = OPT_UDP,
			       .to = { "0.0.0.0", SERVER_PORT } };

	stage_bound(puppet_start(t, "holder"), OPT_UDP, "127.0.0.1", SERVER_PORT);
	storms_of(t, by, io);
}

static void scenario_storm_send(struct test *t)
{
	storm_in_range(t, storm_begin(t),
		       (struct io_storm){
			       .call = STORM_SEND, .error = EAGAIN, .options = OPT_UDP | OPT_V6 });
}

/* Not even the programs that no other task keeps from running are run beside bpf(): all are late. */
static void storm_beside_bpf(struct test *t, struct io_storm io)
{
	struct puppet *by = storm_begin(t), *other = puppet_start(t, "tool");

	other_tool_begin(other);
	storm_in_range(t, by, io);
	other_tool_end(other);
}

static void scenario_storm_connect_beside_bpf(struct test *t)
{
	storm_beside_bpf(t, (struct io_storm){ .call = STORM_CONNECT, .error = EADDRNOTAVAIL });
}

static void scenario_storm_listen_beside_bpf(struct test *t)
{
	storm_beside_bpf(t, (struct io_storm){ .call = STORM_LISTEN, .error = EADDRINUSE });
}

static void scenario_storm_send_beside_bpf(struct test *t)
{
	storm_beside_bpf(
		t, (struct io_storm){ .call = STORM_SEND, .error = EAGAIN, .options = OPT_UDP });
}

static void scenario_storm_connect(struct test *t)
{
	storm_of_connects(t, 0, "127.0.0.1");
}

static void scenario_storm_connect_v6(struct test *t)
{
	storm_of_connects(t, OPT_V6, "::1");
}

#define STORM(name_, run_)                                                                   \
	{                                                                                    \
		.name = name_, .run = run_, .seconds = 300, .watch = WATCH_OWN, .load = true \
	}

const struct scenario cases_load_storm[] = {
	STORM("storm", scenario_storm),
	STORM("storm-address", scenario_storm_address),
	STORM("storm-beside-bpf", scenario_storm_beside_bpf),
	STORM("storm-connect", scenario_storm_connect),
	STORM("storm-connect-v6", scenario_storm_connect_v6),
	STORM("storm-of-each-call", scenario_storm_of_each_call),
	STORM("storm-listen", scenario_storm_listen),
	STORM("storm-udp-connect", scenario_storm_udp_connect),
	STORM("storm-udp-bind", scenario_storm_udp_bind),
	STORM("storm-send", scenario_storm_send),
	STORM("storm-connect-beside-bpf", scenario_storm_connect_beside_bpf),
	STORM("storm-listen-beside-bpf", scenario_storm_listen_beside_bpf),
	STORM("storm-send-beside-bpf", scenario_storm_send_beside_bpf),
	{ 0 },
};
