// SPDX-License-Identifier: GPL-2.0-only
/* `portclash free` on connections that no process has open any more: ended where the kernel ends them, and
 * left alone, unharmed, where it would keep them for ever. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "judge/free.h"
#include "judge/proc_net.h"
#include "run/cases.h"
#include "stage/cut.h"

#define CLOSING 11

struct io_drain {
	int fd;
	int error; /* 0: the other end's FIN came behind the last byte */
};

/* Reads all that comes, to the end. */
static void act_drain(void *io)
{
	static char bytes[65536];
	struct io_drain *a = io;
	struct pollfd fd = { .fd = a->fd, .events = POLLIN };
	ssize_t n = 1;

	while (n > 0 && poll(&fd, 1, 5000) == 1)
		n = read(a->fd, bytes, sizeof(bytes));
	a->error = n < 0 ? errno : n ? ETIMEDOUT : 0;
}

static void drain_peer(struct robbery *r)
{
	struct io_drain a = { .fd = r->in.fd };

	puppet_call(r->backend, act_drain, &a, sizeof(a));
	if (a.error)
		test_fail(r->t, "expected that the orphan still sends what it has, got \"%s\"",
			  strerror(a.error));
}

/* Cuts a connection of the scenario's own, as `ss -K` does: the kernel's answer, and whether it is gone. */
static int cut_own(const struct robbery *r, uint16_t port, bool *gone)
{
	char filter[128];
	int err;

	snprintf(filter, sizeof(filter), "src %s:%u dst %s:%u", r->address, port, r->address,
		 SERVER_PORT);
	err = cut_connection(filter);
	*gone = !proc_net_state(port, SERVER_PORT);
	return err;
}

/* The truth about this kernel, by an orphan like the other one. Its other end resets it afterwards. */
static bool kernel_ends_orphans(struct robbery *r)
{
	struct puppet *other = puppet_start(r->t, "other");
	struct prop out = stage_client(other, 0, r->address, SERVER_PORT);
	struct prop in = stage_accepted(&r->listener, r->backend);
	struct io_close reset = { .fd = in.fd, .reset = true };
	uint16_t port = out.look.local.port;
	bool gone;

	stage_fill(&out);
	puppet_exit(other);
	proc_net_await(r->t, port, SERVER_PORT, PROC_NET_FIN_WAIT1);
	if (cut_own(r, port, &gone))
		test_skip(r->t, "this kernel cannot cut connections (CONFIG_INET_DIAG_DESTROY)");
	puppet_call(r->backend, act_close, &reset, sizeof(reset));
	return gone;
}

/* The bystanders are the client's and end with it: the server alone is looked at. */
static void check_ended(struct robbery *r, const char *state)
{
	struct freed f = free_robbed(r, NULL, 0);

	free_expect_socket(&f, r, "end", state, NULL);
	free_expect_result(&f, "freed", 1);
	robbery_serve(r);
}

static void check_left(struct robbery *r, const char *state)
{
	static const char *const soon[] = { "--wait", "0.2", NULL }, *const dry[] = { "--dry-run",
										      NULL };
	struct freed f = free_robbed(r, dry, 7);

	free_expect_socket(&f, r, "left", state, NULL);
	f = free_robbed(r, soon, 7);
	free_expect_socket(&f, r, "left", state, NULL);
	free_expect_result(&f, "stuck", 0);
	expect_contains(&f.line, "why", "would keep it for ever");
	expect_null(&f.line, "reserved");
}

/* True: it was ended. */
static bool free_orphan(struct robbery *r, const char *state)
{
	bool ends = kernel_ends_orphans(r);

	stage_refused(r->web, 0, r->any, r->port, EADDRINUSE);
	if (ends)
		check_ended(r, state);
	else
		check_left(r, state);
	return ends;
}

static void scenario_free_orphan_fin_wait1(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");

	stage_fill(&r.out);
	puppet_exit(r.client);
	robbery_await(&r, PROC_NET_FIN_WAIT1);
	if (!free_orphan(&r, "FIN_WAIT1"))
		drain_peer(&r);
}

/* An orphan that is left alone goes when its other end answers, and `free` waits for that. */
static void scenario_free_orphan_waits(struct test *t)
{
	static const char *const argv[] = { "free", "--yes", "--json", "--wait", "20", NULL };
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	const char *all[10] = { NULL };
	struct monitor *m;
	char folder[128];
	int status;

	stage_fill(&r.out);
	stage_shut(&r.in);
	robbery_await(&r, PROC_NET_CLOSE_WAIT);
	puppet_exit(r.client);
	robbery_await(&r, PROC_NET_LAST_ACK);
	memcpy(all, argv, sizeof(argv));
	all[5] = "--state";
	all[6] = test_path(t, "state", folder, sizeof(folder));
	all[7] = r.text;
	m = monitor_spawn(t, &(struct monitor_spec){ .argv = all, .in_space = true });
	sleep_ms(300);
	if (!monitor_has_ended(m))
		drain_peer(&r);
	status = monitor_stop(t, m, 0, 20);
	if (status != 0 && status != 6)
		test_fail(t, "expected 0 or 6, got %d as exit status", status);
	robbery_serve(&r);
}

static void scenario_free_orphan_last_ack(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");

	stage_fill(&r.out);
	stage_shut(&r.in);
	robbery_await(&r, PROC_NET_CLOSE_WAIT);
	puppet_exit(r.client);
	robbery_await(&r, PROC_NET_LAST_ACK);
	if (!free_orphan(&r, "LAST_ACK"))
		drain_peer(&r);
}

static void scenario_free_orphan_closing(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");

	stage_fill(&r.out);
	puppet_exit(r.client);
	robbery_await(&r, PROC_NET_FIN_WAIT1);
	stage_shut(&r.in);
	robbery_await(&r, CLOSING);
	if (!free_orphan(&r, "CLOSING"))
		drain_peer(&r);
}

/* With a time-out longer than that of TIME_WAIT the kernel keeps the whole socket. */
static void scenario_free_orphan_fin_wait2(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");

	audit_set(t, "ipv4/tcp_fin_timeout", "120");
	puppet_exit(r.client);
	robbery_await(&r, PROC_NET_FIN_WAIT2);
	if (!free_orphan(&r, "FIN_WAIT2"))
		stage_close(&r.in);
}

/* Can the kernel end a TIME_WAIT? The truth, by one of the scenario's own. */
static bool kernel_ends_time_waits(struct robbery *r)
{
	struct puppet *other = puppet_start(r->t, "other");
	struct prop out = stage_client(other, 0, r->address, SERVER_PORT);
	struct prop in = stage_accepted(&r->listener, r->backend);
	bool gone;
	int err;

	stage_close(&out);
	stage_close(&in);
	proc_net_await(r->t, out.look.local.port, SERVER_PORT, PROC_NET_TIME_WAIT);
	err = cut_own(r, out.look.local.port, &gone);
	if (err && err != -EOPNOTSUPP)
		test_abort(r->t, "stage: a TIME_WAIT cannot be cut: %s", strerror(-err));
	return gone;
}

/* A TIME_WAIT is ended; if the kernel cannot end it, the sentence says how long it lasts. */
static void check_time_wait(struct robbery *r, const char *state)
{
	static const char *const soon[] = { "--wait", "0.2", NULL };
	struct freed f;

	stage_refused(r->web, 0, r->any, r->port, EADDRINUSE);
	if (kernel_ends_time_waits(r)) {
		check_ended(r, state);
		return;
	}
	f = free_robbed(r, soon, 7);
	free_expect_socket(&f, r, "end", state, NULL);
	free_expect_result(&f, "stuck", 0);
	expect_contains(&f.line, "why", "cannot end a TIME_WAIT; it ends by itself in ");
}

static void scenario_free_time_wait(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");

	stage_close(&r.out);
	stage_close(&r.in);
	robbery_await(&r, PROC_NET_TIME_WAIT);
	check_time_wait(&r, "TIME_WAIT");
	robbery_expect_bystanders(&r);
}

static void scenario_free_orphan_minisock(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");

	puppet_exit(r.client);
	robbery_await(&r, PROC_NET_FIN_WAIT2);
	check_time_wait(&r, "FIN_WAIT2");
}

/* A socket that the kernel cannot end and that ends by itself within --wait is waited for. */
static void scenario_free_waits_for_time_wait(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct freed f;
	bool ends;

	audit_set(t, "ipv4/tcp_fin_timeout", "2");
	puppet_exit(r.client);
	robbery_await(&r, PROC_NET_FIN_WAIT2);
	ends = kernel_ends_time_waits(&r);
	f = free_robbed(&r, NULL, ends ? 0 : 6);
	free_expect_result(&f, ends ? "freed" : "vanished", ends);
	expect_string(&f.line, "reserved", "until-taken");
	robbery_serve(&r);
}

/* A listener has ended, and connections of it have not. */
static void scenario_free_listener_gone(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	struct freed f;

	/* The other way round: the port is the backend's. */
	stage_close(&r.listener);
	r.in.look.cookie = 1;
	stage_look(&r.in);
	r.out = r.in;
	r.port = SERVER_PORT;
	snprintf(r.text, sizeof(r.text), "%u", SERVER_PORT);
	stage_refused(r.web, 0, r.any, r.port, EADDRINUSE);
	f = free_robbed(&r, NULL, 0);
	free_expect_socket(&f, &r, "end", "ESTABLISHED", r.backend);
	free_expect_result(&f, "freed", 1);
	robbery_serve(&r);
	robbery_expect_bystanders(&r);
}

const struct scenario cases_cure_orphans[] = {
	{ .name = "free-orphan-fin-wait1",
	  .run = scenario_free_orphan_fin_wait1,
	  .where = EACH_KERNEL },
	{ .name = "free-orphan-fin-wait2",
	  .run = scenario_free_orphan_fin_wait2,
	  .where = EACH_KERNEL },
	{ .name = "free-orphan-minisock",
	  .run = scenario_free_orphan_minisock,
	  .where = EACH_KERNEL },
	{ .name = "free-orphan-last-ack",
	  .run = scenario_free_orphan_last_ack,
	  .where = EACH_KERNEL },
	{ .name = "free-orphan-closing",
	  .run = scenario_free_orphan_closing,
	  .where = EACH_KERNEL },
	{ .name = "free-orphan-waits", .run = scenario_free_orphan_waits, .where = EACH_KERNEL },
	{ .name = "free-time-wait", .run = scenario_free_time_wait, .where = EACH_KERNEL },
	{ .name = "free-waits-for-time-wait",
	  .run = scenario_free_waits_for_time_wait,
	  .where = EACH_KERNEL },
	{ .name = "free-listener-gone", .run = scenario_free_listener_gone, .where = EACH_KERNEL },
	{ 0 },
};
